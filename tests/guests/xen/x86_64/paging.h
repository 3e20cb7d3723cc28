/* SPDX-License-Identifier: MIT */
/* The page tables of a 64-bit guest; for pages.c alone to include. */

#ifndef GUEST_PAGING_H
#define GUEST_PAGING_H

#include <stdbool.h>
#include <stdint.h>

/* Entries of Xen's table of machine frames: 256 GiB of it. */
static inline uint64_t paging_m2p_entries(uintptr_t xen_start)
{
    (void)xen_start;
    return (uint64_t)1 << 35;
}

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
