/* SPDX-License-Identifier: MIT */
/* One slot in, one slot out. */
#include "slot.h"

CGDT_SELDOM_ int cgdt_slot_not_owned_(const struct cgdt_pool *pool, cgdt_slot_t slot)
{
    const uint32_t number = cgdt_slot_number(slot);

    /* CGDT_NO_SLOT has number 2^32-1. A slot has its generation also while its page is not there. */
    if (number >= pool->map.slots || cgdt_slot_coming_handle_(pool, number) == slot)
        return -CGDT_ENOENT;
    return -CGDT_ESTALE;
}

int cgdt_slot_lookup_(const struct cgdt_pool *pool, cgdt_slot_t slot, struct page_state *page)
{
    const uint32_t number = cgdt_slot_number(slot);

    if (number >= pool->map.slots ||
        !cgdt_slotmap_is_owned_(&pool->map, number, cgdt_slot_generation_(slot)) ||
        (slot & CGDT_SLOT_UNUSED_) != 0)
        return cgdt_slot_not_owned_(pool, slot);
    /* A page stays in service while one of its slots is owned. */
    *page = cgdt_page_state_(&pool->pages, cgdt_pool_page_of_(pool, number));
    return 0;
}

/* A change to a claimed slot, by whatever way there is. */
CGDT_SELDOM_ static int change_slot(const struct cgdt_pool *pool, uint32_t number,
                                    const struct change *change)
{
    const uint32_t page = cgdt_pool_page_of_(pool, number);
    const struct page_state state = cgdt_page_state_(&pool->pages, page);

    return cgdt_page_store_(pool, page, &state, cgdt_pool_offset_(pool, number), change);
}

CGDT_SELDOM_ int cgdt_slot_fill_by_batch_(const struct cgdt_pool *pool, uint32_t number)
{
    return change_slot(pool, number,
                       &(struct change){.values = pool->config.template_descs,
                                        .n = pool->config.template_entries,
                                        .fresh = true,
                                        .kept = pool->template_kept});
}

CGDT_SELDOM_ int cgdt_slot_erase_by_batch_(const struct cgdt_pool *pool, uint32_t number)
{
    return change_slot(pool, number, &(struct change){.n = pool->config.layout.slot_entries});
}

/* A page is mapped, or the summary was wrong. */
CGDT_SELDOM_ static int alloc_slowly(struct cgdt_pool *pool, cgdt_slot_t *slot)
{
    *slot = CGDT_NO_SLOT;
    return cgdt_slot_alloc_locked_(pool, 1, slot);
}

CGDT_SELDOM_ static int give_up(struct cgdt_pool *pool, uint32_t number, cgdt_slot_t *slot,
                                int error)
{
    *slot = CGDT_NO_SLOT;
    cgdt_slotmap_publish_(&pool->map, number, 1);
    return error;
}

int cgdt_alloc(struct cgdt_pool *pool, cgdt_slot_t *slot)
{
    if (slot == NULL)
        return -CGDT_EINVAL;
    const uint32_t number = cgdt_slotmap_take_(&pool->map);
    if (number == CGDT_SLOTMAP_NONE)
        return alloc_slowly(pool, slot);
    const int error = cgdt_slot_fill_(pool, number);
    if (error != 0)
        return give_up(pool, number, slot, error);
    *slot = cgdt_slot_handle_(number, cgdt_slotmap_own_(&pool->map, number));
    return 0;
}

CGDT_SELDOM_ static int keep(struct cgdt_pool *pool, cgdt_slot_t slot, int error)
{
    cgdt_slot_release_abort_(pool, slot);
    return error;
}

int cgdt_free(struct cgdt_pool *pool, cgdt_slot_t slot)
{
    const uint32_t number = cgdt_slot_number(slot);

    if (!cgdt_slot_release_begin_(pool, slot))
        return cgdt_slot_not_owned_(pool, slot);
    const int error = cgdt_slot_erase_(pool, number);
    if (error != 0)
        return keep(pool, slot, error);
    cgdt_slotmap_put_(&pool->map, number);
    return 0;
}
