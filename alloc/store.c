/* SPDX-License-Identifier: MIT */
/* The one place from which descriptors of pages in service change; see store.h. */
#include "store.h"
#include "batch.h"

CGDT_COMPACT_ int cgdt_store_batch_(const struct cgdt_pool *pool, uint32_t page,
                                    const struct page_state *state, uint32_t offset,
                                    struct cgdt_batch *batch)
{
    cgdt_desc_t *writable = cgdt_pool_writable_(pool, page, state);

    batch->slot = state->view + offset;
    batch->slot_offset = (uint16_t)offset;
    batch->profile = pool->given.config.profile;
    if (writable != NULL) {
        cgdt_batch_store(batch, writable);
        return 0;
    }
    /* Nothing to change: no reason to bother a hypervisor. */
    if (batch->count == 0 || (batch->order == CGDT_BATCH_ANY && !cgdt_batch_prepare_(batch)))
        return 0;
    const int error =
        pool->given.port.live_write(pool->given.config.port_ctx, page, state->view, batch);
    return error < 0 ? error : 0;
}
