/* SPDX-License-Identifier: MIT */
/* The page tables of a 32-bit guest, which are PAE's; for pages.c alone to include. */

#ifndef GUEST_PAGING_H
#define GUEST_PAGING_H

#include <stdbool.h>
#include <stdint.h>

/* Entries of Xen's table of machine frames: up to the end of the address space at most. */
static inline uint64_t paging_m2p_entries(uintptr_t xen_start)
{
    return (0u - xen_start) / sizeof(uintptr_t);
}

#define PAGING_LEVELS 3

/* Frames above 4 GiB: their upper bits go where the register has no address. */
static inline unsigned long paging_cr3(uintptr_t mfn)
{
    return (unsigned long)mfn << 12 | (unsigned long)mfn >> 20;
}

/* The four entries of the topmost table have no such bit. */
static inline bool paging_says_writable(uint32_t level)
{
    return level < PAGING_LEVELS;
}

#endif /* GUEST_PAGING_H */
