/* SPDX-License-Identifier: MIT */
/*
 * Handles, and how a slot is filled and zeroed. Must not know how a slot is found (alloc.c,
 * claim.c). Private to alloc/.
 *
 * The life of a slot: free (zero) -> claimed -> template written -> owned -> releasing, so that no
 * second free gets in -> zeroed -> published as free. Between claim and publish the slot is its
 * owner's alone, so its contents need no further order among CPUs.
 */
#ifndef CGDT_ALLOC_SLOT_H
#define CGDT_ALLOC_SLOT_H

#include "batch.h"
#include "pool.h"

/* The bit that no handle uses. */
#define CGDT_SLOT_UNUSED_ (~(CGDT_SLOT_NUMBER_MASK | ~0u << CGDT_SLOT_GENERATION_SHIFT))

_Static_assert(~0u >> CGDT_SLOT_GENERATION_SHIFT == CGDT_SLOTMAP_GENERATIONS - 1u,
               "a handle tells as many generations as the map counts");

static inline uint32_t cgdt_slot_generation_(cgdt_slot_t slot)
{
    return slot >> CGDT_SLOT_GENERATION_SHIFT;
}

static inline cgdt_slot_t cgdt_slot_handle_(uint32_t number, uint32_t generation)
{
    return (number + 1) | generation << CGDT_SLOT_GENERATION_SHIFT;
}

/* Of a slot that is claimed: as its owner will have it. */
static inline cgdt_slot_t cgdt_slot_coming_handle_(const struct cgdt_pool *pool, uint32_t number)
{
    return cgdt_slot_handle_(number, cgdt_slotmap_generation_(&pool->map, number));
}

/* Whether it can be a handle of this pool's at all. CGDT_NO_SLOT has number 2^32-1. */
static inline bool cgdt_slot_is_possible_(const struct cgdt_pool *pool, cgdt_slot_t slot)
{
    return cgdt_slot_number(slot) < pool->map.slots && (slot & CGDT_SLOT_UNUSED_) == 0;
}

/*
 * Why a handle is refused whose slot's byte was `byte` when it was looked at: -CGDT_ENOENT,
 * -CGDT_ESTALE; or -CGDT_EBUSY, a CPU has it.
 */
int cgdt_slot_refused_(const struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t byte);

/*
 * A handle's slot: owned -> releasing; 0, or why not, and no change. `pin` is CGDT_SLOTMAP_PINNED
 * for the directory, whose slots nobody else frees, and 0 for all others.
 */
static inline int cgdt_slot_release_begin_(struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t pin)
{
    uint8_t seen = 0;

    if (cgdt_slot_is_possible_(pool, slot) &&
        cgdt_slotmap_release_begin_(&pool->map, cgdt_slot_number(slot), cgdt_slot_generation_(slot),
                                    pin, &seen))
        return 0;
    return cgdt_slot_refused_(pool, slot, seen);
}

/* releasing -> owned. */
static inline void cgdt_slot_release_abort_(struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t pin)
{
    cgdt_slotmap_release_abort_(&pool->map, cgdt_slot_number(slot), cgdt_slot_generation_(slot),
                                pin);
}

/* The page of a handle's slot, for its owner: 0, or -CGDT_ENOENT, -CGDT_ESTALE. */
int cgdt_slot_lookup_(const struct cgdt_pool *pool, cgdt_slot_t slot, struct page_state *page);

/* The template onto a claimed slot, and a slot to zeros, on any page (store.h). The port's code. */
int cgdt_slot_fill_by_batch_(const struct cgdt_pool *pool, uint32_t number);
int cgdt_slot_erase_by_batch_(const struct cgdt_pool *pool, uint32_t number);

/* The same, faster: by ordinary stores, here and now, where the page can be reached by them. */
#ifdef __OPTIMIZE_SIZE__
#define cgdt_slot_fill_  cgdt_slot_fill_by_batch_
#define cgdt_slot_erase_ cgdt_slot_erase_by_batch_
#else

/* The slot where ordinary stores may go to it; NULL: they may not. */
static inline cgdt_desc_t *cgdt_slot_writable_(const struct cgdt_pool *pool, uint32_t number)
{
    const struct page_state state =
        cgdt_page_state_(&pool->pages, cgdt_pool_page_of_(pool, number));
    cgdt_desc_t *page = cgdt_pool_writable_(pool, &state);

    return page != NULL ? page + cgdt_pool_offset_(pool, number) : NULL;
}

static inline int cgdt_slot_fill_(const struct cgdt_pool *pool, uint32_t number)
{
    cgdt_desc_t *to = cgdt_slot_writable_(pool, number);

    if (to == NULL || !pool->template_stored)
        return cgdt_slot_fill_by_batch_(pool, number);
    cgdt_plain_fill_(to, pool->given.config.template_descs, pool->given.config.template_entries);
    return 0;
}

static inline int cgdt_slot_erase_(const struct cgdt_pool *pool, uint32_t number)
{
    cgdt_desc_t *to = cgdt_slot_writable_(pool, number);

    if (to == NULL)
        return cgdt_slot_erase_by_batch_(pool, number);
    cgdt_plain_erase_(to, cgdt_pool_layout_(pool)->slot_entries);
    return 0;
}

#endif
#endif
