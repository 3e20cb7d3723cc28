/* SPDX-License-Identifier: MIT */
/*
 * The lock-free bitmap tree of slotmap.h.
 *
 * Level 0 alone is the truth. The levels above are a summary that only says where to look first,
 * and may be wrong in two ways:
 *
 *   says "room" where there is none: whoever walks there clears the bit; one slot is also taken
 *     from a word behind some such, which are passed by. Claiming a word's last slot leaves it so
 *     on purpose; the next walk pays, and a slot freed meanwhile costs nobody anything.
 *   says "full" where there is room: only between two steps of one call, never for good. A
 *     publisher sets the word, then makes sure of every bit above. A walker that clears a bit looks
 *     at the word again and, if it is no longer zero, sets the bit again. Publisher: word, then
 *     bit; walker: bit, then word. Each is a sequentially consistent read-modify-write followed by
 *     a sequentially consistent load, so at least one of the two sees what the other did (the
 *     store-buffering pattern).
 *
 * So a claim that finds nothing by the summary looks at every word, and says "none" only if no
 * publisher finished while it looked. That is exact: suppose that a slot was free at the end of the
 * look, by a publish that had finished. If that began to show before the look came to its word, the
 * look saw it there. If later, the publisher set the bit after it, so after this CPU had counted
 * itself as a looker; it saw the count, and announced itself before it finished. A publisher that
 * has not finished yet has not published yet, or its slot was claimed by somebody: then it had
 * published at that very moment.
 *
 * Progress: a claim goes round again only when another CPU has just taken the bit that it wanted,
 * or has just published a slot.
 */
#include "slotmap.h"
#include "hints.h"

#define WORD_SHIFT CGDT_SLOTMAP_WORD_SHIFT
#define WORD_BITS  (1u << WORD_SHIFT)
#define WORD_MASK  (WORD_BITS - 1u)

#define load       cgdt_slotmap_load_
#define set_bits   cgdt_slotmap_set_bits_
#define clear_bits cgdt_slotmap_clear_bits_
#define says_room  cgdt_slotmap_says_room_

/* Of marks, whatever level 0 uses of its own. */
#define MARKS_WORD_BITS 64u

/*
 * Each try clears a bit of the summary that is stale, or loses its slot to another CPU. A claim
 * leaves one stale bit at most, so that over all it has one to clear; after so many tries a look at
 * every word clears what is left. How many makes no other difference. Tests of that look make it
 * smaller.
 */
#ifndef CGDT_SLOTMAP_TRIES
#define CGDT_SLOTMAP_TRIES 64u
#endif

static uint32_t words_for(uint32_t bits)
{
    return (bits + WORD_MASK) >> WORD_SHIFT;
}

/* The former value; the word is replaced only if it was `seen`, what load() just returned. */
static uint64_t swap_word(const struct slotmap *map, cgdt_word_t *word, uint64_t seen,
                          uint64_t value)
{
    if (!map->serialized)
        return cgdt_cas64_seq_cst_(word, seen, value);
    *word = value;
    return seen;
}

size_t cgdt_slotmap_bytes_(uint32_t slots)
{
    uint32_t words = words_for(slots);
    size_t all = words;

    while (words > 1) {
        words = words_for(words);
        all += words;
    }
    /* Marks and owners, and what the last word of each has too much. */
    all += CGDT_SLOTMAP_APART_WORDS + slots / MARKS_WORD_BITS + 1;
    all += slots / sizeof(cgdt_word_t) + 1;
    return all * sizeof(cgdt_word_t);
}

CGDT_COMPACT_ void cgdt_slotmap_init_(struct slotmap *map, void *memory, uint32_t slots,
                                      bool serialized)
{
    cgdt_word_t *next = memory;
    uint32_t words = words_for(slots);

    map->slots = slots;
    map->serialized = serialized;
    map->level[0] = next;
    next += words;
    while (words > 1) { /* ends below CGDT_SLOTMAP_LEVELS, which has room for 2^24 slots */
        words = words_for(words);
        map->level[++map->top] = next;
        next += words;
    }
    next += CGDT_SLOTMAP_APART_WORDS + slots / MARKS_WORD_BITS + 1;
    map->owners = (uint8_t *)next - (uintptr_t)next % (CGDT_SLOTMAP_LINE_WORDS * sizeof(*next));
}

#ifndef __OPTIMIZE_SIZE__

bool cgdt_slotmap_mark_(struct slotmap *map, uint32_t slot)
{
    if (cgdt_slotmap_is_marked_(map, map->serialized, slot))
        return false;
    (void)set_bits(map, cgdt_slotmap_marks_(map, slot), 1ull << slot % MARKS_WORD_BITS);
    return true;
}

