/* SPDX-License-Identifier: MIT */
/* What cgdt_alloc_for() and cgdt_cpu_online_for() have in common. Private to alloc/. */
#ifndef CGDT_ALLOC_WITH_H
#define CGDT_ALLOC_WITH_H

#include "cgdt/slots.h"

/* As cgdt_alloc_for(). pin: 0; or CGDT_SLOTMAP_PINNED for a slot that is to be a CPU's. */
int cgdt_with_alloc_(struct cgdt_pool *pool, const struct cgdt_request *request, uint32_t pin,
                     cgdt_slot_t *slot);

#endif
