/* SPDX-License-Identifier: MIT */
/*
 * The slot map, by induction: one operation with any arguments, from any state that has the
 * invariant below, does what slotmap.h says and leads to a state that has it again. A map begins
 * with it. So all that is said here holds after every sequence of operations, however long, of one
 * CPU; what CPUs do to each other is tests/interleave's.
 *
 * The map is of PROOF_SLOTS slots. With CGDT_SLOTMAP_WORD_SHIFT 1 that is a tree of three levels.
 */
#include "proof.h"

#include "slotmap.h"

#define SLOTS     ((uint32_t)PROOF_SLOTS)
#define WORD_BITS (1u << CGDT_SLOTMAP_WORD_SHIFT)
#define WORDS     24u

static struct slotmap map;
static cgdt_word_t memory[WORDS];

static uint32_t words_of(uint32_t bits)
{
    return (bits + WORD_BITS - 1) / WORD_BITS;
}

static bool is_free(uint32_t slot)
{
    return (map.level[0][slot / WORD_BITS] >> slot % WORD_BITS & 1) != 0;
}

static bool is_owned(uint32_t slot)
{
    return (map.owners[slot] & CGDT_SLOTMAP_OWNED) != 0;
}

/* Bits that a level can have: as many as there are things below. */
static uint64_t room_of(uint32_t index, uint32_t things)
{
    const uint32_t left = things - index * WORD_BITS;

    return left >= WORD_BITS ? ~0ull >> (64 - WORD_BITS) : ~0ull >> (64 - left);
}

/*
 * No free slot is owned; no bit is where no slot is; a word that has a free slot is said to have
 * room, all the way up, and lies below the end of those in use. "Room" where there is none is
 * allowed.
 */
static bool has_invariant(void)
{
    uint32_t things = SLOTS;

    for (uint32_t level = 0; level <= map.top; level++) {
        for (uint32_t index = 0; index < words_of(things); index++) {
            const uint64_t word = map.level[level][index];

            if ((word & ~room_of(index, things)) != 0)
                return false;
            if (word != 0 && level == 0 && index >= map.end)
                return false;
            if (word != 0 && level < map.top &&
                (map.level[level + 1][index / WORD_BITS] >> index % WORD_BITS & 1) == 0)
                return false;
        }
        things = words_of(things);
    }
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        if (is_free(slot) && is_owned(slot))
            return false;
    return map.lookers == 0 && map.end <= words_of(SLOTS);
}

static void any_state(void)
{
    cgdt_slotmap_init_(&map, memory, SLOTS, any_bool());
    for (uint32_t i = 0; i < cgdt_slotmap_bytes_(SLOTS) / sizeof(memory[0]); i++)
        memory[i] = any_u64();
    map.end = any_u32();
    map.events = any_u64();
    ASSUME(has_invariant());
}

void a_map_begins_with_the_invariant(void)
{
    cgdt_slotmap_init_(&map, memory, SLOTS, any_bool());
    CLAIM(has_invariant(), "the invariant");
    CLAIM(cgdt_slotmap_bytes_(SLOTS) <= sizeof(memory), "in the bytes that it says");
}

void a_claim_takes_the_lowest_free_slots_or_there_is_none(void)
{
    const uint32_t max = any_u32();
    const uint32_t slot = any_below(SLOTS);
    uint32_t first = 0;

    ASSUME(max >= 1);
    any_state();
    const bool was_free = is_free(slot);
    const uint64_t got = cgdt_slotmap_claim_(&map, max, &first);
    const bool mine =
        got != 0 && slot >= first && slot < first + WORD_BITS && (got >> (slot - first) & 1) != 0;

    CLAIM(has_invariant(), "the invariant");
    CLAIM(got != 0 || !was_free, "nothing only if no slot is free");
    CLAIM(!mine || (was_free && !is_free(slot)), "what is claimed was free, and is not any more");
    CLAIM(mine || is_free(slot) == was_free, "no other slot has changed");
    CLAIM(got == 0 || !was_free || mine || slot >= first, "no lower word had one");
    CLAIM(max != 1 || (got & (got - 1)) == 0, "one, where one was asked for");
    CLAIM(max != 1 || !was_free || mine || slot > first + cgdt_lowest_index_(got),
          "of one: the lowest of all");
}

void as_many_as_are_asked_for_come_from_the_lowest_word_or_none(void)
{
    const uint32_t n = any_u32();
    const uint32_t slot = any_below(SLOTS);
    uint32_t first = 0;

    ASSUME(n >= 1 && n <= 64);
    any_state();
    const bool was_free = is_free(slot);
    const uint64_t got = cgdt_slotmap_claim_all_(&map, n, &first);
    const bool here = got != 0 && slot >= first && slot < first + WORD_BITS;
    const bool mine = here && (got >> (slot - first) & 1) != 0;

    CLAIM(has_invariant(), "the invariant");
    CLAIM(got == 0 || n == (got & 1) + (got >> 1), "as many, of words of two");
    CLAIM(!mine || (was_free && !is_free(slot)), "what is claimed was free, and is not any more");
    CLAIM(mine || is_free(slot) == was_free, "no other slot has changed");
    CLAIM(got == 0 || !was_free || mine || (slot >= first && (!here || got >> (slot - first) == 0)),
          "no lower one was free");
}

