/* SPDX-License-Identifier: MIT */
/*
 * Which slots are free: a lock-free bitmap tree; whose a handle is: a byte per slot; and which were
 * written beyond what each begins with: a bit per slot. Knows nothing of GDTs and pages. Private to
 * alloc/.
 *
 *     level 2   [ .... .... .... ...1 ]                    a bit per word below: "may have room"
 *     level 1   [ ...1 .1.. ] [ .... ] ...                 a bit per word below
 *     level 0   [ free bits of slots 0 .. 63 ] [ 64 .. ]   a bit per slot: 1 = free
 *     marks     ... [ 64 .. ] [ bits of slots 0 .. 63 ]    1 = its owner wrote beyond the template
 *     owners    [ byte of slot 0 ] [ 1 ] [ 2 ] ...         OWNED | generation
 *
 * A slot is taken by clearing one bit. A *range* is up to 64 consecutive slots within one word of
 * level 0 (a page's colors), so that it can be put in or taken out by one operation.
 *
 * A slot is in exactly one of these states:
 *     absent      not published, or retired      free bit 0, not OWNED
 *     free        published, zeroed, nobody's    free bit 1, not OWNED
 *     claimed     somebody's who fills it        free bit 0, not OWNED
 *     owned       its handle was given out       free bit 0, OWNED (or PINNED too), its generation
 *     releasing   its owner has begun to free    free bit 0, not OWNED, the next generation
 */
#ifndef CGDT_ALLOC_SLOTMAP_H
#define CGDT_ALLOC_SLOTMAP_H

#include "atomic.h"

/* log2 of the bits used in a word. Tests of deep trees of few slots make it smaller. */
#ifndef CGDT_SLOTMAP_WORD_SHIFT
#define CGDT_SLOTMAP_WORD_SHIFT 6u
#endif

/*
 * Words of a cache line. The bytes of 64 slots, which are often one CPU's for a while, are in one;
 * and between the tree and the marks lie as many words that nobody uses that no line has both: each
 * free reads a mark, and nearly nobody writes one, while the summary changes. Proofs of small maps
 * do without.
 */
#ifndef CGDT_SLOTMAP_LINE_WORDS
#define CGDT_SLOTMAP_LINE_WORDS 8u
#endif

/* In front of the marks: all of a line but a word, and what it takes for owners to begin a line. */
#define CGDT_SLOTMAP_APART_WORDS (2u * (CGDT_SLOTMAP_LINE_WORDS - 1u))

/* 2^24 slots: words of 64 in levels of 2^18, 2^12, 2^6 and 1. */
#define CGDT_SLOTMAP_LEVELS 4u

/*
 * Generations that a slot goes through before its handles look the same again: as many as a handle
 * tells.
 */
#define CGDT_SLOTMAP_GENERATIONS 64u

#define CGDT_SLOTMAP_NONE 0xffffffffu

/*
 * In a slot's byte; the other bits are its generation. PINNED: owned, and given back by who says so
 * too only.
 */
#define CGDT_SLOTMAP_OWNED  0x80u
#define CGDT_SLOTMAP_PINNED 0x40u

_Static_assert(((CGDT_SLOTMAP_OWNED | CGDT_SLOTMAP_PINNED) & (CGDT_SLOTMAP_GENERATIONS - 1u)) == 0,
               "the generation leaves room for both");

struct slotmap {
    cgdt_word_t *level[CGDT_SLOTMAP_LEVELS];
    uint8_t *owners; /* [slots]; in front of them the marks, the first word nearest */
    uint32_t slots;
    uint32_t end;       /* words of level 0 that can have a free slot: cover */
    uint8_t top;        /* the level that has a single word */
    bool serialized;    /* plain loads and stores will do */
    uint32_t lookers;   /* CPUs that look at every word right now */
    cgdt_word_t events; /* slots that were published while there were such CPUs */
};

/*
 * Index of the lowest set bit; there is one. In halves on i386, where the 64-bit builtin calls
 * libgcc.
 */
static inline uint32_t cgdt_lowest_index_(uint64_t word)
{
#if __SIZEOF_POINTER__ > 4
    return (uint32_t)__builtin_ctzll(word);
#else
    const uint32_t low = (uint32_t)word;

    return (uint32_t)(low != 0 ? __builtin_ctz(low) : 32 + __builtin_ctz((uint32_t)(word >> 32)));
#endif
}

/* Bytes of memory for a map; a multiple of 8. slots 1 .. 2^24. */
size_t cgdt_slotmap_bytes_(uint32_t slots);