void cgdt_slotmap_unmark_(struct slotmap *map, uint32_t slot)
{
    (void)clear_bits(map, cgdt_slotmap_marks_(map, slot), 1ull << slot % MARKS_WORD_BITS);
}

#endif

/* The bits of a range in its word. */
static uint64_t range_bits(uint32_t first, uint32_t n)
{
    return (~0ull >> (64u - n)) << (first & WORD_MASK);
}

CGDT_COMPACT_ void cgdt_slotmap_mark_room_(struct slotmap *map, uint32_t level, uint32_t index)
{
    for (; level < map->top; level++) {
        /*
         * Every level is looked at, even where the bit below was set already: whoever set that one
         * may not have come up here yet.
         */
        if (!says_room(map, level, index))
            (void)set_bits(map, &map->level[level + 1][index >> WORD_SHIFT],
                           1ull << (index & WORD_MASK));
        index >>= WORD_SHIFT;
    }
}

/*
 * Word `index` of `level` was seen to be zero: take its bit out of the level above, unless it is no
 * more.
 */
CGDT_COMPACT_ static void mark_full(struct slotmap *map, uint32_t level, uint32_t index)
{
    cgdt_word_t *above = &map->level[level + 1][index >> WORD_SHIFT];

    (void)clear_bits(map, above, 1ull << (index & WORD_MASK));
    /* Pairs with set_bits() in publish_bits(): one of us sees the other. */
    if (load(map, &map->level[level][index]) != 0)
        cgdt_slotmap_mark_room_(map, level, index);
}

/*
 * Down the tree along the lowest bits: the free bits of word *found, not 0; or 0. Clears what is
 * stale.
 */
CGDT_COMPACT_ static CGDT_FAST_ uint64_t find_room(struct slotmap *map, uint32_t *found,
                                                   bool *stale)
{
    uint32_t level = map->top;
    uint32_t index = 0;
    uint64_t word = load(map, &map->level[level][0]);

    while (level > 0 && word != 0) {
        index = index << WORD_SHIFT | cgdt_lowest_index_(word);
        level--;
        word = load(map, &map->level[level][index]);
    }
    *found = index;
    *stale = word == 0 && level < map->top;
    if (*stale)
        mark_full(map, level, index);
    return word;
}

/* The lowest `max` bits of a word; all, if it has fewer. */
static uint64_t lowest_bits(uint64_t word, uint32_t max)
{
    uint64_t rest = word;

    if (max == 1)
        return word & (~word + 1);
#ifndef __OPTIMIZE_SIZE__
    if (max >= WORD_BITS)
        return word;
#endif
    for (uint32_t i = 0; i < max && rest != 0; i++)
        rest &= rest - 1;
    return word ^ rest;
}

/* Those of a word's lowest `max` free bits, as just seen, that nobody else took first. */
CGDT_COMPACT_ static uint64_t claim_from(struct slotmap *map, uint32_t index, uint64_t seen,
                                         uint32_t max)
{
    const uint64_t wanted = lowest_bits(seen, max);

    /* Acquires what publish_bits and put released: a zeroed slot. */
    return clear_bits(map, &map->level[0][index], wanted) & wanted;
}

/*
 * What the lowest word that has a free slot gives, by looking at each; clears what is stale on the
 * way.
 */
CGDT_COMPACT_ static uint64_t look(struct slotmap *map, uint32_t max, uint32_t *first)
{
    /* Pairs with cover(). What is published in a word that is covered after this is announced. */
    const uint32_t end = cgdt_load32_seq_cst_(&map->end);

    for (uint32_t index = 0; index < end; index++) {
        uint64_t seen = load(map, &map->level[0][index]);

        *first = index << WORD_SHIFT;
        /* A race that was lost to another CPU says nothing about the word's other slots. */
        while (seen != 0) {
            const uint64_t got = claim_from(map, index, seen, max);

            if (got != 0)
                return got;
            seen = load(map, &map->level[0][index]);
        }
        if (map->top > 0 && says_room(map, 0, index))
            mark_full(map, 0, index);
    }
    return 0;
}

CGDT_SELDOM_ static uint64_t look_exactly(struct slotmap *map, uint32_t max, uint32_t *first)
{
    uint64_t before;
    uint64_t got;

    if (map->serialized)
        return look(map, max, first);
    cgdt_add32_seq_cst_(&map->lookers, 1);
    /* Pairs with cgdt_slotmap_announce_(). */
    do {
        before = load(map, &map->events);
        got = look(map, max, first);
    } while (got == 0 && load(map, &map->events) != before);
    cgdt_add32_seq_cst_(&map->lookers, (uint32_t)-1);
    return got;
}

