/* SPDX-License-Identifier: MIT */
/*
 * A cache of slots in the caller's memory: cgdt/cache.h. Must not know how a slot is found
 * (slotmap.c) or a page comes (alloc.c).
 *
 * What is in a cache is claimed: free bit 0, not owned, zero, and known to nobody but this cache.
 * It holds the handles that the next owners will get, so an alloc need not look at the slot's byte;
 * nobody else changes that of a claimed slot.
 *
 *     claim of up to half      free    -> claimed       one AND for all
 *     alloc                    claimed -> owned         a store
 *     free                     owned   -> claimed       the CAS of release_begin, then zeros
 *     drain, flush             claimed -> free          an OR for all of a word, as they are met
 */
#include "cgdt/cache.h"
#include "alloc.h"
#include "slot.h"

_Static_assert(sizeof(struct cgdt_cache) == CGDT_CACHE_BYTES(CGDT_CACHE_SLOTS),
               "what CGDT_CACHE_BYTES() counts for it");

/* A handle that becomes its slot's next owner's. The generation is its highest bits: it wraps. */
#define NEXT_GENERATION (1u << CGDT_SLOT_GENERATION_SHIFT)

/*
 * Words whose bits are gathered at a time: all of a pool of 1,024 slots. Two that are as far apart
 * take turns.
 */
#define GATHERED_WORDS 16u

struct gathered {
    uint64_t bits;
    uint32_t index; /* of a word of free bits, where bits are not 0 */
};

static CGDT_INLINE_UNLESS_SMALL_ void publish_gathered(struct cgdt_pool *pool,
                                                       const struct gathered *word)
{
    if (word->bits != 0)
        cgdt_slotmap_publish_bits_(&pool->map, word->index << CGDT_SLOTMAP_WORD_SHIFT, word->bits);
}

/* The slots that came last go back to the pool, but for `left`. All of them are zero. */
CGDT_COMPACT_ static __attribute__((__noinline__)) void drain(struct cgdt_cache *cache,
                                                              uint32_t left)
{
    struct gathered words[GATHERED_WORDS];
    struct gathered *word;
    struct gathered run;

    for (word = words; word < words + GATHERED_WORDS; word++)
        word->bits = 0;
    for (uint32_t i = cache->count; i > left;) {
        uint32_t number = cgdt_slot_number(cache->slots[i - 1]);

        run = (struct gathered){0, number >> CGDT_SLOTMAP_WORD_SHIFT};
        /* Neighbours come in a row. */
        do {
            run.bits |= 1ull << (number & ((1u << CGDT_SLOTMAP_WORD_SHIFT) - 1u));
            if (--i == left)
                break;
            number = cgdt_slot_number(cache->slots[i - 1]);
        } while (number >> CGDT_SLOTMAP_WORD_SHIFT == run.index);
        word = &words[run.index % GATHERED_WORDS];
        if (word->bits == 0 || word->index == run.index)
            run.bits |= word->bits;
        else
            publish_gathered(cache->pool, word);
        *word = run;
    }
    cache->count = left;
    for (word = words; word < words + GATHERED_WORDS; word++)
        publish_gathered(cache->pool, word);
}

/* Half of an empty cache, lowest slot last, where it is taken first. False: none was free. */
static bool refill(struct cgdt_cache *cache)
{
    struct cgdt_pool *pool = cache->pool;
    uint32_t first = 0;
    uint64_t bits = cgdt_slotmap_claim_(&pool->map, cache->capacity / 2, &first);
    uint32_t i = cgdt_count_bits_(bits);

    if (bits == 0)
        return false;
    for (cache->count = i; bits != 0; bits &= bits - 1)
        cache->slots[--i] = cgdt_slot_coming_handle_(pool, first + cgdt_lowest_index_(bits));
    return true;
}

/* The slot that came last, with the template on it, to its owner; or it stays. */
static CGDT_FAST_ int hand_out(struct cgdt_cache *cache, cgdt_slot_t *slot)
{
    const cgdt_slot_t last = cache->slots[cache->count - 1];
    const int error = cgdt_slot_fill_(cache->pool, cgdt_slot_number(last));

    if (error != 0) {
        *slot = CGDT_NO_SLOT;
        return error;
    }
    cache->count--;
    *slot = last;
    cgdt_slotmap_own_as_(&cache->pool->map, cgdt_slot_number(last), cgdt_slot_generation_(last), 0);
    return 0;
}

CGDT_SELDOM_ static int alloc_refilling(struct cgdt_cache *cache, cgdt_slot_t *slot)
{
    if (!refill(cache))
        return cgdt_alloc_growing_(cache->pool, slot, 0);
    const int error = hand_out(cache, slot);
    if (error != 0)
        drain(cache, 0);
    return error;
}

CGDT_COMPACT_ int cgdt_cache_alloc(struct cgdt_cache *cache, cgdt_slot_t *slot)
{
    if (slot == NULL)
        return -CGDT_EINVAL;
    return cache->count != 0 ? hand_out(cache, slot) : alloc_refilling(cache, slot);
}

CGDT_COMPACT_ int cgdt_cache_free(struct cgdt_cache *cache, cgdt_slot_t slot)
{
    struct cgdt_pool *pool = cache->pool;
    const int refused = cgdt_slot_release_begin_(pool, slot, 0);

    if (refused != 0)
        return refused;
    const int error = cgdt_slot_erase_(pool, cgdt_slot_number(slot));
    if (error != 0) {
        cgdt_slot_release_abort_(pool, slot, 0);
        return error;
    }
    if (cache->count == cache->capacity)
        drain(cache, cache->capacity / 2);
    cache->slots[cache->count++] = slot + NEXT_GENERATION;
    return 0;
}

int cgdt_cache_flush(struct cgdt_cache *cache)
{
    drain(cache, 0);
    return 0;
}

int cgdt_cache_init(struct cgdt_cache *cache, size_t bytes, struct cgdt_pool *pool)
{
    if (cache == NULL || (uintptr_t)cache % _Alignof(struct cgdt_cache) != 0 || pool == NULL ||
        bytes < CGDT_CACHE_BYTES(2))
        return -CGDT_EINVAL;
    const size_t slots = (bytes - CGDT_CACHE_BYTES(0)) / sizeof(cache->slots[0]);
    cache->pool = pool;
    cache->count = 0;
    cache->capacity = slots < CGDT_CACHE_SLOTS ? (uint32_t)slots : CGDT_CACHE_SLOTS;
    return 0;
}