/* All slots absent. *map and memory are zero; memory: 8-byte aligned, as many bytes as above. */
void cgdt_slotmap_init_(struct slotmap *map, void *memory, uint32_t slots, bool serialized);

/*
 * The lowest word that has room gives up to `max` (at least 1) of its lowest free slots: bit i of
 * the result is slot *first + i. 0: at some moment of this call every published slot was taken.
 * Lock-free; O(1), but where no slot or almost none is free O(slots / 64).
 */
uint64_t cgdt_slotmap_claim_(struct slotmap *map, uint32_t max, uint32_t *first);

#ifndef __OPTIMIZE_SIZE__
/*
 * The lowest `n` (1 .. 64) free slots of the lowest word that has room, by one operation, as above.
 * 0, and no slot has been anybody's meanwhile: it has fewer, or another CPU came in between.
 */
uint64_t cgdt_slotmap_claim_all_(struct slotmap *map, uint32_t n, uint32_t *first);
#endif

/*
 * Slots up to and including this one may be published from now on. One CPU at a time, and before
 * any of them is.
 */
static inline void cgdt_slotmap_cover_(struct slotmap *map, uint32_t slot)
{
    const uint32_t end = cgdt_load32_relaxed_(&map->end);
    const uint32_t index = slot >> CGDT_SLOTMAP_WORD_SHIFT;

    /* Pairs with look(): who looks at fewer words hears of what is published in the others. */
    if (index >= end)
        cgdt_add32_seq_cst_(&map->end, index + 1 - end);
}

/*
 * Set the free bits of slots of one word, bit 0 for slot `first`: newly mapped ones, or claimed
 * ones that go back clean.
 */
void cgdt_slotmap_publish_bits_(struct slotmap *map, uint32_t first, uint64_t bits);

/* Clear the free bits of a range if every slot of it is free; false, and no change, if not. */
bool cgdt_slotmap_retire_(struct slotmap *map, uint32_t first, uint32_t n);

/* Nobody else is here: no looker will come back; what is free is found by any walk. */
void cgdt_slotmap_forget_lookers_(struct slotmap *map);

/* The free bits of a range, bit 0 for its first slot. */
uint64_t cgdt_slotmap_free_bits_(const struct slotmap *map, uint32_t first, uint32_t n);

/* Every CPU that comes or goes passes through what follows, so it is inline. */

/*
 * Words of a map. `plain`: the map is serialized, and plain loads and stores will do; what every
 * CPU passes through asks that once, and hands it down.
 */

static inline uint64_t cgdt_slotmap_load_as_(bool plain, const cgdt_word_t *word)
{
    /* On x86-64 it is the same instruction; on i386 the atomic one is a read-modify-write. */
    if (sizeof(uintptr_t) == sizeof(uint64_t) || !plain)
        return cgdt_load64_seq_cst_(word);
    return *word;
}

static inline uint64_t cgdt_slotmap_load_(const struct slotmap *map, const cgdt_word_t *word)
{
    return cgdt_slotmap_load_as_(map->serialized, word);
}

/* Both return the former value. */
static inline uint64_t cgdt_slotmap_set_bits_as_(bool plain, cgdt_word_t *word, uint64_t bits)
{
    if (!plain)
        return cgdt_or64_seq_cst_(word, bits);
    const uint64_t old = *word;
    *word = old | bits;
    return old;
}

static inline uint64_t cgdt_slotmap_set_bits_(const struct slotmap *map, cgdt_word_t *word,
                                              uint64_t bits)
{
    return cgdt_slotmap_set_bits_as_(map->serialized, word, bits);
}

static inline uint64_t cgdt_slotmap_clear_bits_(const struct slotmap *map, cgdt_word_t *word,
                                                uint64_t bits)
{
    if (!map->serialized)
        return cgdt_and64_seq_cst_(word, ~bits);
    const uint64_t old = *word;
    *word = old & ~bits;
    return old;
}

/* Whether the summary above word `index` of `level` says that it has room. */
static inline bool cgdt_slotmap_says_room_as_(const struct slotmap *map, bool plain, uint32_t level,
                                              uint32_t index)
{
    const cgdt_word_t *above = &map->level[level + 1][index >> CGDT_SLOTMAP_WORD_SHIFT];
    const uint32_t bit = index & ((1u << CGDT_SLOTMAP_WORD_SHIFT) - 1u);

    /* Pairs with clear_bits() in mark_full(): the caller's word was set before this load. */
    return (cgdt_slotmap_load_as_(plain, above) >> bit & 1u) != 0;
}

