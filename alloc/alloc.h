/* SPDX-License-Identifier: MIT */
/* What the files above ask of alloc.c, besides cgdt_alloc() and cgdt_free(). Private to alloc/. */
#ifndef CGDT_ALLOC_ALLOC_H
#define CGDT_ALLOC_ALLOC_H

#include "pool.h"

/* No slot's number: the lowest slot of a new page is wanted, whatever is free. */
#define CGDT_ALLOC_NEW_PAGE_ (CGDT_SLOTMAP_NONE - 1u)

/*
 * A claimed slot gets the template, or all of `own` in its place, from entry 0 on; and goes to its
 * owner, or back, if that fails. Where number is CGDT_SLOTMAP_NONE, as cgdt_alloc() where no slot
 * was free. pin: 0, or CGDT_SLOTMAP_PINNED as by cgdt_alloc_pinned_(). own: NULL, or what
 * cgdt_accept_() has let pass, onto zeros.
 */
int cgdt_alloc_from_(struct cgdt_pool *pool, uint32_t number, struct cgdt_batch *own, uint32_t pin,
                     cgdt_slot_t *slot);

/* The first of these two, unpinned, with the template. */
static inline int cgdt_alloc_hand_over_(struct cgdt_pool *pool, uint32_t number, cgdt_slot_t *slot)
{
    return cgdt_alloc_from_(pool, number, NULL, 0, slot);
}

/*
 * As cgdt_alloc(), of a slot that only cgdt_alloc_unpin_() frees: whoever else has its handle
 * cannot.
 */
int cgdt_alloc_pinned_(struct cgdt_pool *pool, cgdt_slot_t *slot);

/* As cgdt_free(), of a slot that is pinned. */
int cgdt_alloc_unpin_(struct cgdt_pool *pool, cgdt_slot_t slot);

#endif
