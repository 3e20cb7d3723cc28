/* SPDX-License-Identifier: MIT */
/* What a handle stands for, and how a slot's contents come and go; see slot.h. */
#include "slot.h"
#include "store.h"

/* A slot has its generation also while its page is not there. */
CGDT_SELDOM_ int cgdt_slot_refused_(const struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t byte)
{
    const uint32_t number = cgdt_slot_number(slot);

    if (number >= pool->map.slots)
        return -CGDT_ENOENT;
    if (cgdt_slot_handle_(number, byte & (CGDT_SLOTMAP_GENERATIONS - 1u)) != slot)
        return -CGDT_ESTALE;
    return (byte & CGDT_SLOTMAP_PINNED) != 0 ? -CGDT_EBUSY : -CGDT_ENOENT;
}

int cgdt_slot_lookup_(const struct cgdt_pool *pool, cgdt_slot_t slot, struct page_state *page)
{
    const uint32_t number = cgdt_slot_number(slot);

    if (!cgdt_slot_is_possible_(pool, slot))
        return cgdt_slot_refused_(pool, slot, 0);
    const uint32_t byte = cgdt_slotmap_owner_(&pool->map, number);
    if (!cgdt_slotmap_is_owned_(byte, cgdt_slot_generation_(slot)))
        return cgdt_slot_refused_(pool, slot, byte);
    /* A page stays in service while one of its slots is owned. */
    *page = cgdt_page_state_(&pool->pages, cgdt_pool_page_of_(pool, number));
    return 0;
}

CGDT_SELDOM_ static int change_slot(const struct cgdt_pool *pool, uint32_t number,
                                    struct cgdt_batch *batch)
{
    const uint32_t page = cgdt_pool_page_of_(pool, number);
    const struct page_state state = cgdt_page_state_(&pool->pages, page);

    return cgdt_store_batch_(pool, page, &state, cgdt_pool_offset_(pool, number), batch);
}

CGDT_SELDOM_ int cgdt_slot_fill_by_batch_(const struct cgdt_pool *pool, uint32_t number)
{
    return change_slot(pool, number,
                       &(struct cgdt_batch){.values = pool->given.config.template_descs,
                                            .count = (uint16_t)pool->given.config.template_entries,
                                            .order = CGDT_BATCH_FALLING,
                                            .stored = pool->template_stored});
}

CGDT_SELDOM_ int cgdt_slot_erase_by_batch_(const struct cgdt_pool *pool, uint32_t number)
{
    return change_slot(pool, number,
                       &(struct cgdt_batch){.count = cgdt_pool_layout_(pool)->slot_entries,
                                            .order = CGDT_BATCH_ANY});
}