static inline bool cgdt_slotmap_says_room_(const struct slotmap *map, uint32_t level,
                                           uint32_t index)
{
    return cgdt_slotmap_says_room_as_(map, map->serialized, level, index);
}

/* Clear one bit; whether it was set. In this form gcc makes one LOCK BTR of it. */
static inline bool cgdt_slotmap_take_bit_(bool plain, cgdt_word_t *word, uint32_t index)
{
    const uint64_t bit = 1ull << index;

    /* Acquires what publish_bits and put released: a zeroed slot. */
    if (!plain)
        return (cgdt_and64_seq_cst_(word, ~bit) & bit) != 0;
    *word &= ~bit;
    return true;
}

/* As claim, of one slot; CGDT_SLOTMAP_NONE for 0. */
uint32_t cgdt_slotmap_take_slowly_(struct slotmap *map);

/* From a word to the lowest one below it that may have room. False: none has. */
static CGDT_FAST_ bool cgdt_slotmap_descend_(const struct slotmap *map, bool plain, uint32_t level,
                                             uint32_t *index)
{
    const uint64_t bits = cgdt_slotmap_load_as_(plain, &map->level[level][*index]);

    if (bits == 0)
        return false;
    *index = *index << CGDT_SLOTMAP_WORD_SHIFT | cgdt_lowest_index_(bits);
    return true;
}

/*
 * The lowest word of level 0 that may have room. The first 64 words are asked for first: if there
 * is one among them, it is the one that a walk from the top would find, and so a pool that was made
 * for many more CPUs than it has is as fast as a small one. Level by level and not in a loop, which
 * would take as long again.
 */
static CGDT_FAST_ bool cgdt_slotmap_find_word_(const struct slotmap *map, bool plain,
                                               uint32_t *index)
{
    const uint32_t top = map->top;

    *index = 0;
    if (CGDT_UNLIKELY_(top == 0) || CGDT_LIKELY_(cgdt_slotmap_descend_(map, plain, 1, index)))
        return true;
    *index = 0;
    return top > 1 && (top == 2 || cgdt_slotmap_descend_(map, plain, 3, index)) &&
           cgdt_slotmap_descend_(map, plain, 2, index) &&
           cgdt_slotmap_descend_(map, plain, 1, index);
}

/*
 * Words without a free slot that an alloc passes by where the summary says that they have one: a
 * look is one load, and to clear their bits, which the next free would set again, is two
 * read-modify-writes for each. Where loads are those, too (i386), and where nothing is one, it does
 * not pay.
 */
#define CGDT_SLOTMAP_PASSED_BY 32u

/*
 * The free bits of the next word behind *index, below one word of the summary, that has some; or 0.
 * Also 0 where four in a row are free: whoever comes after this would pass by the same words again
 * and again.
 */
static CGDT_FAST_ uint64_t cgdt_slotmap_pass_by_(const struct slotmap *map, uint32_t *index)
{
    const uint32_t mask = (1u << CGDT_SLOTMAP_WORD_SHIFT) - 1u;
    uint64_t rest =
        cgdt_slotmap_load_as_(false, &map->level[1][*index >> CGDT_SLOTMAP_WORD_SHIFT]) &
        ~1ull << (*index & mask);
    uint64_t bits = 0;

    for (uint32_t n = 0; bits == 0 && rest != 0 && n < CGDT_SLOTMAP_PASSED_BY; n++) {
        *index = (*index & ~mask) | cgdt_lowest_index_(rest);
        bits = cgdt_slotmap_load_as_(false, &map->level[0][*index]);
        rest &= rest - 1;
    }
    const uint64_t pairs = bits & bits >> 1;
    return (pairs & pairs >> 2) == 0 ? bits : 0;
}

/*
 * The lowest free slot, if the first look finds it. False says nothing: the summary is stale, or a
 * race was lost.
 */
static CGDT_FAST_ bool cgdt_slotmap_take_at_once_(struct slotmap *map, bool plain, uint32_t *slot)
{
    uint32_t index;

    if (!cgdt_slotmap_find_word_(map, plain, &index))
        return false;
    uint64_t bits = cgdt_slotmap_load_as_(plain, &map->level[0][index]);
    if (CGDT_UNLIKELY_(bits == 0) && !plain && sizeof(uintptr_t) == sizeof(uint64_t) &&
        map->top > 0)
        bits = cgdt_slotmap_pass_by_(map, &index);
    if (bits == 0)
        return false;
    const uint32_t lowest = cgdt_lowest_index_(bits);
    *slot = index << CGDT_SLOTMAP_WORD_SHIFT | lowest;
    return cgdt_slotmap_take_bit_(plain, &map->level[0][index], lowest);
}

