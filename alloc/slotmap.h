/* SPDX-License-Identifier: MIT */
/*
 * Which slots are free: a lock-free bitmap tree; and whose a handle is: a byte per slot. Knows nothing of
 * GDTs and pages. Private to alloc/.
 *
 *     level 2   [ .... .... .... ...1 ]                    a bit per word below: "may have room"
 *     level 1   [ ...1 .1.. ] [ .... ] ...                 a bit per word below
 *     level 0   [ free bits of slots 0 .. 63 ] [ 64 .. ]   a bit per slot: 1 = free
 *     owners    [ byte of slot 0 ] [ 1 ] [ 2 ] ...         OWNED | generation
 *
 * A slot is taken by clearing one bit. A *range* is up to 64 consecutive slots within one word of level 0 (a
 * page's colors), so that it can be put in or taken out by one operation.
 *
 * A slot is in exactly one of these states:
 *     absent      not published, or retired      free bit 0, not OWNED
 *     free        published, zeroed, nobody's    free bit 1, not OWNED
 *     claimed     somebody's who fills it        free bit 0, not OWNED
 *     owned       its handle was given out       free bit 0, OWNED, generation = the handle's
 *     releasing   its owner has begun to free    free bit 0, not OWNED, the next generation
 */
#ifndef CGDT_ALLOC_SLOTMAP_H
#define CGDT_ALLOC_SLOTMAP_H

#include "atomic.h"

/* log2 of the bits used in a word. Tests of deep trees of few slots make it smaller. */
#ifndef CGDT_SLOTMAP_WORD_SHIFT
#define CGDT_SLOTMAP_WORD_SHIFT 6u
#endif

/* 2^24 slots: words of 64 in levels of 2^18, 2^12, 2^6 and 1. */
#define CGDT_SLOTMAP_LEVELS 4u

/* Generations that a slot goes through before its handles look the same again: as many as a handle tells. */
#define CGDT_SLOTMAP_GENERATIONS 64u

struct slotmap {
    cgdt_word_t *level[CGDT_SLOTMAP_LEVELS];
    uint8_t *owners; /* [slots] */
    uint32_t slots;
    uint32_t words;  /* of level 0 */
    uint8_t top;     /* the level that has a single word */
    bool serialized; /* plain loads and stores will do */
};

/* Index of the lowest set bit. In halves on i386, where the 64-bit builtin is a libgcc call. */
static inline uint32_t cgdt_lowest_index_(uint64_t word)
{
#if UINTPTR_MAX > 0xffffffffu
    return (uint32_t)__builtin_ctzll(word);
#else
    const uint32_t low = (uint32_t)word;

    return (uint32_t)(low != 0 ? __builtin_ctz(low) : 32 + __builtin_ctz((uint32_t)(word >> 32)));
#endif
}

/* Bytes of memory for a map; a multiple of 8. slots 1 .. 2^24. */
size_t cgdt_slotmap_bytes_(uint32_t slots);

/* All slots absent. memory: 8-byte aligned, as many bytes as above. */
void cgdt_slotmap_init_(struct slotmap *map, void *memory, uint32_t slots, bool serialized);

/*
 * The lowest word that seems to have room gives up to `max` (at least 1) of its lowest free slots: bit i of
 * the result is slot *first + i. 0: none was found, though one may be there; see claim_exact. Lock-free.
 */
uint64_t cgdt_slotmap_claim_(struct slotmap *map, uint32_t max, uint32_t *first);

/* The same by looking at every word: 0 means that each was seen full. O(slots / 64). */
uint64_t cgdt_slotmap_claim_exact_(struct slotmap *map, uint32_t max, uint32_t *first);

/* Set the free bits of a range: newly mapped slots, or claimed ones that go back clean. */
void cgdt_slotmap_publish_(struct slotmap *map, uint32_t first, uint32_t n);

/* Clear the free bits of a range if every slot of it is free; false, and no change, if not. */
bool cgdt_slotmap_retire_(struct slotmap *map, uint32_t first, uint32_t n);

/* The free bits of a range, bit 0 for its first slot. */
uint64_t cgdt_slotmap_free_bits_(const struct slotmap *map, uint32_t first, uint32_t n);

/* The generation that the slot's present owner, or else its next one, must show. */
uint32_t cgdt_slotmap_generation_(const struct slotmap *map, uint32_t slot);

/* Whether the slot is owned, and of this generation. */
bool cgdt_slotmap_is_owned_(const struct slotmap *map, uint32_t slot, uint32_t generation);

/* claimed -> owned, by whom claimed it. */
void cgdt_slotmap_own_(struct slotmap *map, uint32_t slot);

/* owned -> releasing. False, and no change, if the slot is not owned or of another generation. Of any number
 * of CPUs that try, one succeeds. */
bool cgdt_slotmap_release_begin_(struct slotmap *map, uint32_t slot, uint32_t generation);

/* releasing -> owned: the slot could not be cleaned. */
void cgdt_slotmap_release_abort_(struct slotmap *map, uint32_t slot, uint32_t generation);

#endif
