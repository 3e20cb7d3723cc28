/* SPDX-License-Identifier: MIT */
/* Page tables: the kernel where it lies, the pool's pages at two places. */

#ifndef GUEST_PAGING_H
#define GUEST_PAGING_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Builds the tables and turns them on, for this CPU and those that start later. `supply` is the
 * array of pages for the pool: it is mapped writable at MAP_WRITABLE and read-only at MAP_ALIAS,
 * and not where it lies.
 *
 * pae  i386: 3 levels of 64-bit entries instead of 2 levels of 32-bit ones; x86-64 always has 4
 */
void paging_init(bool pae, void *supply, uint32_t supply_bytes);

#endif /* GUEST_PAGING_H */