void a_take_at_once_takes_the_lowest_free_slot_if_any(void)
{
    const uint32_t slot = any_below(SLOTS);

    any_state();
    const bool was_free = is_free(slot);
    uint32_t taken = CGDT_SLOTMAP_NONE;
    const bool found = cgdt_slotmap_take_at_once_(&map, map.serialized, &taken);
    const uint32_t got = found ? taken : CGDT_SLOTMAP_NONE;

    CLAIM(has_invariant(), "the invariant");
    CLAIM(got == CGDT_SLOTMAP_NONE || got < SLOTS, "a slot of the map");
    CLAIM(slot != got || (was_free && !is_free(slot)), "it was free, and is not any more");
    CLAIM(slot == got || is_free(slot) == was_free, "no other has changed");
    CLAIM(got == CGDT_SLOTMAP_NONE || !was_free || slot >= got, "none below it was free");
}

void what_is_put_back_is_found_again(void)
{
    const uint32_t slot = any_below(SLOTS);
    const uint32_t other = any_below(SLOTS);
    uint32_t first = 0;

    any_state();
    ASSUME(!is_free(slot) && !is_owned(slot)); /* claimed or releasing, and in a word in use */
    ASSUME(slot / WORD_BITS < map.end);
    const bool was_free = is_free(other);
    if (!cgdt_slotmap_put_(&map, map.serialized, slot))
        cgdt_slotmap_mark_room_(&map, 0, slot / WORD_BITS);
    CLAIM(has_invariant(), "the invariant");
    CLAIM(is_free(slot), "it is free");
    CLAIM(other == slot || is_free(other) == was_free, "no other slot has changed");
    CLAIM(cgdt_slotmap_claim_(&map, 1, &first) != 0, "and there is one to be had");
}

void published_bits_are_free_and_no_others(void)
{
    const uint32_t first = any_below(SLOTS);
    const uint32_t slot = any_below(SLOTS);
    const uint64_t bits = any_u64();

    any_state();
    ASSUME(bits != 0 && bits <= ~0ull >> (64 - WORD_BITS) &&
           (bits << first % WORD_BITS & ~room_of(first / WORD_BITS, SLOTS)) == 0);
    cgdt_slotmap_cover_(&map, first);
    const bool was_free = is_free(slot);
    const bool mine = slot >= first && slot < first + WORD_BITS && (bits >> (slot - first) & 1);
    ASSUME(!mine || (!was_free && !is_owned(slot)));
    for (uint32_t i = 0; i < SLOTS; i++) /* none of them is owned */
        ASSUME(i < first || i >= first + WORD_BITS || (bits >> (i - first) & 1) == 0 ||
               !is_owned(i));
    cgdt_slotmap_publish_bits_(&map, first, bits);
    CLAIM(has_invariant(), "the invariant");
    CLAIM(is_free(slot) == (was_free || mine), "those, and what was free before");
}

void a_page_is_retired_with_all_its_slots_or_not_at_all(void)
{
    const uint32_t size = 1u << any_below(CGDT_SLOTMAP_WORD_SHIFT + 1);
    const uint32_t first = any_below(SLOTS) / size * size;
    const uint32_t slot = any_below(SLOTS);
    const uint32_t witness = any_below(size);

    any_state();
    ASSUME(first + size <= SLOTS);
    const bool was_free = is_free(slot);
    const bool witness_free = is_free(first + witness);
    const bool done = cgdt_slotmap_retire_(&map, first, size);
    const bool of_page = slot >= first && slot < first + size;

    CLAIM(has_invariant(), "the invariant");
    CLAIM(!done || witness_free, "done only if all were free");
    CLAIM(is_free(slot) == (was_free && !(done && of_page)), "all its slots, or nothing");
}

/* The byte of a slot: who is told "yes" by it. */
void only_the_owner_of_a_generation_releases_and_only_once(void)
{
    const uint32_t slot = any_below(SLOTS);
    const uint32_t other = any_below(SLOTS);
    const uint32_t generation = any_below(CGDT_SLOTMAP_GENERATIONS);
    const uint32_t pin = any_bool() ? CGDT_SLOTMAP_PINNED : 0;
    uint8_t seen;
    uint8_t again;

    any_state();
    const uint8_t before = map.owners[slot];
    const uint8_t others = map.owners[other];
    const bool done = cgdt_slotmap_release_begin_(&map, slot, generation, pin, &seen);

    CLAIM(done == (before == (CGDT_SLOTMAP_OWNED | generation | pin)), "just for that byte");
    CLAIM(seen == before, "and says which decided it");
    CLAIM(done || map.owners[slot] == before, "else no change");
    CLAIM(!done || map.owners[slot] == (generation + 1) % 64, "the next generation, nobody's");
    CLAIM(other == slot || map.owners[other] == others, "no other byte");
    CLAIM(!done || !cgdt_slotmap_release_begin_(&map, slot, generation, pin, &again), "only once");
    CLAIM(has_invariant(), "the invariant");
}

