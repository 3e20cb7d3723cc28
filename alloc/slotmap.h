/* SPDX-License-Identifier: MIT */
/*
 * Which slots are free: a lock-free bitmap tree. Knows nothing of GDTs. Private to alloc/.
 *
 * Slots are numbered 0 up and come in groups (a page's colors) of 1 to 64. Each group has one word of free
 * bits, so that a slot is taken by clearing one bit and a whole group by clearing all of them at once.
 *
 *     level 2     [ .... .... .... ...1 ]                 one bit per word below: "may have room"
 *     level 1     [ ...1 .1.. ] [ .... ] ...              one bit per group
 *     level 0     [ free bits of group 0 ] [ 1 ] [ 2 ]    one word per group
 *     generation  [ a bit per slot ]                      flips when a slot is freed
 *
 * A slot is in exactly one of these states:
 *     absent      group not published, or retired          free bit 0
 *     free        published, zeroed, nobody's              free bit 1
 *     owned       claimed                                  free bit 0, generation = the owner's
 *     releasing   its owner has begun to free it           free bit 0, generation flipped
 */
#ifndef CGDT_ALLOC_SLOTMAP_H
#define CGDT_ALLOC_SLOTMAP_H

#include "atomic.h"

/* 2^24 groups of one slot: words of 64 in levels of 2^24, 2^18, 2^12, 2^6 and 1. */
#define CGDT_SLOTMAP_LEVELS 5u

struct slotmap {
    cgdt_word_t *level[CGDT_SLOTMAP_LEVELS];
    cgdt_word_t *generation; /* one word per group */
    uint32_t slots;          /* all slots; the last group may be a part of one */
    uint32_t groups;
    uint8_t group_shift; /* log2 of the slots in a group, 0 .. 6 */
    uint8_t top;         /* the level that has a single word */
    bool serialized;     /* plain loads and stores will do */
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
size_t cgdt_slotmap_bytes_(uint32_t slots, uint32_t group_shift);

/* All groups absent. memory: 8-byte aligned, as many bytes as above. */
void cgdt_slotmap_init_(struct slotmap *map, void *memory, uint32_t slots, uint32_t group_shift,
                        bool serialized);

/* The free bits of a group all of whose slots are free. */
uint64_t cgdt_slotmap_mask_(const struct slotmap *map, uint32_t group);

/* The lowest group that seems to have room gives up to `max` (at least 1) of its lowest free slots: their
 * bits, and its number in *group. 0: none was found, though one may be there; see claim_exact. Lock-free. */
uint64_t cgdt_slotmap_claim_(struct slotmap *map, uint32_t max, uint32_t *group);

/* The same by looking at every group: 0 means that each was seen full. O(groups). */
uint64_t cgdt_slotmap_claim_exact_(struct slotmap *map, uint32_t max, uint32_t *group);

/* Set free bits of a group: newly mapped slots, or claimed ones that go back clean. */
void cgdt_slotmap_publish_(struct slotmap *map, uint32_t group, uint64_t bits);

/* Clear all free bits of a group if every slot of it is free; false, and no change, if not. */
bool cgdt_slotmap_retire_(struct slotmap *map, uint32_t group);

/* The generation, 0 or 1, that the slot's present owner must show. */
uint32_t cgdt_slotmap_generation_(const struct slotmap *map, uint32_t slot);

/* owned -> releasing. False, and no change, if the slot's generation is another: freed before, or by
 * another CPU right now. Of any number of CPUs that try, one succeeds. */
bool cgdt_slotmap_release_begin_(struct slotmap *map, uint32_t slot, uint32_t generation);

/* releasing -> owned: the slot could not be cleaned. */
void cgdt_slotmap_release_abort_(struct slotmap *map, uint32_t slot, uint32_t generation);

/* releasing -> free. */
void cgdt_slotmap_release_end_(struct slotmap *map, uint32_t slot);

/* Whether a slot's free bit is set; the free bits of a whole group. */
bool cgdt_slotmap_is_free_(const struct slotmap *map, uint32_t slot);
uint64_t cgdt_slotmap_free_bits_(const struct slotmap *map, uint32_t group);

#endif
