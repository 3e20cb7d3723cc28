/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of a 32-bit guest, as the tables are written and as Xen stores them, by hand. The
 * kernel is in ring 1, and Xen makes that of what is written with DPL 0.
 */

#ifndef GUEST_DESCRIPTORS_H
#define GUEST_DESCRIPTORS_H

#include "cgdt/check.h"
#include "process.h"
#include "processes.h"

/* The rules for the guest, and for one of the other width; what the first must have shown. */
static inline const struct cgdt_profile *guest_profile(struct cgdt_profile_room *room,
                                                       uintptr_t xen_start)
{
    return cgdt_profile_xen_pv32_from(room, (uint32_t)xen_start);
}

#define OTHER_PROFILE CGDT_PROFILE_XEN_PV64
#define GUEST_REASONS                                                                              \
    CGDT_BAD_SYSTEM_TYPE, CGDT_BAD_GATE_SELECTOR, CGDT_BAD_GATE_RESERVED, CGDT_BAD_LONG_CODE32,    \
        CGDT_DPL_RAISED, CGDT_GATE_FORCED, CGDT_LIMIT_RAISED

/* What the table is written with: a constant expression, and the builder. */
#define WRITTEN_DPL  0u
#define WRITTEN_CODE 0x00cf9b000000ffffu
#define WRITTEN_DATA 0x00cf93000000ffffu
#define BUILT_CODE   cgdt_desc_code32(WRITTEN_DPL)

/* What Xen has then. */
#define STORED_CODE 0x00cfbb000000ffffu
#define STORED_DATA 0x00cfb3000000ffffu
#define STORED_BYTES                                                                               \
    0x0040b30000000000u /* 32-bit data, byte-granular, accessed; base and limit 0 */

/* What LAR says of these. */
#define CODE_RIGHTS  0x00c0bb00u
#define DATA_RIGHTS  0x00c0b300u
#define BYTES_RIGHTS 0x0040b300u

/* Call gates are like any other descriptor; these are already what Xen stores. */
#define GATE_ENTRIES 1u
#define GATE_WRITES  1u
#define FIRST_GATE                                                                                 \
    {                                                                                              \
        0x00008c00e0191000u                                                                        \
    }
#define SECOND_GATE                                                                                \
    {                                                                                              \
        0x00008c00e0192000u                                                                        \
    }

/*
 * A gate to gate_target, through the code of a table; and whether a call through it did what it
 * must: Xen emulates it.
 */
#define GATE_LOW(code)                                                                             \
    (0x00008c0000000000u | CGDT_DESC_DPL(1) | (uint64_t)(code) << 16 |                             \
     ((uintptr_t)gate_target & 0xffffu) | (uint64_t)((uintptr_t)gate_target >> 16) << 48)
#define GATE_IS_CALLED(result) ((result) == GATE_PASSED)

/* Gates that Xen refuses: to its own code, not at its entry; with a reserved bit. */
#define GATE_INTO_XEN 0x00008c00e0080000u
#define GATE_RESERVED 0x00008c2000080000u

#define WILD_FRAME 0x12345678u /* that no machine has */

#endif /* GUEST_DESCRIPTORS_H */
