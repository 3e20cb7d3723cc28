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

CGDT_COMPACT_ int cgdt_slot_change_(const struct cgdt_pool *pool, uint32_t number,
                                    struct cgdt_batch *batch)
{
    const uint32_t page = cgdt_pool_page_of_(pool, number);
    const struct page_state state = cgdt_page_state_(&pool->pages, page);

    return cgdt_store_batch_(pool, page, &state, cgdt_pool_offset_(pool, number), batch);
}

#ifndef __OPTIMIZE_SIZE__
/* Where the port says that the slot's page takes ordinary stores; NULL: it takes none. */
static inline cgdt_desc_t *writable_by_port(const struct cgdt_pool *pool, uint32_t number)
{
    const uint32_t page = cgdt_pool_page_of_(pool, number);
    const struct page_state state = cgdt_page_state_(&pool->pages, page);
    cgdt_desc_t *writable = cgdt_pool_writable_(pool, page, &state);

    return writable != NULL ? writable + cgdt_pool_offset_(pool, number) : NULL;
}
#endif

CGDT_COMPACT_ int cgdt_slot_fill_slowly_(const struct cgdt_pool *pool, uint32_t number,
                                         struct cgdt_batch *own)
{
    struct cgdt_batch template = {.values = pool->given.config.template_descs,
                                  .count = (uint16_t)pool->given.config.template_entries,
                                  .order = CGDT_BATCH_FALLING,
                                  .stored = pool->template_stored};

#ifndef __OPTIMIZE_SIZE__
    cgdt_desc_t *to = own == NULL && pool->template_stored ? writable_by_port(pool, number) : NULL;

    if (to != NULL) {
        cgdt_plain_fill_(to, pool->given.config.template_descs,
                         pool->given.config.template_entries);
        return 0;
    }
#endif
    return cgdt_slot_change_(pool, number, own != NULL ? own : &template);
}

/* Whatever has been marked: what takes a hypercall may as well be looked at. */
CGDT_SELDOM_ int cgdt_slot_erase_all_(struct cgdt_pool *pool, uint32_t number)
{
    struct cgdt_batch batch = {.count = cgdt_pool_layout_(pool)->slot_entries,
                               .order = CGDT_BATCH_ANY};
    const int error = cgdt_slot_change_(pool, number, &batch);

#ifndef __OPTIMIZE_SIZE__
    /* Only now, and before the slot is anybody's again: a slot that is not zero keeps its mark. */
    if (error == 0 && cgdt_slotmap_is_marked_(&pool->map, pool->map.serialized, number))
        cgdt_slotmap_unmark_(&pool->map, number);
#endif
    return error;
}

CGDT_COMPACT_ int cgdt_slot_erase_slowly_(struct cgdt_pool *pool, uint32_t number)
{
#ifndef __OPTIMIZE_SIZE__
    if (!cgdt_slotmap_is_marked_(&pool->map, pool->map.serialized, number)) {
        cgdt_desc_t *to = writable_by_port(pool, number);

        if (to != NULL) {
            cgdt_plain_clear_(to, cgdt_load32_relaxed_(&pool->clear_entries));
            return 0;
        }
    }
#endif
    return cgdt_slot_erase_all_(pool, number);
}
