/* SPDX-License-Identifier: MIT */
/* What cgdt_alloc_near() and cgdt_cpu_online_near() have in common. Private to alloc/. */
#ifndef CGDT_ALLOC_NEAR_H
#define CGDT_ALLOC_NEAR_H

#include "pool.h"

/*
 * As cgdt_alloc_near(). pin: 0; or CGDT_SLOTMAP_PINNED for a slot that is to be a CPU's, and then
 * near[] are CPUs of the directory.
 */
int cgdt_near_alloc_(struct cgdt_pool *pool, uint32_t n, const uint32_t *near, uint32_t pin,
                     cgdt_slot_t *slot);

#endif
