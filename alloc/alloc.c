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
    cgdt_slotmap_publish_bits_(&pool->map, number, 1);
    return error;
}

/* A slot that has the template, to its owner. */
static inline int give_out(struct cgdt_pool *pool, uint32_t number, cgdt_slot_t *slot, uint32_t pin)
{
    *slot = cgdt_slot_handle_(number, cgdt_slotmap_own_(&pool->map, number, pin));
    return 0;
}

/*
 * The same, of a slot that may have more than every slot begins with: who frees it has to look
 * behind that, see cgdt_write().
 */
static CGDT_INLINE_UNLESS_SMALL_ int give_out_filled(struct cgdt_pool *pool, uint32_t number,
                                                     const struct cgdt_batch *own, uint32_t pin,
                                                     cgdt_slot_t *slot)
{
#ifdef __OPTIMIZE_SIZE__
    (void)own; /* with.c has told every free */
#else
    if (own != NULL && own->count > pool->clear_entries)
        (void)cgdt_slotmap_mark_(&pool->map, number);
#endif
    return give_out(pool, number, slot, pin);
}

/* A claimed slot to its owner. */
CGDT_APART_ static int hand_over(struct cgdt_pool *pool, uint32_t number, struct cgdt_batch *own,
                                 uint32_t pin, cgdt_slot_t *slot)
{
    const int error = cgdt_slot_fill_slowly_(pool, number, own);

    return error == 0 ? give_out_filled(pool, number, own, pin, slot)
                      : give_up(pool, number, slot, error);
}

/*
 * Under the lock: a page more, whose lowest slot is claimed, and is filled before others can see
 * it.
 */
CGDT_COMPACT_ static int grow_for_one(struct cgdt_pool *pool, uint32_t *number,
                                      struct cgdt_batch *own)
{
    struct growth growth = {0, 0, 0, 0};

    for (;;) {
        uint32_t page;
        const int error = cgdt_grow_page_(pool, &growth, &page);

        if (error != 0)
            return error;
        *number = cgdt_pool_first_of_(pool, page);
        /* The page is private: that cannot fail. */
        (void)cgdt_slot_fill_slowly_(pool, *number, own);
        if (cgdt_grow_seal_(pool, &growth, page)) {
            cgdt_pool_serve_(pool, page, 1);
            return 0;
        }
    }
}

/* No slot was free at some moment of this call; or a page is wanted, whatever is free. */
CGDT_SELDOM_ static int alloc_growing(struct cgdt_pool *pool, uint32_t number,
                                      struct cgdt_batch *own, uint32_t pin, cgdt_slot_t *slot)
{
    int error = 0;

    *slot = CGDT_NO_SLOT;
    cgdt_pool_lock_(pool);
    if (number == CGDT_SLOTMAP_NONE) /* another CPU may have grown the pool */
        number = cgdt_slotmap_take_slowly_(&pool->map);
    const bool grows = number >= CGDT_ALLOC_NEW_PAGE_;
    if (grows)
        error = grow_for_one(pool, &number, own);
    cgdt_pool_unlock_(pool);
    if (error != 0)
        return error;
    return grows ? give_out_filled(pool, number, own, pin, slot)
                 : hand_over(pool, number, own, pin, slot);
}

CGDT_COMPACT_ int cgdt_alloc_from_(struct cgdt_pool *pool, uint32_t number, struct cgdt_batch *own,
                                   uint32_t pin, cgdt_slot_t *slot)
{
    return number < CGDT_ALLOC_NEW_PAGE_ ? hand_over(pool, number, own, pin, slot)
                                         : alloc_growing(pool, number, own, pin, slot);
}

CGDT_SELDOM_ static int alloc_slowly(struct cgdt_pool *pool, cgdt_slot_t *slot, uint32_t pin)
{
    return cgdt_alloc_from_(pool, cgdt_slotmap_take_slowly_(&pool->map), NULL, pin, slot);
}

/* Of a slot whose owner has begun to free it. */
#ifdef __OPTIMIZE_SIZE__

