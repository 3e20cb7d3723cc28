/* SPDX-License-Identifier: MIT */
/* What cgdt_alloc_with() and cgdt_cpu_online_with() have in common. Private to alloc/. */
#ifndef CGDT_ALLOC_WITH_H
#define CGDT_ALLOC_WITH_H

#include "pool.h"

/* As cgdt_alloc_with(). pin: 0; or CGDT_SLOTMAP_PINNED for a slot that is to be a CPU's. */
int cgdt_with_alloc_(struct cgdt_pool *pool, uint32_t first, const void *desc, uint32_t n,
                     uint32_t pin, cgdt_slot_t *slot);

#endif
