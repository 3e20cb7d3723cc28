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

/*
 * The number of a slot whose handle may be anything: the bit that none uses makes one that no pool
 * has.
 */
static inline uint32_t cgdt_slot_number_or_more_(cgdt_slot_t slot)
{
    return (slot & ~(~0u << CGDT_SLOT_GENERATION_SHIFT)) - 1u;
}

/* Whether it can be a handle of this pool's at all. CGDT_NO_SLOT has number 2^32-1. */
static inline bool cgdt_slot_is_possible_(const struct cgdt_pool *pool, cgdt_slot_t slot)
{
    return cgdt_slot_number_or_more_(slot) < pool->map.slots;
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
           cgdt_slotmap_release_begin_as_(&pool->map, plain, cgdt_slot_number_or_more_(slot),
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
 * The template, or `own` in its place if that is not NULL, onto a claimed slot; and a slot to
 * zeros; on any page. The port's code. What a slot without a mark has behind the template is zero,
 * and need not be looked at; erase_all does.
 */
int cgdt_slot_fill_slowly_(const struct cgdt_pool *pool, uint32_t number, struct cgdt_batch *own);
int cgdt_slot_erase_slowly_(struct cgdt_pool *pool, uint32_t number);
int cgdt_slot_erase_all_(struct cgdt_pool *pool, uint32_t number);

/* A batch onto a slot that is the caller's alone, as cgdt_store_batch_(). The port's code. */
int cgdt_slot_change_(const struct cgdt_pool *pool, uint32_t number, struct cgdt_batch *batch);

/*
 * Filled and zeroed faster, where the page takes ordinary stores and nobody has to be asked where.
 */
#ifdef __OPTIMIZE_SIZE__
#define cgdt_slot_row_(pool, n, slots)          0u
#define cgdt_slot_unmarked_row_(pool, n, slots) 0u
#define cgdt_slot_fill_row_(pool, number, n)    ((void)0)
#define cgdt_slot_erase_row_(pool, number, n)   ((void)0)
#else

/*
 * Where a claimed slot takes ordinary stores, with a tag in the low 12 bits of its page's address
 * if that cannot be told here. The word of a page in service has at most the tag of a sealed one:
 * a pool's store_bias takes that away, and leads to where the page is written; or it leaves a tag.
 */
static CGDT_FAST_ uintptr_t cgdt_slot_writable_(const struct cgdt_pool *pool, uint32_t number)
{
    return cgdt_load_pointer_acquire_(
               &pool->pages.words[(size_t)cgdt_pool_page_of_(pool, number) + 1u]) +
           pool->store_bias;
}

static CGDT_FAST_ cgdt_desc_t *cgdt_slot_in_(const struct cgdt_pool *pool, uintptr_t page,
                                             uint32_t number)
{
    return (cgdt_desc_t *)page + cgdt_pool_offset_(pool, number);
}

/* False: it has to be done slowly. */
static CGDT_FAST_ bool cgdt_slot_fill_plainly_(const struct cgdt_pool *pool, uint32_t number)
{
    const uintptr_t page = cgdt_slot_writable_(pool, number);

    if ((page & CGDT_PAGE_TAGS_) != 0)
        return false;
    cgdt_plain_fill_(cgdt_slot_in_(pool, page, number), pool->given.config.template_descs,
                     pool->given.config.template_entries);
    return true;
}

static CGDT_FAST_ bool cgdt_slot_erase_plainly_(const struct cgdt_pool *pool, bool plain,
                                                uint32_t number)
{
    const uintptr_t page = cgdt_slot_writable_(pool, number);

    if ((page & CGDT_PAGE_TAGS_) != 0 || cgdt_slotmap_is_marked_(&pool->map, plain, number))
        return false;
    cgdt_plain_clear_(cgdt_slot_in_(pool, page, number),
                      cgdt_load32_relaxed_(&pool->clear_entries));
    return true;
}

/*
 * Several at once: how many of n slots, from the first handle on, lie in a row on its page, and so
 * in one word of each kind. 0: not even one can be filled, or zeroed, but by slowly.
 */
static inline uint32_t cgdt_slot_row_(const struct cgdt_pool *pool, uint32_t n,
                                      const cgdt_slot_t *slots)
{
    const uint32_t first = cgdt_slot_number(slots[0]);
    const uint32_t left = cgdt_pool_first_of_(pool, cgdt_pool_page_of_(pool, first) + 1) - first;
    const uint32_t most = n < left ? n : left;
    uint32_t row = 1;

    if ((cgdt_slot_writable_(pool, first) & CGDT_PAGE_TAGS_) != 0)
        return 0;
    while (row < most && cgdt_slot_number(slots[row]) == first + row)
        row++;
    return row;
}

/* Those of them in front of the first that has a mark. */
static inline uint32_t cgdt_slot_unmarked_row_(const struct cgdt_pool *pool, uint32_t n,
                                               const cgdt_slot_t *slots)
{
    const uint32_t first = cgdt_slot_number(slots[0]);
    const uint64_t marks = cgdt_slotmap_marks_from_(&pool->map, pool->map.serialized, first);

    if ((marks & 1u) != 0)
        return 0;
    const uint32_t row = cgdt_slot_row_(pool, n, slots);
    const uint32_t unmarked = marks != 0 ? cgdt_lowest_index_(marks) : row;
    return unmarked < row ? unmarked : row;
}

static inline void cgdt_slot_fill_row_(const struct cgdt_pool *pool, uint32_t number, uint32_t n)
{
    cgdt_desc_t *to = cgdt_slot_in_(pool, cgdt_slot_writable_(pool, number), number);

    for (; n != 0; n--) {
        cgdt_plain_fill_(to, pool->given.config.template_descs,
                         pool->given.config.template_entries);
        to += cgdt_pool_layout_(pool)->slot_entries;
    }
}

static inline void cgdt_slot_erase_row_(const struct cgdt_pool *pool, uint32_t number, uint32_t n)
{
    cgdt_desc_t *to = cgdt_slot_in_(pool, cgdt_slot_writable_(pool, number), number);

    for (; n != 0; n--) {
        cgdt_plain_clear_(to, cgdt_load32_relaxed_(&pool->clear_entries));
        to += cgdt_pool_layout_(pool)->slot_entries;
    }
}

#endif
#endif
