/* SPDX-License-Identifier: MIT */
/*
 * Faults as values: an instruction that may fault is announced with FIXUP(), and goes on elsewhere
 * with a FAULT() if it does. What entry.inc and link.ld make of it is here too; what else a trap
 * may be, is each guest's traps.c.
 */

#ifndef GUEST_FAULT_H
#define GUEST_FAULT_H

#include <stdint.h>

#define TRAP_NMI                2
#define TRAP_INVALID_OPCODE     6
#define TRAP_DOUBLE_FAULT       8
#define TRAP_GENERAL_PROTECTION 13
#define TRAP_PAGE_FAULT         14

/* A page fault's error code: a write by the kernel to a page that is present. */
#define PAGE_FAULT_WRITE_PROTECTED 3

/*
 * For inline assembly: a fault at local label `from` goes on at `to` with FAULT(vector, error code)
 * in the accumulator, which is never 0.
 */
#if defined(__x86_64__)
#define FIXUP_WORD ".quad "
#else
#define FIXUP_WORD ".long "
#endif
#define FIXUP(from, to)                                                                            \
    ".pushsection .fixup_table, \"a\"\n\t" FIXUP_WORD #from ", " #to "\n\t"                        \
    ".popsection\n\t"

#define FAULT(vector, error_code) ((uint32_t)(vector) << 16 | (uint32_t)(error_code))
#define FAULT_VECTOR(fault)       ((fault) >> 16)

struct fixup {
    uintptr_t from;
    uintptr_t to;
};

/* link.ld */
extern const struct fixup fixup_table_start[];
extern const struct fixup fixup_table_end[];

/* Where to go on after a fault at `from`; 0: it was not announced. */
static inline uintptr_t fixup_of(uintptr_t from)
{
    for (const struct fixup *fixup = fixup_table_start; fixup < fixup_table_end; fixup++)
        if (fixup->from == from)
            return fixup->to;
    return 0;
}

/* Where a trap enters the kernel: entry.inc. */
struct trap_stub {
    uintptr_t vector;
    uintptr_t address;
};

extern const struct trap_stub trap_stubs[];
extern const struct trap_stub trap_stubs_end[];

#endif /* GUEST_FAULT_H */
