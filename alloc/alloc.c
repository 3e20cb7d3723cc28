/* SPDX-License-Identifier: MIT */
/*
 * One slot in, one slot out: cgdt_alloc(), cgdt_free(). Several at once are in bulk.c.
 *
 * An allocation asks three things, each only if the one before found nothing: the lowest bits of
 * the slot map's tree; every word of it, exactly; and, under the port's lock, a new page.
 */
#include "cgdt/slots.h"
#include "alloc.h"
#include "grow.h"
#include "slot.h"

CGDT_SELDOM_ static int give_up(struct cgdt_pool *pool, uint32_t number, cgdt_slot_t *slot,
                                int error)
{
    *slot = CGDT_NO_SLOT;
    cgdt_slotmap_publish_(&pool->map, number, 1);
    return error;
}

/* A claimed slot to its owner. */
static CGDT_FAST_ int hand_over(struct cgdt_pool *pool, uint32_t number, cgdt_slot_t *slot,
                                uint32_t pin)
{
    const int error = cgdt_slot_fill_(pool, number);

    if (error != 0)
        return give_up(pool, number, slot, error);
    *slot = cgdt_slot_handle_(number, cgdt_slotmap_own_(&pool->map, number, pin));
    return 0;
}

int cgdt_alloc_hand_over_(struct cgdt_pool *pool, uint32_t number, cgdt_slot_t *slot)
{
    return hand_over(pool, number, slot, 0);
}

/*
 * Under the lock: a page more, whose lowest slot is claimed, and has the template before others can
 * see it.
 */
CGDT_COMPACT_ static int grow_for_one(struct cgdt_pool *pool, uint32_t *number)
{
    struct growth growth = {0, 0, 0, 0};

    for (;;) {
        uint32_t page;
        const int error = cgdt_grow_page_(pool, &growth, &page);

        if (error != 0)
            return error;
        *number = cgdt_pool_first_of_(pool, page);
        (void)cgdt_slot_fill_by_batch_(pool, *number); /* the page is private: that cannot fail */
        if (cgdt_grow_seal_(pool, &growth, page)) {
            cgdt_pool_serve_(pool, page, 1);
            return 0;
        }
    }
}

/* No slot was free at some moment of this call. */
CGDT_SELDOM_ static int alloc_growing(struct cgdt_pool *pool, cgdt_slot_t *slot, uint32_t pin)
{
    int error = 0;

    *slot = CGDT_NO_SLOT;
    cgdt_pool_lock_(pool);
    uint32_t number =
        cgdt_slotmap_take_slowly_(&pool->map); /* another CPU may have grown the pool */
    const bool grows = number == CGDT_SLOTMAP_NONE;
    if (grows)
        error = grow_for_one(pool, &number);
    cgdt_pool_unlock_(pool);
    if (error != 0)
        return error;
    if (!grows)
        return hand_over(pool, number, slot, pin);
    *slot = cgdt_slot_handle_(number, cgdt_slotmap_own_(&pool->map, number, pin));
    return 0;
}

static CGDT_FAST_ int alloc(struct cgdt_pool *pool, cgdt_slot_t *slot, uint32_t pin)
{
    const uint32_t number = cgdt_slotmap_take_(&pool->map);

    return number != CGDT_SLOTMAP_NONE ? hand_over(pool, number, slot, pin)
                                       : alloc_growing(pool, slot, pin);
}

CGDT_COMPACT_ int cgdt_alloc(struct cgdt_pool *pool, cgdt_slot_t *slot)
{
    return slot != NULL ? alloc(pool, slot, 0) : -CGDT_EINVAL;
}

CGDT_COMPACT_ int cgdt_alloc_pinned_(struct cgdt_pool *pool, cgdt_slot_t *slot)
{
    return alloc(pool, slot, CGDT_SLOTMAP_PINNED);
}

CGDT_SELDOM_ static int take_back(struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t pin, int error)
{
    cgdt_slot_release_abort_(pool, slot, pin);
    return error;
}

static CGDT_FAST_ int give_back(struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t pin)
{
    const uint32_t number = cgdt_slot_number(slot);
    const int refused = cgdt_slot_release_begin_(pool, slot, pin);

    if (refused != 0)
        return refused;
    const int error = cgdt_slot_erase_(pool, number);
    if (error != 0)
        return take_back(pool, slot, pin, error);
    cgdt_slotmap_put_(&pool->map, number);
    return 0;
}

CGDT_COMPACT_ int cgdt_free(struct cgdt_pool *pool, cgdt_slot_t slot)
{
    return give_back(pool, slot, 0);
}

CGDT_COMPACT_ int cgdt_alloc_unpin_(struct cgdt_pool *pool, cgdt_slot_t slot)
{
    return give_back(pool, slot, CGDT_SLOTMAP_PINNED);
}
