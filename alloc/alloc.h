/* SPDX-License-Identifier: MIT */
/* What the files above ask of alloc.c, besides cgdt_alloc() and cgdt_free(). Private to alloc/. */
#ifndef CGDT_ALLOC_ALLOC_H
#define CGDT_ALLOC_ALLOC_H

#include "pool.h"

/* A claimed slot gets the template, and goes to its owner; or back, if that fails. */
int cgdt_alloc_hand_over_(struct cgdt_pool *pool, uint32_t number, cgdt_slot_t *slot);

/*
 * As cgdt_alloc(), where at some moment of the call no slot was free: under the lock, by a page if
 * need be. pin: 0, or CGDT_SLOTMAP_PINNED for a slot that only cgdt_alloc_unpin_() frees.
 */
int cgdt_alloc_growing_(struct cgdt_pool *pool, cgdt_slot_t *slot, uint32_t pin);

/*
 * As cgdt_alloc(), of a slot that only cgdt_alloc_unpin_() frees: whoever else has its handle
 * cannot.
 */
int cgdt_alloc_pinned_(struct cgdt_pool *pool, cgdt_slot_t *slot);

/* As cgdt_free(), of a slot that is pinned. */
int cgdt_alloc_unpin_(struct cgdt_pool *pool, cgdt_slot_t slot);

#endif
