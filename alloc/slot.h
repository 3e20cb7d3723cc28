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
static inline bool cgdt_slot_release_begin_as_(struct cgdt_pool *pool, bool plain, cgdt_slot_t slot,
                                               uint32_t pin, uint8_t *seen)
{
    return cgdt_slot_is_possible_(pool, slot) &&
           cgdt_slotmap_release_begin_as_(&pool->map, plain, cgdt_slot_number(slot),
                                          cgdt_slot_generation_(slot), pin, seen);
}

static inline int cgdt_slot_release_begin_(struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t pin)
{
    uint8_t seen = 0;

    return cgdt_slot_release_begin_as_(pool, pool->map.serialized, slot, pin, &seen)
               ? 0
               : cgdt_slot_refused_(pool, slot, seen);
}

/* releasing -> owned. */
static inline void cgdt_slot_release_abort_(struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t pin)
{
    cgdt_slotmap_release_abort_(&pool->map, cgdt_slot_number(slot), cgdt_slot_generation_(slot),
                                pin);
}

/* The page of a handle's slot, for its owner: 0, or -CGDT_ENOENT, -CGDT_ESTALE. */
int cgdt_slot_lookup_(const struct cgdt_pool *pool, cgdt_slot_t slot, struct page_state *page);

/*
 * The template onto a claimed slot, and a slot to zeros, on any page. The port's code. What a slot
 * without a mark has behind the template is zero, and need not be looked at; erase_all does.
 */
int cgdt_slot_fill_slowly_(const struct cgdt_pool *pool, uint32_t number);
int cgdt_slot_erase_slowly_(struct cgdt_pool *pool, uint32_t number);
int cgdt_slot_erase_all_(struct cgdt_pool *pool, uint32_t number);

/* A batch onto a slot that is the caller's alone, as cgdt_store_batch_(). The port's code. */
int cgdt_slot_change_(const struct cgdt_pool *pool, uint32_t number, struct cgdt_batch *batch);

/* The same, faster, where the page takes ordinary stores and nobody has to be asked where. */
#ifdef __OPTIMIZE_SIZE__
#define cgdt_slot_fill_  cgdt_slot_fill_slowly_
#define cgdt_slot_erase_ cgdt_slot_erase_slowly_
#else

/* Where a claimed slot takes ordinary stores; NULL: nowhere, or the port has to be asked where. */
static inline cgdt_desc_t *cgdt_slot_writable_(const struct cgdt_pool *pool, uint32_t number)
{
    const uintptr_t word = cgdt_page_word_(&pool->pages, cgdt_pool_page_of_(pool, number));
    /* Of a sealed page, elsewhere; this tag is bit 0. */
    const uintptr_t alias =
        (0 - (word & CGDT_PAGE_SEALED_)) & (uintptr_t)pool->given.config.alias_bytes;

    if ((word & CGDT_PAGE_SEALED_) != 0 && !pool->direct)
        return NULL;
    return (cgdt_desc_t *)((word & ~CGDT_PAGE_TAGS_) + alias) + cgdt_pool_offset_(pool, number);
}

/* False: it has to be done slowly. */
static inline bool cgdt_slot_fill_plainly_(const struct cgdt_pool *pool, uint32_t number)
{
    cgdt_desc_t *to = cgdt_slot_writable_(pool, number);

    if (to == NULL || !pool->template_stored)
        return false;
    cgdt_plain_fill_(to, pool->given.config.template_descs, pool->given.config.template_entries);
    return true;
}

static inline bool cgdt_slot_erase_plainly_(const struct cgdt_pool *pool, bool plain,
                                            uint32_t number)
{
    cgdt_desc_t *to = cgdt_slot_writable_(pool, number);

    if (to == NULL || cgdt_slotmap_is_marked_(&pool->map, plain, number))
        return false;
    cgdt_plain_clear_(to, cgdt_load32_relaxed_(&pool->clear_entries));
    return true;
}

static inline int cgdt_slot_fill_(const struct cgdt_pool *pool, uint32_t number)
{
    return cgdt_slot_fill_plainly_(pool, number) ? 0 : cgdt_slot_fill_slowly_(pool, number);
}

static inline int cgdt_slot_erase_(struct cgdt_pool *pool, uint32_t number)
{
    return cgdt_slot_erase_plainly_(pool, pool->map.serialized, number)
               ? 0
               : cgdt_slot_erase_slowly_(pool, number);
}

#endif
#endif