static inline int put(struct cgdt_pool *pool, bool plain, uint32_t number)
{
    (void)plain;
    cgdt_slotmap_publish_bits_(&pool->map, number, 1);
    return 0;
}

#else

CGDT_SELDOM_ static int put_slowly(struct cgdt_pool *pool, uint32_t number)
{
    cgdt_slotmap_mark_room_(&pool->map, 0, number >> CGDT_SLOTMAP_WORD_SHIFT);
    return 0;
}

static CGDT_FAST_ int put(struct cgdt_pool *pool, bool plain, uint32_t number)
{
    return cgdt_slotmap_put_(&pool->map, plain, number) ? 0 : put_slowly(pool, number);
}

#endif

CGDT_APART_ static int free_slowly(struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t pin)
{
    const uint32_t number = cgdt_slot_number(slot);
    const int error = cgdt_slot_erase_slowly_(pool, number);

    if (error == 0)
        return put(pool, pool->map.serialized, number);
    cgdt_slot_release_abort_(pool, slot, pin);
    return error;
}

CGDT_COMPACT_ static int release(struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t pin)
{
    const int refused = cgdt_slot_release_begin_(pool, slot, pin);

    return refused != 0 ? refused : free_slowly(pool, slot, pin);
}

#ifdef __OPTIMIZE_SIZE__

CGDT_COMPACT_ int cgdt_alloc(struct cgdt_pool *pool, cgdt_slot_t *slot)
{
    return slot != NULL ? alloc_slowly(pool, slot, 0) : -CGDT_EINVAL;
}

CGDT_COMPACT_ int cgdt_free(struct cgdt_pool *pool, cgdt_slot_t slot)
{
    return release(pool, slot, 0);
}

#else

/*
 * What every CPU that comes or goes passes through: each of its calls is a last one, so that it
 * needs no frame on the stack; and it comes in two bodies, for pools that are serialized (`plain`)
 * and for others.
 */

static CGDT_FAST_ int alloc_as(struct cgdt_pool *pool, bool plain, cgdt_slot_t *slot)
{
    uint32_t number;

    if (!cgdt_slotmap_take_at_once_(&pool->map, plain, &number))
        return alloc_slowly(pool, slot, 0);
    return cgdt_slot_fill_plainly_(pool, number) ? give_out(pool, number, slot, 0)
                                                 : hand_over(pool, number, NULL, 0, slot);
}

static CGDT_FAST_ int free_as(struct cgdt_pool *pool, bool plain, cgdt_slot_t slot)
{
    const uint32_t number = cgdt_slot_number_or_more_(slot);
    uint8_t seen = 0;

    if (!cgdt_slot_release_begin_as_(pool, plain, slot, 0, &seen))
        return cgdt_slot_refused_(pool, slot, seen);
    return cgdt_slot_erase_plainly_(pool, plain, number) ? put(pool, plain, number)
                                                         : free_slowly(pool, slot, 0);
}

int cgdt_alloc(struct cgdt_pool *pool, cgdt_slot_t *slot)
{
    if (slot == NULL)
        return -CGDT_EINVAL;
    return pool->map.serialized ? alloc_as(pool, true, slot) : alloc_as(pool, false, slot);
}

int cgdt_free(struct cgdt_pool *pool, cgdt_slot_t slot)
{
    return pool->map.serialized ? free_as(pool, true, slot) : free_as(pool, false, slot);
}

#endif

/* For the directory, whose CPUs ask a port meanwhile. */

CGDT_COMPACT_ int cgdt_alloc_pinned_(struct cgdt_pool *pool, cgdt_slot_t *slot)
{
    return alloc_slowly(pool, slot, CGDT_SLOTMAP_PINNED);
}

CGDT_COMPACT_ int cgdt_alloc_unpin_(struct cgdt_pool *pool, cgdt_slot_t slot)
{
    return release(pool, slot, CGDT_SLOTMAP_PINNED);
}
