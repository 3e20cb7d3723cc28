/* SPDX-License-Identifier: MIT */
/* What is in a slot, and where its CPU finds it. */
#include "cgdt/contents.h"
#include "slot.h"
#include "store.h"

/* null_entry: entry 0 must stay zero. */
CGDT_COMPACT_ static CGDT_INLINE_UNLESS_SMALL_ int
write_table(const struct cgdt_pool *pool, uint32_t page, const struct page_state *state,
            const struct table *table, bool null_entry, const struct change *change)
{
    const int error = cgdt_accept_(pool->given.config.profile, table, null_entry, change);

    if (error != 0)
        return error;
    return cgdt_store_change_(pool, page, state, (uint32_t)(table->descs - state->view), change);
}

int cgdt_write(struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t first, const void *desc,
               uint32_t n)
{
    const struct change change = {.values = desc, .first = first, .n = n};
    const uint32_t number = cgdt_slot_number(slot);
    struct page_state page;
    const int error = cgdt_slot_lookup_(pool, slot, &page);

    if (error != 0)
        return error;
    const struct table table = {page.view + cgdt_pool_offset_(pool, number),
                                pool->given.config.layout.slot_entries};
    return write_table(pool, cgdt_pool_page_of_(pool, number), &page, &table,
                       !pool->given.config.layout.common, &change);
}

int cgdt_read(const struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t first, void *desc,
              uint32_t n)
{
    const uint32_t entries = cgdt_pool_layout_(pool)->slot_entries;
    cgdt_desc_t *to = desc;
    struct page_state page;
    const int error = cgdt_slot_lookup_(pool, slot, &page);

    if (error != 0)
        return error;
    if (first > entries || n > entries - first)
        return -CGDT_ERANGE;
    if (n != 0 && (to == NULL || (uintptr_t)to % _Alignof(cgdt_desc_t) != 0))
        return -CGDT_EINVAL;
    const cgdt_desc_t *from = page.view + cgdt_pool_offset_(pool, cgdt_slot_number(slot)) + first;
    for (uint32_t i = 0; i < n; i++)
        to[i] = cgdt_load_descriptor_(&from[i]);
    return 0;
}

int cgdt_write_common(struct cgdt_pool *pool, uint32_t first, const void *desc, uint32_t n)
{
    const struct page_state page = cgdt_page_state_(&pool->pages, CGDT_COMMON_PAGE);
    const struct table table = {page.view, CGDT_PAGE_ENTRIES};
    const struct change change = {.values = desc, .first = first, .n = n};

    if (page.view == NULL)
        return -CGDT_ENOTSUP;
    return write_table(pool, CGDT_COMMON_PAGE, &page, &table, true, &change);
}

CGDT_COMPACT_ int cgdt_frames(const struct cgdt_pool *pool, cgdt_slot_t slot,
                              cgdt_frame_t frames[CGDT_MAX_FRAMES], uint32_t *n_frames,
                              uint32_t *entries)
{
    const struct cgdt_layout *layout = cgdt_pool_layout_(pool);
    const struct cgdt_port *port = &pool->given.port;
    struct page_state page;
    uint32_t n = 0;
    int error = cgdt_slot_lookup_(pool, slot, &page);

    if (layout->mode != CGDT_MODE_PAGED)
        return -CGDT_ENOTSUP;
    if (error != 0)
        return error;
    if (frames == NULL || n_frames == NULL || entries == NULL)
        return -CGDT_EINVAL;
    if (!page.sealed)
        return -CGDT_EPERM;
    const uint32_t first = cgdt_page_window_first_(&pool->pages, cgdt_slot_page(layout, slot));
    const uint32_t end = cgdt_slot_page(layout, slot) + 1;
    for (uint32_t index = layout->common ? CGDT_COMMON_PAGE : first; index != end;
         index = cgdt_page_next_(index, first)) {
        page = cgdt_page_state_(&pool->pages, index);
        error = port->frame(pool->given.config.port_ctx, index, page.view, &frames[n++]);
        if (error < 0)
            return error;
    }
    *n_frames = n;
    *entries = cgdt_window_entries(layout, slot);
    return 0;
}

int cgdt_gdtr(const struct cgdt_pool *pool, cgdt_slot_t slot, struct cgdt_pseudo_descriptor *gdtr)
{
    const struct cgdt_layout *layout = cgdt_pool_layout_(pool);
    struct page_state page;
    const int error = cgdt_slot_lookup_(pool, slot, &page);

    if (layout->mode != CGDT_MODE_NATIVE)
        return -CGDT_ENOTSUP;
    if (error != 0)
        return error;
    if (gdtr == NULL)
        return -CGDT_EINVAL;
    if (!page.sealed)
        return -CGDT_EPERM;
    gdtr->base = (uintptr_t)(page.view + cgdt_pool_offset_(pool, cgdt_slot_number(slot)));
    gdtr->limit = (uint16_t)(layout->slot_entries * CGDT_DESC_BYTES - 1u);
    return 0;
}
