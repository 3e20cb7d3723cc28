/* SPDX-License-Identifier: MIT */
/* What a slot holds onto another one: cgdt_move_begin(). Must not know CPUs (move.c). */
#include "copy.h"
#include "cgdt/move.h"
#include "slot.h"
#include "store.h"

/* The lowest free slot of a page, or CGDT_SLOTMAP_NONE. */
CGDT_COMPACT_ static uint32_t claim_on(struct cgdt_pool *pool, uint32_t page)
{
    const uint32_t first = cgdt_pool_first_of_(pool, page);
    cgdt_word_t *word = &pool->map.level[0][first >> CGDT_SLOTMAP_WORD_SHIFT];

    for (;;) {
        const uint64_t bits =
            cgdt_slotmap_free_bits_(&pool->map, first, cgdt_pool_slots_of_(pool, page));

        if (bits == 0)
            return CGDT_SLOTMAP_NONE;
        const uint32_t number = first + cgdt_lowest_index_(bits);
        /* A word that becomes zero by it leaves the summary stale, as each claim (slotmap.c). */
        if (cgdt_slotmap_take_bit_(pool->map.serialized, word,
                                   number & ((1u << CGDT_SLOTMAP_WORD_SHIFT) - 1u)))
            return number;
    }
}

/* Whoever frees the copy has to look at as much of it as whoever frees the original. */
#ifdef __OPTIMIZE_SIZE__
#define mark_copy(pool, from, to) false
#define unmark_copy(pool, to)     ((void)0)
#else

static bool mark_copy(struct cgdt_pool *pool, uint32_t from, uint32_t to)
{
    if (!cgdt_slotmap_is_marked_(&pool->map, pool->map.serialized, from))
        return false;
    (void)cgdt_slotmap_mark_(&pool->map, to);
    return true;
}

static void unmark_copy(struct cgdt_pool *pool, uint32_t to)
{
    cgdt_slotmap_unmark_(&pool->map, to);
}

#endif

/* All of a slot that can be read there, onto one that is claimed. */
CGDT_COMPACT_ static int copy(struct cgdt_pool *pool, const struct page_state *page, uint32_t from,
                              uint32_t to)
{
    struct cgdt_batch batch = {.values = page->view + cgdt_pool_offset_(pool, from),
                               .count = cgdt_pool_layout_(pool)->slot_entries,
                               .order = CGDT_BATCH_FALLING,
                               .stored = true};
    const uint32_t goal = cgdt_pool_page_of_(pool, to);
    const struct page_state state = cgdt_page_state_(&pool->pages, goal);
    const bool marked = mark_copy(pool, from, to);
    const int error = cgdt_store_batch_(pool, goal, &state, cgdt_pool_offset_(pool, to), &batch);

    if (error != 0 && marked)
        unmark_copy(pool, to);
    return error;
}

CGDT_COMPACT_ int cgdt_copy_slot_(struct cgdt_pool *pool, cgdt_slot_t slot,
                                  const struct group *kind, cgdt_slot_t *goal)
{
    const uint32_t from = cgdt_slot_number(slot);
    struct page_state page;
    uint32_t better;
    int error = cgdt_slot_lookup_(pool, slot, &page);

    if (error != 0)
        return error;
    if ((cgdt_slotmap_owner_(&pool->map, from) & CGDT_SLOTMAP_PINNED) != kind->pin)
        return -CGDT_EBUSY; /* the slot is a CPU's */
    const struct group group = {kind->n, kind->near, kind->pin, cgdt_pool_page_of_(pool, from)};
    if (!cgdt_plan_gives_up_(pool, &group, group.own, &better))
        return -CGDT_EAGAIN;
    const uint32_t to = claim_on(pool, better);
    if (to == CGDT_SLOTMAP_NONE)
        return -CGDT_EAGAIN;
    /*
     * One of the kind that is there now was there at the claim, or came later, and then only
     * because another was: near.c.
     */
    error = cgdt_plan_is_about_(pool, &group, better) ? copy(pool, &page, from, to) : -CGDT_EAGAIN;
    if (error != 0)
        cgdt_slotmap_publish_bits_(&pool->map, to, 1);
    else
        *goal = cgdt_slot_handle_(to, cgdt_slotmap_own_(&pool->map, to, kind->pin));
    return error;
}

CGDT_COMPACT_ int cgdt_move_begin(struct cgdt_pool *pool, cgdt_slot_t from, uint32_t n,
                                  const cgdt_slot_t *near, cgdt_slot_t *slot)
{
    const struct group kind = {n, near, 0, 0};

    if (slot == NULL || (near == NULL && n != 0))
        return -CGDT_EINVAL;
    return cgdt_copy_slot_(pool, from, &kind, slot);
}
