/* SPDX-License-Identifier: MIT */
/*
 * How a change reaches a page: by ordinary stores where it can be written, through the port's
 * live_write() where it cannot. Must not know who wants the change, or whether it may be made.
 * Private to alloc/.
 */
#ifndef CGDT_ALLOC_STORE_H
#define CGDT_ALLOC_STORE_H

#include "pool.h"

/*
 * Do a batch, of which values, first, count, order and stored are filled in, on the slot that
 * begins at entry `offset` of a page. The values have been accepted. 0, or the port's code and
 * nothing has changed.
 *
 * order: CGDT_BATCH_FALLING where the entries are known to be zero, otherwise CGDT_BATCH_ANY.
 */
int cgdt_store_batch_(const struct cgdt_pool *pool, uint32_t page, const struct page_state *state,
                      uint32_t offset, struct cgdt_batch *batch);

#endif