CGDT_COMPACT_ uint64_t cgdt_slotmap_claim_(struct slotmap *map, uint32_t max, uint32_t *first)
{
    bool stale = true;

    for (uint32_t tries = 0; stale && tries < CGDT_SLOTMAP_TRIES; tries++) {
        uint32_t index;
        const uint64_t seen = find_room(map, &index, &stale);
        if (seen == 0)
            continue;
        const uint64_t got = claim_from(map, index, seen, max);
        *first = index << WORD_SHIFT;
        if (got != 0)
            return got;
        stale = true;
    }
    return look_exactly(map, max, first);
}

#ifndef __OPTIMIZE_SIZE__

uint64_t cgdt_slotmap_claim_all_(struct slotmap *map, uint32_t n, uint32_t *first)
{
    bool stale = true;
    uint32_t index = 0;
    uint64_t seen = 0;

    for (uint32_t tries = 0; stale && tries < CGDT_SLOTMAP_TRIES; tries++)
        seen = find_room(map, &index, &stale);
    uint64_t rest = seen;
    if (n != 64 || seen != ~0ull) { /* most often a whole word */
        for (uint32_t i = 0; i < n; i++) {
            if (rest == 0)
                return 0;
            rest &= rest - 1;
        }
    } else {
        rest = 0;
    }
    *first = index << WORD_SHIFT;
    /* Acquires what publish_bits and put released: zeroed slots. */
    return swap_word(map, &map->level[0][index], seen, rest) == seen ? seen ^ rest : 0;
}

#endif

uint32_t cgdt_slotmap_take_slowly_(struct slotmap *map)
{
    uint32_t first = 0;
    const uint64_t bit = cgdt_slotmap_claim_(map, 1, &first);

    return bit != 0 ? first + cgdt_lowest_index_(bit) : CGDT_SLOTMAP_NONE;
}

CGDT_COMPACT_ void cgdt_slotmap_publish_bits_(struct slotmap *map, uint32_t first, uint64_t bits)
{
    const uint32_t index = first >> WORD_SHIFT;

    /* Releases the zeroed slots. Pairs with clear_bits() in claim_from() and with mark_full(). */
    (void)set_bits(map, &map->level[0][index], bits << (first & WORD_MASK));
    cgdt_slotmap_announce_(map);
    cgdt_slotmap_mark_room_(map, 0, index);
}

/*
 * Goes round again only when another CPU has changed the word meanwhile: claimed or freed a slot in
 * it.
 */
CGDT_COMPACT_ bool cgdt_slotmap_retire_(struct slotmap *map, uint32_t first, uint32_t n)
{
    const uint32_t index = first >> WORD_SHIFT;
    const uint64_t bits = range_bits(first, n);
    cgdt_word_t *word = &map->level[0][index];
    uint64_t old = load(map, word);
    uint64_t seen;

    do {
        if ((old & bits) != bits)
            return false;
        seen = old;
        old = swap_word(map, word, seen, seen & ~bits);
    } while (old != seen);
    if (seen == bits && map->top > 0)
        mark_full(map, 0, index);
    return true;
}

CGDT_SELDOM_ void cgdt_slotmap_forget_lookers_(struct slotmap *map)
{
    map->lookers = 0;
    for (uint32_t index = 0; index < map->end; index++) {
        if (load(map, &map->level[0][index]) != 0)
            cgdt_slotmap_mark_room_(map, 0, index);
    }
}

uint64_t cgdt_slotmap_free_bits_(const struct slotmap *map, uint32_t first, uint32_t n)
{
    const uint64_t word = load(map, &map->level[0][first >> WORD_SHIFT]);

    return (word & range_bits(first, n)) >> (first & WORD_MASK);
}

/*
 * Eight bytes of owners as one word. Others change single bytes of it at the same time: a locked
 * operation has its whole cache line, so operands of two sizes exclude each other. Linux relies on
 * that too (qspinlock).
 */
typedef cgdt_word_t owners_word __attribute__((may_alias));

CGDT_COMPACT_ bool cgdt_slotmap_release_begin_eight_(struct slotmap *map, uint32_t first,
                                                     uint64_t seen, uint64_t next)
{
    if (first % 8 != 0 || first >= map->slots || map->slots - first < 8)
        return false;
    owners_word *word = (owners_word *)(void *)&map->owners[first];
    /* As release_begin. */
    if (!map->serialized)
        return cgdt_cas64_seq_cst_(word, seen, next) == seen;
    if (*word != seen)
        return false;
    *word = next;
    return true;
}
