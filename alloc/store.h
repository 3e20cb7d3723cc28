/* SPDX-License-Identifier: MIT */
/*
 * How a change reaches a page: by ordinary stores where it can be written, through the port's live_write()
 * where it cannot. Must not know who wants the change, or whether it may be made. Private to alloc/.
 */
#ifndef CGDT_ALLOC_STORE_H
#define CGDT_ALLOC_STORE_H

#include "accept.h"
#include "pool.h"

/*
 * Make a change to the slot that begins at entry `offset` of a page. The values have been checked. 0, or the
 * port's code and nothing has changed.
 */
int cgdt_store_change_(const struct cgdt_pool *pool, uint32_t page, const struct page_state *state,
                       uint32_t offset, const struct change *change);

#endif
