/* SPDX-License-Identifier: MIT */
/* The one place from which descriptors of pages in service change; see store.h. */
#include "store.h"
#include "batch.h"

CGDT_COMPACT_ int cgdt_store_change_(const struct cgdt_pool *pool, uint32_t page,
                                     const struct page_state *state, uint32_t offset,
                                     const struct change *change)
{
    cgdt_desc_t *writable = cgdt_pool_writable_(pool, state);
    struct cgdt_batch batch = {.slot = state->view + offset,
                               .values = change->values,
                               .slot_offset = (uint16_t)offset,
                               .first = (uint16_t)change->first,
                               .count = (uint16_t)change->n,
                               .profile = pool->given.config.profile,
                               .order = change->fresh ? CGDT_BATCH_FALLING : CGDT_BATCH_ANY,
                               .stored = change->stored};

    if (writable != NULL) {
        cgdt_batch_store(&batch, writable);
        return 0;
    }
    /* Nothing to change: no reason to bother a hypervisor. */
    if (change->n == 0 || (!change->fresh && !cgdt_batch_prepare_(&batch)))
        return 0;
    const int error =
        pool->given.port.live_write(pool->given.config.port_ctx, page, state->view, &batch);
    return error < 0 ? error : 0;
}
