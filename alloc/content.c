/* SPDX-License-Identifier: MIT */
/* What is in a slot, and where its CPU finds it. */
#include "batch.h"
#include "pool.h"

/* A slot, or the whole common page, as it is. */
struct table {
    const cgdt_desc_t *descs;
    uint32_t entries;
};

int cgdt_page_store_(const struct cgdt_pool *pool, uint32_t page, const struct page_state *state,
                     uint32_t offset, const struct change *change)
{
    struct cgdt_batch batch = {.slot = state->view + offset,
                               .values = change->values,
                               .slot_offset = (uint16_t)offset,
                               .first = (uint16_t)change->first,
                               .count = (uint16_t)change->n,
                               .profile = (uint8_t)pool->config.profile,
                               .order = CGDT_BATCH_FALLING,
                               .kept = change->kept};

    if (change->n == 0)
        return 0;
    /* Nothing to change: no reason to bother a hypervisor. */
    if (!change->fresh && !cgdt_batch_prepare_(&batch))
        return 0;
    cgdt_desc_t *writable = cgdt_pool_writable_(pool, state);
    if (writable != NULL) {
        cgdt_batch_store(&batch, writable);
        return 0;
    }
    const int error =
        pool->config.port->live_write(pool->config.port_ctx, page, state->view, &batch);
    return error < 0 ? error : 0;
}

/* Entry `entry` of the table as it will be. */
static CGDT_INLINE_UNLESS_SMALL_ cgdt_desc_t merged(const struct table *table, const struct change *change,
                                       uint32_t entry)
{
    return entry - change->first < change->n ? change->values[entry - change->first]
                                             : cgdt_load_descriptor_(&table->descs[entry]);
}

/* Native 64: every low half in or right before the change must have its high half right behind it. */
static int check_pairs(const struct table *table, const struct change *change)
{
    for (uint32_t entry = change->first > 0 ? change->first - 1 : 0;
         entry < change->first + change->n; entry++) {
        const uint32_t known = entry + 1 < table->entries ? 2 : 1;
        const cgdt_desc_t pair[2] = {merged(table, change, entry),
                                     known == 2 ? merged(table, change, entry + 1) : 0};

        if (!cgdt_desc_wide64(pair[0]))
            continue;
        if (cgdt_check_slot(CGDT_NATIVE64, 0, pair, known, NULL) != CGDT_FINE)
            return -CGDT_EILSEQ;
        entry++; /* the high half is not a descriptor of its own */
    }
    return 0;
}

static int check_range(const struct table *table, const struct change *change)
{
    if (change->first > table->entries || change->n > table->entries - change->first)
        return -CGDT_ERANGE;
    if (change->n == 0)
        return 0;
    if (change->values == NULL || (uintptr_t)change->values % _Alignof(cgdt_desc_t) != 0)
        return -CGDT_EINVAL;
    return 0;
}

/* Entry 0 of a table that a window begins with must stay zero: no CPU ever fetches it. */
static int check_change(const struct cgdt_pool *pool, const struct table *table, bool null_entry,
                        const struct change *change)
{
    if (null_entry && change->first == 0 && change->values[0] != 0)
        return -CGDT_ERANGE;
    for (uint32_t i = 0; i < change->n; i++) {
        if (!cgdt_descriptor_is_kept(pool->config.profile, change->values[i]))
            return -CGDT_EILSEQ;
    }
    return pool->config.profile == CGDT_NATIVE64 ? check_pairs(table, change) : 0;
}

/* Most writes of a context switch: the next thread's descriptors are those of the last one. */
static bool is_there(const struct table *table, const struct change *change)
{
    for (uint32_t i = 0; i < change->n; i++) {
        if (cgdt_load_descriptor_(&table->descs[change->first + i]) != change->values[i])
            return false;
    }
    return true;
}

/* null_entry: entry 0 must stay zero. */
static CGDT_INLINE_UNLESS_SMALL_ int write_table(const struct cgdt_pool *pool, uint32_t page,
                                    const struct page_state *state, const struct table *table,
                                    bool null_entry, const struct change *change)
{
    int error = check_range(table, change);

    if (error != 0 || is_there(table, change))
        return error;
    error = check_change(pool, table, null_entry, change);
    if (error != 0)
        return error;
    return cgdt_page_store_(pool, page, state, (uint32_t)(table->descs - state->view), change);
}