void a_claimed_slot_becomes_its_owners_and_can_be_pinned_once(void)
{
    const uint32_t slot = any_below(SLOTS);
    uint8_t seen;

    any_state();
    ASSUME(!is_free(slot) && !is_owned(slot) && map.owners[slot] < CGDT_SLOTMAP_GENERATIONS);
    const uint32_t generation = cgdt_slotmap_own_(&map, slot, 0);
    CLAIM(cgdt_slotmap_is_owned_(map.owners[slot], generation), "of the generation it is told");
    CLAIM(has_invariant(), "the invariant");
    CLAIM(cgdt_slotmap_pin_(&map, slot, generation, &seen), "pinned");
    CLAIM(!cgdt_slotmap_pin_(&map, slot, generation, &seen), "once");
    CLAIM(!cgdt_slotmap_release_begin_(&map, slot, generation, 0, &seen), "and freed by none");
    CLAIM(has_invariant(), "the invariant");
}

void a_mark_is_of_its_own_slot(void)
{
    const uint32_t slot = any_below(SLOTS);
    const uint32_t other = any_below(SLOTS);

    any_state();
    const bool was = cgdt_slotmap_is_marked_(&map, map.serialized, slot);
    const bool others = cgdt_slotmap_is_marked_(&map, map.serialized, other);
    CLAIM(cgdt_slotmap_mark_(&map, slot) == !was, "true the first time");
    CLAIM(cgdt_slotmap_is_marked_(&map, map.serialized, slot), "set");
    CLAIM(other == slot || cgdt_slotmap_is_marked_(&map, map.serialized, other) == others,
          "no other");
    cgdt_slotmap_unmark_(&map, slot);
    CLAIM(!cgdt_slotmap_is_marked_(&map, map.serialized, slot), "taken away");
    CLAIM(other == slot || cgdt_slotmap_is_marked_(&map, map.serialized, other) == others,
          "no other");
    CLAIM(has_invariant(), "the invariant");
}

/* What a bulk free takes them for, and makes of them: of eight together what each is alone. */
void the_bytes_of_eight_are_those_of_each(void)
{
    const uint64_t generations = any_u64() & CGDT_SLOTMAP_EACH_ * (CGDT_SLOTMAP_GENERATIONS - 1);
    const uint32_t shift = 8 * any_below(8);
    const uint32_t one = (uint8_t)(generations >> shift);

    CLAIM((uint8_t)(cgdt_slotmap_owned_bytes_(generations) >> shift) ==
              cgdt_slotmap_owned_byte_(one),
          "owned");
    CLAIM((uint8_t)(cgdt_slotmap_next_bytes_(generations) >> shift) == cgdt_slotmap_next_byte_(one),
          "the next owner's");
}

/* Eight bytes at once, as a bulk free takes them. */
void eight_owners_release_together_or_none(void)
{
    const uint32_t first = any_u32();
    const uint32_t slot = any_below(SLOTS);
    const uint64_t seen = any_u64();
    const uint64_t next = any_u64();

    any_state();
    const uint8_t before = map.owners[slot];
    const bool done = cgdt_slotmap_release_begin_eight_(&map, first, seen, next);
    const bool mine = slot >= first && slot - first < 8;

    CLAIM(!done || (first % 8 == 0 && first < SLOTS && SLOTS - first >= 8), "of the map, aligned");
    CLAIM(!done || !mine || before == (uint8_t)(seen >> 8 * (slot - first)), "if all are as seen");
    CLAIM(!done || !mine || map.owners[slot] == (uint8_t)(next >> 8 * (slot - first)), "each so");
    CLAIM((done && mine) || map.owners[slot] == before, "and no other");
    CLAIM(done || first % 8 != 0 || first >= SLOTS || SLOTS - first < 8 ||
              seen !=
                  ((uint64_t)map.owners[first] | (uint64_t)map.owners[first + 1] << 8 |
                   (uint64_t)map.owners[first + 2] << 16 | (uint64_t)map.owners[first + 3] << 24 |
                   (uint64_t)map.owners[first + 4] << 32 | (uint64_t)map.owners[first + 5] << 40 |
                   (uint64_t)map.owners[first + 6] << 48 | (uint64_t)map.owners[first + 7] << 56),
          "done where all are as seen");
}
