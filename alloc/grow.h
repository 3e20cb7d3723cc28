/* SPDX-License-Identifier: MIT */
/*
 * Pages into the pool, under the port's lock. Must not know who grows, or what comes onto the
 * pages. Private to alloc/.
 *
 * A page that comes in is mapped and *held*: known to nobody, so it can be filled by ordinary
 * stores and given back without a trace. It is sealed before it is put into service, and several
 * that come for one call are put into service only when nothing can fail any more: that makes every
 * call that grows all-or-nothing.
 *
 * A page that cannot be had, cleaned or sealed is gone round: the next one is taken. In a window no
 * page can be above a hole, since a CPU's frame list names every page below its own; so the next
 * one is in the next window.
 */
#ifndef CGDT_ALLOC_GROW_H
#define CGDT_ALLOC_GROW_H

#include "pool.h"

/*
 * Pages first .. end-1, as far as they came in for this call (page_state.coming). All zero at
 * first.
 */
struct growth {
    uint32_t first;
    uint32_t end;
    uint32_t from; /* where to look for the next */
    int refused;   /* the port's code for the first page that was gone round; 0: none was */
};

/*
 * Hold the lowest page more that can be had: private, zero, its number in *page. Or the port's code
 * for the first that could not be; -CGDT_ENOSPC if there was none. -CGDT_ENOMEM of the port's ends
 * the search.
 */
int cgdt_grow_page_(struct cgdt_pool *pool, struct growth *growth, uint32_t *page);

/*
 * Seal it if the pool is live. False: that failed, and the page is gone, or left for a later growth
 * to clean.
 */
bool cgdt_grow_seal_(struct cgdt_pool *pool, struct growth *growth, uint32_t page);

/* Put all of a growth into service; the lowest `taken` of their slots are the caller's. */
void cgdt_grow_serve_(struct cgdt_pool *pool, const struct growth *growth, uint32_t taken);

/* Give all of a growth back. One that cannot be unsealed is left for a later growth to clean. */
void cgdt_grow_undo_(struct cgdt_pool *pool, const struct growth *growth);

#endif
