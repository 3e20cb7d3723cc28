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

/*
 * The slots from `left` on go back to the pool, whatever words they are of. All of them are zero.
 */
CGDT_COMPACT_ static void publish_all(const struct cgdt_cache *cache, uint32_t left)
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
    for (word = words; word < words + GATHERED_WORDS; word++)
        publish_gathered(cache->pool, word);
}

#ifndef __OPTIMIZE_SIZE__

/* The same of `n` (not 0) slots, if all are of one word. False: they are not, and all are here. */
static inline bool publish_word(struct cgdt_pool *pool, const cgdt_slot_t *slots, uint32_t n)
{
    const uint32_t first = cgdt_slot_number(slots[0]);
    struct gathered word = {0, first >> CGDT_SLOTMAP_WORD_SHIFT};
    uint32_t others = cgdt_slot_number(slots[n - 1]) ^ first;

    if (others >> CGDT_SLOTMAP_WORD_SHIFT != 0)
        return false;
    for (const cgdt_slot_t *slot = slots; slot < slots + n; slot++) {
        const uint32_t with_generation = *slot - 1u; /* whose bits are the highest */

        word.bits |= 1ull << (with_generation & ((1u << CGDT_SLOTMAP_WORD_SHIFT) - 1u));
        others |= with_generation ^ first;
    }
    if ((others & CGDT_SLOT_NUMBER_MASK) >> CGDT_SLOTMAP_WORD_SHIFT != 0)
        return false;
    publish_gathered(pool, &word);
    return true;
}

#endif

/* The slots that came last go back to the pool, but for `left`. */
CGDT_COMPACT_ static __attribute__((__noinline__)) void drain(struct cgdt_cache *cache,
                                                              uint32_t left)
{
#ifndef __OPTIMIZE_SIZE__
    /* Most often a word that came as a whole goes as a whole. */
    if (cache->count == left ||
        publish_word(cache->pool, &cache->slots[left], cache->count - left)) {
        cache->count = left;
        return;
    }
#endif
    publish_all(cache, left);
    cache->count = left;
}

/* What a claim has given, the lowest slot last, where it is taken first. */
static inline void keep_claimed(struct cgdt_cache *cache, uint32_t first, uint64_t bits)
{
    struct cgdt_pool *pool = cache->pool;

#ifndef __OPTIMIZE_SIZE__
    if (bits == ~0ull) { /* most often a whole word */
        cgdt_slot_t *slot = cache->slots;

        for (uint32_t number = first + 64; number-- != first;)
            *slot++ = cgdt_slot_coming_handle_(pool, number);
        cache->count = 64;
        return;
    }
#endif
    uint32_t i = cgdt_count_bits_(bits);
    for (cache->count = i; bits != 0; bits &= bits - 1)
        cache->slots[--i] = cgdt_slot_coming_handle_(pool, first + cgdt_lowest_index_(bits));
}

/* Half of an empty cache. False: no slot was free. */
static inline bool refill(struct cgdt_cache *cache)
{
    uint32_t first = 0;
    const uint64_t bits = cgdt_slotmap_claim_(&cache->pool->map, cache->capacity / 2, &first);

    if (bits == 0)
        return false;
    keep_claimed(cache, first, bits);
    return true;
}

/* The slot that came last, which has the template, to its owner. */
static inline int give_last(struct cgdt_cache *cache, cgdt_slot_t last, cgdt_slot_t *slot)
{
    cache->count--;
    *slot = last;
    cgdt_slotmap_own_as_(&cache->pool->map, cgdt_slot_number(last), cgdt_slot_generation_(last), 0);
    return 0;
}

/* The same of one that has to get it from the port; or it stays. */
CGDT_APART_ static int write_last(struct cgdt_cache *cache, cgdt_slot_t *slot)
{
    const cgdt_slot_t last = cache->slots[cache->count - 1];
    const int error = cgdt_slot_fill_slowly_(cache->pool, cgdt_slot_number(last), NULL);

    if (error == 0)
        return give_last(cache, last, slot);
    *slot = CGDT_NO_SLOT;
    return error;
}

CGDT_COMPACT_ static __attribute__((__noinline__)) int alloc_refilling(struct cgdt_cache *cache,
                                                                       cgdt_slot_t *slot)
{
    if (!refill(cache))
        return cgdt_alloc_from_(cache->pool, CGDT_SLOTMAP_NONE, NULL, 0, slot);
    const int error = write_last(cache, slot);
    if (error != 0)
        drain(cache, 0);
    return error;
}

/* A slot that its owner has begun to free, and that is zero. The generation is the highest bits. */
static inline int keep_it(struct cgdt_cache *cache, cgdt_slot_t slot)
{
    cache->slots[cache->count++] = slot + (1u << CGDT_SLOT_GENERATION_SHIFT);
    return 0;
}

/* One that the port may have to zero. */
CGDT_APART_ static int free_by_port(struct cgdt_cache *cache, cgdt_slot_t slot)
{
    const int error = cgdt_slot_erase_slowly_(cache->pool, cgdt_slot_number(slot));

    if (error != 0) {
        cgdt_slot_release_abort_(cache->pool, slot, 0);
        return error;
    }
    if (cache->count == cache->capacity)
        drain(cache, cache->capacity / 2);
    return keep_it(cache, slot);
}

#ifdef __OPTIMIZE_SIZE__

CGDT_COMPACT_ int cgdt_cache_alloc(struct cgdt_cache *cache, cgdt_slot_t *slot)
{
    if (slot == NULL)
        return -CGDT_EINVAL;
    return cache->count != 0 ? write_last(cache, slot) : alloc_refilling(cache, slot);
}

CGDT_COMPACT_ int cgdt_cache_free(struct cgdt_cache *cache, cgdt_slot_t slot)
{
    const int refused = cgdt_slot_release_begin_(cache->pool, slot, 0);

    return refused != 0 ? refused : free_by_port(cache, slot);
}

#else

/* As in alloc.c: no call but a last one, and two bodies. */

CGDT_SELDOM_ static int keep_draining(struct cgdt_cache *cache, cgdt_slot_t slot)
{
    drain(cache, cache->capacity / 2);
    return keep_it(cache, slot);
}

int cgdt_cache_alloc(struct cgdt_cache *cache, cgdt_slot_t *slot)
{
    if (slot == NULL)
        return -CGDT_EINVAL;
    if (cache->count == 0)
        return alloc_refilling(cache, slot);
    const cgdt_slot_t last = cache->slots[cache->count - 1];
    return cgdt_slot_fill_plainly_(cache->pool, cgdt_slot_number(last))
               ? give_last(cache, last, slot)
               : write_last(cache, slot);
}

static CGDT_FAST_ int cache_free_as(struct cgdt_cache *cache, bool plain, cgdt_slot_t slot)
{
    struct cgdt_pool *pool = cache->pool;
    uint8_t seen = 0;

    if (!cgdt_slot_release_begin_as_(pool, plain, slot, 0, &seen))
        return cgdt_slot_refused_(pool, slot, seen);
    if (!cgdt_slot_erase_plainly_(pool, plain, cgdt_slot_number_or_more_(slot)))
        return free_by_port(cache, slot);
    return cache->count != cache->capacity ? keep_it(cache, slot) : keep_draining(cache, slot);
}

int cgdt_cache_free(struct cgdt_cache *cache, cgdt_slot_t slot)
{
    return cache->pool->map.serialized ? cache_free_as(cache, true, slot)
                                       : cache_free_as(cache, false, slot);
}

#endif

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