int cgdt_write(struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t first, const cgdt_desc_t *desc,
               uint32_t n)
{
    const struct change change = {.values = desc, .first = first, .n = n};
    const uint32_t number = cgdt_slot_number(slot);
    struct page_state page;
    const int error = cgdt_slot_lookup_(pool, slot, &page);

    if (error != 0)
        return error;
    const struct table table = {page.view + cgdt_pool_offset_(pool, number),
                                pool->config.layout.slot_entries};
    return write_table(pool, cgdt_pool_page_of_(pool, number), &page, &table,
                       !pool->config.layout.common, &change);
}

int cgdt_read(const struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t first, cgdt_desc_t *desc,
              uint32_t n)
{
    const struct cgdt_layout *layout = &pool->config.layout;
    struct page_state page;
    const int error = cgdt_slot_lookup_(pool, slot, &page);

    if (error != 0)
        return error;
    if (first > layout->slot_entries || n > layout->slot_entries - first)
        return -CGDT_ERANGE;
    if (n != 0 && (desc == NULL || (uintptr_t)desc % _Alignof(cgdt_desc_t) != 0))
        return -CGDT_EINVAL;
    const cgdt_desc_t *from = page.view + cgdt_slot_offset(layout, slot) + first;
    for (uint32_t i = 0; i < n; i++)
        desc[i] = cgdt_load_descriptor_(&from[i]);
    return 0;
}

int cgdt_write_common(struct cgdt_pool *pool, uint32_t first, const cgdt_desc_t *desc, uint32_t n)
{
    const struct page_state page = cgdt_page_state_(&pool->pages, CGDT_COMMON_PAGE);
    const struct table table = {page.view, CGDT_PAGE_ENTRIES};
    const struct change change = {.values = desc, .first = first, .n = n};

    if (page.view == NULL)
        return -CGDT_ENOTSUP;
    return write_table(pool, CGDT_COMMON_PAGE, &page, &table, true, &change);
}

int cgdt_frames(const struct cgdt_pool *pool, cgdt_slot_t slot,
                cgdt_frame_t frames[CGDT_MAX_FRAMES], uint32_t *n_frames, uint32_t *entries)
{
    const struct cgdt_layout *layout = &pool->config.layout;
    const struct cgdt_port *port = pool->config.port;
    struct page_state page;
    uint32_t n = 0;
    int error = cgdt_slot_lookup_(pool, slot, &page);

    if (layout->mode != CGDT_PAGED)
        return -CGDT_ENOTSUP;
    if (error != 0)
        return error;
    if (frames == NULL || n_frames == NULL || entries == NULL)
        return -CGDT_EINVAL;
    if (!page.sealed)
        return -CGDT_EPERM;
    const uint32_t own = cgdt_slot_page(layout, slot);
    const uint32_t head = own - cgdt_slot_position(layout, slot);
    /* One more step where a common page heads the window. */
    for (uint32_t i = layout->common ? 0 : 1; i <= own - head + 1; i++) {
        const uint32_t index = i == 0 ? CGDT_COMMON_PAGE : head + i - 1;

        page = cgdt_page_state_(&pool->pages, index);
        error = port->frame(pool->config.port_ctx, index, page.view, &frames[n++]);
        if (error < 0)
            return error;
    }
    *n_frames = n;
    *entries = cgdt_window_entries(layout, slot);
    return 0;
}

int cgdt_gdtr(const struct cgdt_pool *pool, cgdt_slot_t slot, struct cgdt_pseudo_descriptor *gdtr)
{
    const struct cgdt_layout *layout = &pool->config.layout;
    struct page_state page;
    const int error = cgdt_slot_lookup_(pool, slot, &page);

    if (layout->mode != CGDT_NATIVE)
        return -CGDT_ENOTSUP;
    if (error != 0)
        return error;
    if (gdtr == NULL)
        return -CGDT_EINVAL;
    if (!page.sealed)
        return -CGDT_EPERM;
    gdtr->base = (uintptr_t)(page.view + cgdt_slot_offset(layout, slot));
    gdtr->limit = (uint16_t)(layout->slot_entries * CGDT_DESC_BYTES - 1u);
    return 0;
}
