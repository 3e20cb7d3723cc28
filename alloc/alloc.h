/* SPDX-License-Identifier: MIT */
/* What the directory asks for besides cgdt_alloc() and cgdt_free(). Private to alloc/. */
#ifndef CGDT_ALLOC_ALLOC_H
#define CGDT_ALLOC_ALLOC_H

#include "pool.h"

/* As cgdt_alloc(), of a slot that only cgdt_alloc_unpin_() frees: whoever else has its handle cannot. */
int cgdt_alloc_pinned_(struct cgdt_pool *pool, cgdt_slot_t *slot);

/* As cgdt_free(), of a slot that is pinned. */
int cgdt_alloc_unpin_(struct cgdt_pool *pool, cgdt_slot_t slot);

#endif
