/* SPDX-License-Identifier: MIT */
/* See lists.h. */
#include "lists.h"

void lists_call(struct cgdt_pool *pool, struct record *record)
{
    const uint32_t page = cgdt_slot_page(cgdt_pool_layout(pool), record->slot[0]);
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t n = 0, entries;

    record->result = cgdt_frames(pool, record->slot[0], frames, &n, &entries);
    for (uint32_t i = 0; record->result == 0 && i < n; i++) {
        if (frames[i] != world_frame_of(page + 1 - n + i) || !world_is_mapped(page + 1 - n + i))
            explorer_violation("a list names a page that is not there");
    }
}

bool lists_name(const struct cgdt_pool *pool, uint32_t page)
{
    const uint32_t end = cgdt_page_window_end_(&pool->pages, page) << pool->color_shift;

    for (uint32_t slot = page << pool->color_shift; slot < end && slot < pool->map.slots; slot++) {
        if ((pool->map.owners[slot] & CGDT_SLOTMAP_OWNED) != 0)
            return true;
    }
    return false;
}
