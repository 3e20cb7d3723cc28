/* SPDX-License-Identifier: MIT */
/*
 * The lock-free bitmap tree of slotmap.h.
 *
 * Level 0 alone is the truth. The levels above are a summary that only says where to look, and may be wrong
 * in two ways:
 *
 *   says "room" where there is none: whoever walks there clears the bit. Claiming a group's last slot
 *     leaves it so on purpose; the next walk pays, and a slot freed meanwhile costs nobody anything.
 *   says "full" where there is room: only between two steps of one call, never for good. A publisher sets
 *     the word, then makes sure of every bit above. A walker that clears a bit looks at the word again
 *     and, if it is no longer zero, sets the bit again. Publisher: word, then bit; walker: bit, then word.
 *     Each is a sequentially consistent read-modify-write followed by a sequentially consistent load, so
 *     at least one of the two sees what the other did (the store-buffering pattern).
 *
 * A caller that must be sure that all is full asks claim_exact, which does not look at the summary.
 *
 * Progress: a claim goes round again only when another CPU has just taken the bit that it wanted, or when it
 * has itself cleared a stale bit. CLAIM_TRIES bounds it all the same; giving up is as harmless as "full".
 */
#include "slotmap.h"

#define WORD_SHIFT 6u
#define WORD_BITS  (1u << WORD_SHIFT)
#define WORD_MASK  (WORD_BITS - 1u)

/*
 * Each failed try clears a stale bit or loses to another CPU. Stale bits are at most one per group emptied
 * since the last walk, found lowest first; 256 lost races in a row do not happen.
 */
#define CLAIM_TRIES 256u

static uint32_t words_above(uint32_t words)
{
    return (words + WORD_MASK) >> WORD_SHIFT;
}

static uint32_t groups_of(uint32_t slots, uint32_t group_shift)
{
    return (slots + (1u << group_shift) - 1u) >> group_shift;
}

static uint64_t load(const struct slotmap *map, const cgdt_word_t *word)
{
    return map->serialized ? *word : cgdt_load64_seq_cst_(word);
}

/* Both return the former value. */
static uint64_t set_bits(const struct slotmap *map, cgdt_word_t *word, uint64_t bits)
{
    if (!map->serialized)
        return cgdt_or64_seq_cst_(word, bits);
    const uint64_t old = *word;
    *word = old | bits;
    return old;
}

static uint64_t clear_bits(const struct slotmap *map, cgdt_word_t *word, uint64_t bits)
{
    if (!map->serialized)
        return cgdt_and64_seq_cst_(word, ~bits);
    const uint64_t old = *word;
    *word = old & ~bits;
    return old;
}

size_t cgdt_slotmap_bytes_(uint32_t slots, uint32_t group_shift)
{
    uint32_t words = groups_of(slots, group_shift);
    size_t all = 2 * (size_t)words; /* generations, level 0 */

    while (words > 1) {
        words = words_above(words);
        all += words;
    }
    return all * sizeof(cgdt_word_t);
}

void cgdt_slotmap_init_(struct slotmap *map, void *memory, uint32_t slots, uint32_t group_shift,
                        bool serialized)
{
    cgdt_word_t *next = memory;
    const size_t all = cgdt_slotmap_bytes_(slots, group_shift) / sizeof(*next);

    /* Atomic stores, so that no compiler turns the loop into a call of memset(). */
    for (size_t i = 0; i < all; i++)
        cgdt_store64_relaxed_(&next[i], 0);
    *map = (struct slotmap){.slots = slots,
                            .groups = groups_of(slots, group_shift),
                            .group_shift = (uint8_t)group_shift,
                            .serialized = serialized};
    uint32_t words = map->groups;
    map->level[0] = next;
    next += words;
    while (words > 1) { /* ends below CGDT_SLOTMAP_LEVELS, which has room for 2^24 groups */
        words = words_above(words);
        map->level[++map->top] = next;
        next += words;
    }
    map->generation = next;
}

uint64_t cgdt_slotmap_mask_(const struct slotmap *map, uint32_t group)
{
    const uint32_t size = 1u << map->group_shift;
    const uint32_t left = map->slots - (group << map->group_shift);
    const uint32_t bits = left < size ? left : size;

    return bits == WORD_BITS ? ~0ull : (1ull << bits) - 1;
}

/* See that every level above says that word `index` of level 0 has room. */
static void mark_room(struct slotmap *map, uint32_t from, uint32_t index)
{
    for (uint32_t level = from; level < map->top; level++) {
        cgdt_word_t *above = &map->level[level + 1][index >> WORD_SHIFT];
        const uint64_t bit = 1ull << (index & WORD_MASK);

        /*
         * Every level is looked at, even where the bit below was set already: whoever set that one may not
         * have come up here yet. Pairs with clear_bits() in mark_full(): the caller's word was set
         * before this load.
         */
        if ((load(map, above) & bit) == 0)
            (void)set_bits(map, above, bit);
        index >>= WORD_SHIFT;
    }
}

