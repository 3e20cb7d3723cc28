/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of a 64-bit guest, as the tables are written and as Xen stores them, by hand. The
 * kernel is in ring 3 as processes are, so all are of DPL 3.
 */

#ifndef GUEST_DESCRIPTORS_H
#define GUEST_DESCRIPTORS_H

#include "cgdt/check.h"

/* The rules for the guest, and for one of the other width; what the first must have shown. */
static inline const struct cgdt_profile *guest_profile(struct cgdt_profile_room *room,
                                                       uintptr_t xen_start)
{
    (void)room;
    (void)xen_start;
    return CGDT_PROFILE_XEN_PV64;
}

#define OTHER_PROFILE CGDT_PROFILE_XEN_PV32
#define GUEST_REASONS                                                                              \
    CGDT_BAD_SYSTEM_TYPE, CGDT_BAD_GATE_SELECTOR, CGDT_BAD_GATE_RESERVED, CGDT_DPL_RAISED,         \
        CGDT_GATE_FORCED

/* What the table is written with: a constant expression, and the builder. */
#define WRITTEN_DPL  3u
#define WRITTEN_CODE (0x00af9b000000ffffu | CGDT_DESC_DPL(WRITTEN_DPL))
#define WRITTEN_DATA (0x00cf93000000ffffu | CGDT_DESC_DPL(WRITTEN_DPL))
#define BUILT_CODE   cgdt_desc_code64(WRITTEN_DPL)

/* What Xen has then. */
#define STORED_CODE 0x00affb000000ffffu
#define STORED_DATA 0x00cff3000000ffffu
#define STORED_BYTES                                                                               \
    0x0040f30000000000u /* 32-bit data, byte-granular, accessed; base and limit 0 */

/* What LAR says of these. */
#define CODE_RIGHTS  0x00a0fb00u
#define DATA_RIGHTS  0x00c0f300u
#define BYTES_RIGHTS 0x0040f300u

/*
 * Call gates have 16 bytes: a live change of one is three hypercalls. These are already what Xen
 * stores: DPL 0, and the privilege in the selector.
 */
#define GATE_ENTRIES 2u
#define GATE_WRITES  3u
#define FIRST_GATE                                                                                 \
    {                                                                                              \
        0x00008c00e0331000u, 1                                                                     \
    }
#define SECOND_GATE                                                                                \
    {                                                                                              \
        0x00008c00e0332000u, 2                                                                     \
    }

/* A gate that leads nowhere, to the code of a table; and whether a call through it was refused. */
#define GATE_LOW(code)         (0x00008c0000000000u | (uint64_t)(code) << 16)
#define GATE_IS_CALLED(result) (FAULT_VECTOR(result) == TRAP_GENERAL_PROTECTION)

/* Gates that Xen refuses: to its own code, not at its entry; with a reserved bit. */
#define GATE_INTO_XEN 0x00008c00e0080000u
#define GATE_RESERVED 0x00008c0100080000u

#define WILD_FRAME 0x123456789abcu /* that no machine has */

#endif /* GUEST_DESCRIPTORS_H */
