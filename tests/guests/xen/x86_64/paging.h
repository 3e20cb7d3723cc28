/* SPDX-License-Identifier: MIT */
/* The page tables of a 64-bit guest; for pages.c alone to include. */

#ifndef GUEST_PAGING_H
#define GUEST_PAGING_H

#include <stdbool.h>
#include <stdint.h>

/* Xen's table of machine frames, read-only: 256 GiB of it. */
#define MACHINE_TO_PHYS    ((const uintptr_t *)0xffff800000000000u)
#define NR_MACHINE_TO_PHYS ((uint64_t)1 << 35)

#define PAGING_LEVELS 4

/* As a control register has the frame of the topmost table. */
static inline unsigned long paging_cr3(uintptr_t mfn)
{
    return mfn << 12;
}

/* Whether an entry of a table that is no leaf can forbid stores. */
static inline bool paging_says_writable(uint32_t level)
{
    (void)level;
    return true;
}

#endif /* GUEST_PAGING_H */