/* See that every level above says that word `index` of `level` has room. */
void cgdt_slotmap_mark_room_(struct slotmap *map, uint32_t level, uint32_t index);

/* A slot has been published: who looks at every word meanwhile has to look again. */
static inline void cgdt_slotmap_announce_as_(struct slotmap *map, bool plain)
{
    /* Pairs with the count in look_exactly(): the free bit was set before this load. */
    if (!plain && cgdt_load32_seq_cst_(&map->lookers) != 0)
        cgdt_increment64_seq_cst_(&map->events);
}

static inline void cgdt_slotmap_announce_(struct slotmap *map)
{
    cgdt_slotmap_announce_as_(map, map->serialized);
}

/*
 * publish_bits() of one slot. False: who asked has to see to the summary, by mark_room of its word.
 */
static inline bool cgdt_slotmap_put_(struct slotmap *map, bool plain, uint32_t slot)
{
    uint32_t index = slot >> CGDT_SLOTMAP_WORD_SHIFT;
    const uint64_t bit = 1ull << (slot & ((1u << CGDT_SLOTMAP_WORD_SHIFT) - 1u));

    /* Releases the zeroed slot, as publish_bits does. */
    (void)cgdt_slotmap_set_bits_as_(plain, &map->level[0][index], bit);
    cgdt_slotmap_announce_as_(map, plain);
    const uint32_t top = map->top;
    if (CGDT_LIKELY_(top > 0) && !cgdt_slotmap_says_room_as_(map, plain, 0, index))
        return false;
    for (uint32_t level = 1; CGDT_UNLIKELY_(level < top); level++) {
        index >>= CGDT_SLOTMAP_WORD_SHIFT;
        if (!cgdt_slotmap_says_room_as_(map, plain, level, index))
            return false;
    }
    return true;
}

static inline uint32_t cgdt_slotmap_owner_(const struct slotmap *map, uint32_t slot)
{
    /* Pairs with cgdt_slotmap_own_(): who finds a slot owned finds its page. */
    return cgdt_load8_acquire_(&map->owners[slot]);
}

/* The generation that the slot's present owner, or else its next one, must show. */
static inline uint32_t cgdt_slotmap_generation_(const struct slotmap *map, uint32_t slot)
{
    return cgdt_slotmap_owner_(map, slot) & (CGDT_SLOTMAP_GENERATIONS - 1u);
}

/* Whether a slot with this byte is owned, and of this generation. */
static inline bool cgdt_slotmap_is_owned_(uint32_t byte, uint32_t generation)
{
    return (byte & ~CGDT_SLOTMAP_PINNED) == (CGDT_SLOTMAP_OWNED | generation);
}

/* A slot's byte while a generation owns it, and when that has begun to free it. */
static inline uint8_t cgdt_slotmap_owned_byte_(uint32_t generation)
{
    return (uint8_t)(CGDT_SLOTMAP_OWNED | generation);
}

static inline uint8_t cgdt_slotmap_next_byte_(uint32_t generation)
{
    return (uint8_t)((generation + 1u) % CGDT_SLOTMAP_GENERATIONS);
}

/* The same of eight slots, a byte each. A generation is below 64: nothing goes over to the next. */
#define CGDT_SLOTMAP_EACH_ (~0ull / 0xffu)

static inline uint64_t cgdt_slotmap_owned_bytes_(uint64_t generations)
{
    return generations | CGDT_SLOTMAP_OWNED * CGDT_SLOTMAP_EACH_;
}

static inline uint64_t cgdt_slotmap_next_bytes_(uint64_t generations)
{
    return (generations + CGDT_SLOTMAP_EACH_) &
           (CGDT_SLOTMAP_GENERATIONS - 1u) * CGDT_SLOTMAP_EACH_;
}

/*
 * claimed -> owned, by whom claimed it and knows its generation; pin: 0 or CGDT_SLOTMAP_PINNED.
 */
static inline void cgdt_slotmap_own_as_(struct slotmap *map, uint32_t slot, uint32_t generation,
                                        uint32_t pin)
{
    /* Nobody else changes the byte of a claimed slot. Pairs with owner_() and release_begin. */
    cgdt_store8_release_(&map->owners[slot], (uint8_t)(cgdt_slotmap_owned_byte_(generation) | pin));
}