/* Word `index` of `level` was seen to be zero: take its bit out of the level above, unless it is no more. */
static void mark_full(struct slotmap *map, uint32_t level, uint32_t index)
{
    cgdt_word_t *above = &map->level[level + 1][index >> WORD_SHIFT];

    (void)clear_bits(map, above, 1ull << (index & WORD_MASK));
    /* Pairs with set_bits() in cgdt_slotmap_publish_(): one of us sees the other. */
    if (load(map, &map->level[level][index]) != 0)
        mark_room(map, level, index);
}

/* Down the tree along the lowest bits: a group whose word is not zero, or false. Clears what is stale. */
static bool find_room(struct slotmap *map, uint32_t *group, bool *stale)
{
    uint32_t index = 0;

    *stale = false;
    for (uint32_t level = map->top;; level--) {
        const uint64_t word = load(map, &map->level[level][index]);

        if (word == 0) {
            *stale = level < map->top;
            if (*stale)
                mark_full(map, level, index);
            return false;
        }
        if (level == 0)
            break;
        index = index << WORD_SHIFT | cgdt_lowest_index_(word);
    }
    *group = index;
    return true;
}

/* The lowest `max` bits of a word; all, if it has fewer. */
static uint64_t lowest_bits(uint64_t word, uint32_t max)
{
    uint64_t rest = word;

    if (max == 1)
        return word & (~word + 1);
    for (uint32_t i = 0; i < max && rest != 0; i++)
        rest &= rest - 1;
    return word ^ rest;
}

/* Those of a group's lowest `max` free bits that nobody else took first. */
static uint64_t claim_from(struct slotmap *map, uint32_t group, uint32_t max)
{
    cgdt_word_t *word = &map->level[0][group];
    const uint64_t wanted = lowest_bits(load(map, word), max);

    /* Acquires what cgdt_slotmap_publish_() and cgdt_slotmap_release_end_() released: a zeroed slot. */
    return wanted == 0 ? 0 : clear_bits(map, word, wanted) & wanted;
}

uint64_t cgdt_slotmap_claim_(struct slotmap *map, uint32_t max, uint32_t *group)
{
    bool stale = true;

    for (uint32_t tries = 0; stale && tries < CLAIM_TRIES; tries++) {
        if (!find_room(map, group, &stale))
            continue;
        const uint64_t got = claim_from(map, *group, max);
        if (got != 0)
            return got;
        stale = true;
    }
    return 0;
}

uint64_t cgdt_slotmap_claim_exact_(struct slotmap *map, uint32_t max, uint32_t *group)
{
    for (*group = 0; *group < map->groups; ++*group) {
        /* A race that was lost to another CPU says nothing about the group's other slots. */
        while (load(map, &map->level[0][*group]) != 0) {
            const uint64_t got = claim_from(map, *group, max);

            if (got != 0)
                return got;
        }
    }
    return 0;
}

void cgdt_slotmap_publish_(struct slotmap *map, uint32_t group, uint64_t bits)
{
    /* Releases the zeroed slots. Pairs with clear_bits() in claim_from() and with mark_full(). */
    (void)set_bits(map, &map->level[0][group], bits);
    mark_room(map, 0, group);
}

bool cgdt_slotmap_retire_(struct slotmap *map, uint32_t group)
{
    cgdt_word_t *word = &map->level[0][group];
    const uint64_t all = cgdt_slotmap_mask_(map, group);

    if (map->serialized) {
        if (*word != all)
            return false;
        *word = 0;
    } else if (cgdt_cas64_seq_cst_(word, all, 0) != all) {
        return false;
    }
    if (map->top > 0)
        mark_full(map, 0, group);
    return true;
}

uint32_t cgdt_slotmap_generation_(const struct slotmap *map, uint32_t slot)
{
    const cgdt_word_t *word = &map->generation[slot >> map->group_shift];
    const uint32_t bit = slot & ((1u << map->group_shift) - 1u);

    return (uint32_t)(load(map, word) >> bit) & 1u;
}

bool cgdt_slotmap_release_begin_(struct slotmap *map, uint32_t slot, uint32_t generation)
{
    cgdt_word_t *word = &map->generation[slot >> map->group_shift];
    const uint64_t bit = 1ull << (slot & ((1u << map->group_shift) - 1u));

    /* Setting a set bit, or clearing a clear one, changes nothing: a stale owner does no harm. */
    if (generation == 0)
        return (set_bits(map, word, bit) & bit) == 0;
    return (clear_bits(map, word, bit) & bit) != 0;
}

void cgdt_slotmap_release_abort_(struct slotmap *map, uint32_t slot, uint32_t generation)
{
    (void)cgdt_slotmap_release_begin_(map, slot, generation ^ 1u);
}

void cgdt_slotmap_release_end_(struct slotmap *map, uint32_t slot)
{
    cgdt_slotmap_publish_(map, slot >> map->group_shift,
                          1ull << (slot & ((1u << map->group_shift) - 1u)));
}

uint64_t cgdt_slotmap_free_bits_(const struct slotmap *map, uint32_t group)
{
    return load(map, &map->level[0][group]);
}

bool cgdt_slotmap_is_free_(const struct slotmap *map, uint32_t slot)
{
    const uint32_t bit = slot & ((1u << map->group_shift) - 1u);

    return (cgdt_slotmap_free_bits_(map, slot >> map->group_shift) >> bit & 1u) != 0;
}