/* The same; returns the generation. */
static inline uint32_t cgdt_slotmap_own_(struct slotmap *map, uint32_t slot, uint32_t pin)
{
    const uint32_t generation = cgdt_load8_acquire_(&map->owners[slot]); /* and no more: claimed */

    cgdt_slotmap_own_as_(map, slot, generation, pin);
    return generation;
}

/* *seen -> next. False, and *seen is what it was, if it was something else. */
static inline bool cgdt_slotmap_swap_owner_(struct slotmap *map, bool plain, uint32_t slot,
                                            uint8_t *seen, uint8_t next)
{
    uint8_t *owner = &map->owners[slot];

    /* Acquires what the owner did, wherever it did it. Pairs with cgdt_slotmap_own_(). */
    if (!plain)
        return cgdt_cas8_acq_rel_(owner, seen, next);
    const bool as_seen = *owner == *seen;
    *seen = *owner;
    if (as_seen)
        *owner = next;
    return as_seen;
}

/* owned -> owned and pinned. False, and no change, as release_begin. */
static inline bool cgdt_slotmap_pin_(struct slotmap *map, uint32_t slot, uint32_t generation,
                                     uint8_t *seen)
{
    const uint8_t owned = cgdt_slotmap_owned_byte_(generation);

    *seen = owned;
    return cgdt_slotmap_swap_owner_(map, map->serialized, slot, seen, owned | CGDT_SLOTMAP_PINNED);
}

/*
 * owned -> releasing. False, and no change, if the slot is not owned, or of another generation, or
 * pinned otherwise than `pin` says. Of any number of CPUs that try, one succeeds. *seen: the byte
 * that decided it.
 */
static inline bool cgdt_slotmap_release_begin_as_(struct slotmap *map, bool plain, uint32_t slot,
                                                  uint32_t generation, uint32_t pin, uint8_t *seen)
{
    *seen = (uint8_t)(cgdt_slotmap_owned_byte_(generation) | pin);
    return cgdt_slotmap_swap_owner_(map, plain, slot, seen, cgdt_slotmap_next_byte_(generation));
}

static inline bool cgdt_slotmap_release_begin_(struct slotmap *map, uint32_t slot,
                                               uint32_t generation, uint32_t pin, uint8_t *seen)
{
    return cgdt_slotmap_release_begin_as_(map, map->serialized, slot, generation, pin, seen);
}

/* releasing -> owned: the slot could not be cleaned. */
static inline void cgdt_slotmap_release_abort_(struct slotmap *map, uint32_t slot,
                                               uint32_t generation, uint32_t pin)
{
    /* Pairs as in cgdt_slotmap_own_(). */
    cgdt_store8_release_(&map->owners[slot], (uint8_t)(cgdt_slotmap_owned_byte_(generation) | pin));
}

/*
 * The owner of a slot is about to write beyond what every slot begins with: who frees it looks at
 * all of it. True: it had not been marked before.
 *
 * The owner alone sets its slot's mark, and who frees it alone takes it away, and has the handle
 * from the owner: what orders that orders this. Others change other bits of the word.
 */
bool cgdt_slotmap_mark_(struct slotmap *map, uint32_t slot);
void cgdt_slotmap_unmark_(struct slotmap *map, uint32_t slot);

/* Word of a slot's mark. */
static inline cgdt_word_t *cgdt_slotmap_marks_(const struct slotmap *map, uint32_t slot)
{
    return (cgdt_word_t *)(void *)map->owners + ~(int)(slot / 64u);
}

/*
 * Those of a slot (bit 0) and the next ones of its word. CGDT_DEBUG_ERASE: all have one, so that a
 * store past cgdt_write() is found by who frees the slot.
 */
static inline uint64_t cgdt_slotmap_marks_from_(const struct slotmap *map, bool plain,
                                                uint32_t slot)
{
#ifdef CGDT_DEBUG_ERASE
    (void)map, (void)plain, (void)slot;
    return ~0ull;
#else
    return cgdt_slotmap_load_as_(plain, cgdt_slotmap_marks_(map, slot)) >> slot % 64u;
#endif
}

static inline bool cgdt_slotmap_is_marked_(const struct slotmap *map, bool plain, uint32_t slot)
{
    return (cgdt_slotmap_marks_from_(map, plain, slot) & 1u) != 0;
}

/*
 * owned -> releasing for slots first .. first+7, whose bytes are `seen`, lowest first, and become
 * `next`. False, and no change, if they are not, or lie in two words, or are not all there.
 */
bool cgdt_slotmap_release_begin_eight_(struct slotmap *map, uint32_t first, uint64_t seen,
                                       uint64_t next);

#endif
