/* SPDX-License-Identifier: MIT */
/*
 * The lock-free bitmap tree seen by one CPU; several CPUs are the business of tests/interleave and
 * stress.
 */
#include "../../alloc/slotmap.h"

#include "must.h"

#define NOWHERE 0xffffffffu

struct made {
    struct slotmap map;
    void *memory;
};

static struct made make(uint32_t slots, bool serialized)
{
    struct made made = {.map.slots = 0};
    const size_t bytes = cgdt_slotmap_bytes_(slots);

    cr_assert_eq(bytes % 8, 0);
    made.memory = calloc(1, bytes);
    cr_assert_not_null(made.memory);
    cgdt_slotmap_init_(&made.map, made.memory, slots, serialized);
    cgdt_slotmap_cover_(&made.map, slots - 1);
    return made;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* As pages of 2^shift slots come: each one a range. */
static void publish_all(struct slotmap *map, uint32_t shift)
{
    for (uint32_t slot = 0; slot < map->slots; slot += 1u << shift)
        cgdt_slotmap_publish_bits_(map, slot,
                                   ~0ull >> (64 - least(1u << shift, map->slots - slot)));
}

/* One slot by claim, owned; NOWHERE if none was found. */
static uint32_t claim_one(struct slotmap *map)
{
    uint32_t first = NOWHERE;
    const uint64_t bits = cgdt_slotmap_claim_(map, 1, &first);

    if (bits == 0)
        return NOWHERE;
    MUST((bits & (bits - 1)) == 0, "more than one bit: %" PRIx64, bits);
    for (uint32_t bit = 0;; bit++)
        if (bits >> bit & 1) {
            cgdt_slotmap_own_(map, first + bit, 0);
            return first + bit;
        }
}

static void release(struct slotmap *map, uint32_t slot)
{
    MUST(cgdt_slotmap_release_begin_(map, slot, cgdt_slotmap_generation_(map, slot), 0,
                                     &(uint8_t){0}),
         "%u", slot);
    cgdt_slotmap_publish_bits_(map, slot, 1);
}

static bool is_free(const struct slotmap *map, uint32_t slot)
{
    return cgdt_slotmap_free_bits_(map, slot, 1) != 0;
}

Test(slotmap, a_new_map_has_no_room)
{
    struct made made = make(1000, false);
    uint32_t first;

    cr_assert_eq(cgdt_slotmap_claim_(&made.map, 1, &first), 0);
    cr_assert_eq(cgdt_slotmap_take_slowly_(&made.map), CGDT_SLOTMAP_NONE);
    free(made.memory);
}

Test(slotmap, slots_are_claimed_lowest_first_whatever_the_ranges)
{
    const uint32_t counts[] = {1, 2, 63, 64, 65, 1000, 4095, 4096, 4097, 300000};

    for (uint32_t shift = 0; shift <= 6; shift++)
        for (size_t i = 0; i < COUNT_OF(counts); i++)
            for (int serialized = 0; serialized < 2; serialized++) {
                struct made made = make(counts[i], serialized != 0);

                publish_all(&made.map, shift);
                for (uint32_t slot = 0; slot < counts[i]; slot++) {
                    const uint32_t got = claim_one(&made.map);

                    MUST(got == slot, "%u slots, shift %u: %u, not %u", counts[i], shift, got,
                         slot);
                }
                MUST(claim_one(&made.map) == NOWHERE, "one too many of %u", counts[i]);
                free(made.memory);
            }
}

Test(slotmap, a_released_slot_is_claimed_before_higher_ones)
{
    struct made made = make(100000, false);
    uint64_t seed = 31;

    publish_all(&made.map, 4);
    for (uint32_t i = 0; i < 50000; i++)
        (void)claim_one(&made.map);
    for (int i = 0; i < 20000; i++) {
        const uint32_t low = random_below(&seed, 50000);

        release(&made.map, low);
        const uint32_t got = claim_one(&made.map);
        MUST(got == low, "%u, not %u", got, low);
    }
    free(made.memory);
}

Test(slotmap, a_random_sequence_follows_a_plain_array)
{
    enum {
        slots = 4000
    };
    static uint8_t owned[slots];
    struct made made = make(slots, false);
    uint64_t seed = 32;

    publish_all(&made.map, 4);
    for (int i = 0; i < 200000; i++) {
        const uint32_t slot = random_below(&seed, slots);

        if (owned[slot]) {
            release(&made.map, slot);
            owned[slot] = 0;
            continue;
        }
        const uint8_t *lowest = memchr(owned, 0, slots);
        const uint32_t got = claim_one(&made.map);
        MUST(lowest && got == (uint32_t)(lowest - owned), "step %d: %u", i, got);
        owned[got] = 1;
    }
    free(made.memory);
}

Test(slotmap, several_slots_of_a_word_are_claimed_at_once_lowest_first)
{
    struct made made = make(128, false);
    uint32_t first = NOWHERE;

    publish_all(&made.map, 6);
    cr_assert_eq(cgdt_slotmap_claim_(&made.map, 3, &first), 7);
    cr_assert_eq(cgdt_slotmap_claim_(&made.map, 5, &first), 0x1f << 3);
    cr_assert_eq(first, 0);
    cr_assert_eq(cgdt_slotmap_claim_(&made.map, 64, &first), ~0xffull, "what is left of the word");
    cr_assert_eq(first, 0);
    cr_assert_eq(cgdt_slotmap_claim_(&made.map, 64, &first), ~0ull);
    cr_assert_eq(first, 64);
    free(made.memory);
}

/* Of any word below a summary that promises too much, against what its bits say one by one. */
Test(slotmap, as_many_as_are_asked_for_come_from_the_lowest_word_at_once_or_none)
{
    uint64_t seed = 5;

    for (uint32_t i = 0; i < 20000; i++) {
        struct made made = make(192, i % 2 != 0);
        const uint32_t n = 1 + random_below(&seed, 64);
        const uint64_t holes = (uint64_t)random_below(&seed, ~0u) << random_below(&seed, 33);
        uint64_t rest = i % 7 != 0 ? ~holes : ~0ull;
        uint32_t first = NOWHERE;

        cgdt_slotmap_publish_bits_(&made.map, i % 3 * 64, rest);
        made.map.level[1][0] = 7;
        const uint64_t got = cgdt_slotmap_claim_all_(&made.map, n, &first);
        for (uint32_t bit = 0, left = n; bit < 64 && left != 0 && got != 0; bit++)
            if (rest >> bit & 1) {
                rest ^= 1ull << bit;
                left--;
            }
        MUST(made.map.level[0][i % 3] == rest, "%u, got %" PRIx64, n, got);
        MUST(got == 0 ? __builtin_popcountll(rest) < (int)n : first == i % 3 * 64, "%u of it", n);
        free(made.memory);
    }
}

/* Memory is aligned to words only. */
Test(slotmap, owners_begin_a_line_and_end_in_the_map_wherever_its_memory_begins)
{
    static _Alignas(64) unsigned char memory[32768];

    for (uint32_t slots = 1; slots <= 12000; slots += slots < 600 ? 1 : 61)
        for (size_t word = 0; word < 8; word++) {
            unsigned char *begin = memory + word * sizeof(cgdt_word_t);
            struct slotmap map = {0};

            cgdt_slotmap_init_(&map, begin, slots, false);
            const unsigned char *marks = (unsigned char *)cgdt_slotmap_marks_(&map, slots - 1);
            const unsigned char *tree_end = (unsigned char *)(map.level[map.top] + 1);
            MUST((uintptr_t)map.owners % 64 == 0, "%u slots", slots);
            MUST(map.owners + slots <= begin + cgdt_slotmap_bytes_(slots), "%u slots", slots);
            MUST((uintptr_t)marks / 64 > (uintptr_t)(tree_end - 1) / 64, "%u slots", slots);
        }
}

Test(slotmap, where_all_that_the_summary_promises_is_gone_the_first_look_finds_none)
{
    for (uint32_t words = 2; words <= 40; words++) {
        struct made made = make(words * 64, false);
        const uint64_t promised = (1ull << words) - 1;
        uint32_t slot = NOWHERE;

        made.map.level[1][0] = promised;
        MUST(!cgdt_slotmap_take_at_once_(&made.map, false, &slot), "%u words", words);
        MUST(made.map.level[1][0] == promised, "%u words", words);
        free(made.memory);
    }
}

Test(slotmap, a_claim_of_all_clears_what_is_stale_and_comes_to_an_end)
{
    struct made made = make(65 * 64, false);
    uint32_t first = NOWHERE;

    made.map.level[1][0] = ~0ull;
    made.map.level[1][1] = 1;
    made.map.level[2][0] = 3;
    cr_assert_eq(cgdt_slotmap_claim_all_(&made.map, 1, &first), 0);
    cr_assert_eq(made.map.level[1][0], 0);
    cgdt_slotmap_publish_bits_(&made.map, 64 * 64, 1);
    cr_assert_eq(cgdt_slotmap_claim_all_(&made.map, 1, &first), 1);
    cr_assert_eq(first, 64 * 64);
    free(made.memory);
}

/* Claim everything, then free one slot: the summary says full or stale things above it. */
Test(slotmap, a_summary_gone_stale_hides_no_slot)
{
    const uint32_t slots = 270000; /* 4 levels */
    struct made made = make(slots, false);
    uint64_t seed = 33;

    cr_assert_eq(made.map.top, 3);
    publish_all(&made.map, 6);
    while (claim_one(&made.map) != NOWHERE)
        ;
    for (int i = 0; i < 3000; i++) {
        const uint32_t slot = random_below(&seed, slots);

        release(&made.map, slot);
        const uint32_t got = claim_one(&made.map);
        MUST(got == slot, "%u was freed, %u found", slot, got);
        if (i % 2)
            MUST(claim_one(&made.map) == NOWHERE, "step %d", i);
    }
    free(made.memory);
}

/*
 * Every word above level 0 says "room" where there is none: the worst that staleness can do. The
 * slot is behind 191 words that promise in vain, far more than one claim tries by the summary.
 */
Test(slotmap, the_first_claim_finds_the_slot_behind_a_summary_that_promises_too_much)
{
    const uint32_t slots = 4096 * 3;
    struct made made = make(slots, false);

    publish_all(&made.map, 4);
    for (uint32_t slot = 0; slot < slots; slot++)
        MUST(claim_one(&made.map) == slot, "%u", slot);
    release(&made.map, slots - 1);
    for (uint32_t i = 0; i < 3; i++)
        made.map.level[1][i] = ~0ull;
    made.map.level[2][0] = 7;
    uint32_t first = NOWHERE;
    cr_assert_eq(cgdt_slotmap_claim_(&made.map, 1, &first), 1ull << 63);
    cr_assert_eq(first, slots - 64);
    cr_assert_eq(cgdt_slotmap_claim_(&made.map, 1, &first), 0, "and there is no other");
    free(made.memory);
}

/* Maps of one level, of two, of three and of four. */
static const uint32_t depths[] = {64, 4096, 200000, 300000};

/* The word above a slot, `level` levels up. */
static cgdt_word_t *word_above(const struct slotmap *map, uint32_t slot, uint32_t level)
{
    return &map->level[level][slot >> 6 * (level + 1)];
}

Test(slotmap, the_first_look_finds_the_only_free_slot_wherever_it_is)
{
    uint64_t seed = 7;

    for (size_t i = 0; i < COUNT_OF(depths); i++)
        for (int plain = 0; plain < 2; plain++) {
            struct made made = make(depths[i], plain != 0);

            for (int k = 0; k < 2000; k++) {
                const uint32_t only = random_below(&seed, depths[i]);
                uint32_t got = NOWHERE;

                cgdt_slotmap_publish_bits_(&made.map, only, 1);
                const bool found = cgdt_slotmap_take_at_once_(&made.map, plain != 0, &got);
                MUST(found && got == only, "of %u, %u: %u", depths[i], only, got);
                MUST(!is_free(&made.map, only), "%u", only);
                cr_assert_eq(claim_one(&made.map), NOWHERE); /* and clears what is stale */
            }
            free(made.memory);
        }
}

Test(slotmap, the_first_look_believes_no_level_that_is_stale)
{
    for (size_t i = 0; i < COUNT_OF(depths); i++) {
        struct made made = make(depths[i], false);
        const uint32_t last = depths[i] - 1;
        uint32_t got;

        cgdt_slotmap_publish_bits_(&made.map, last, 1);
        cr_assert(cgdt_slotmap_take_at_once_(&made.map, false, &got));
        for (uint32_t level = 0; level <= made.map.top; level++) {
            *word_above(&made.map, last, level) = 0;
            MUST(!cgdt_slotmap_take_at_once_(&made.map, false, &got), "level %u", level);
        }
        free(made.memory);
    }
}

Test(slotmap, a_slot_put_back_says_which_summary_lacks_it)
{
    for (size_t i = 0; i < COUNT_OF(depths); i++) {
        struct made made = make(depths[i], false);
        const uint32_t last = depths[i] - 1;

        cgdt_slotmap_publish_bits_(&made.map, last, 1);
        cr_assert(cgdt_slotmap_put_(&made.map, false, last));
        for (uint32_t level = 1; level <= made.map.top; level++) {
            cgdt_word_t *word = word_above(&made.map, last, level);
            const cgdt_word_t whole = *word;

            *word = 0;
            MUST(!cgdt_slotmap_put_(&made.map, false, last), "level %u", level);
            *word = whole;
        }
        free(made.memory);
    }
}

Test(slotmap, claim_exact_finds_what_the_summary_denies)
{
    struct made made = make(1000, false);
    uint32_t first = NOWHERE;

    publish_all(&made.map, 2);
    for (uint32_t level = 1; level <= made.map.top; level++)
        made.map.level[level][0] = 0;
    cr_assert_eq(cgdt_slotmap_take_slowly_(&made.map), 0);
    cr_assert_eq(cgdt_slotmap_claim_(&made.map, 1, &first), 2);
    cr_assert_eq(first, 0);
    free(made.memory);
}

Test(slotmap, a_range_retires_only_when_all_of_it_is_free)
{
    for (uint32_t shift = 0; shift <= 6; shift++)
        for (int serialized = 0; serialized < 2; serialized++) {
            const uint32_t size = 1u << shift;
            struct made made = make(size * 3, serialized != 0);

            publish_all(&made.map, shift);
            for (uint32_t i = 0; i < size; i++)
                cr_assert_eq(claim_one(&made.map), i);
            for (uint32_t i = 0; i < size; i++) {
                cr_assert_not(cgdt_slotmap_retire_(&made.map, 0, size), "%u of %u are free", i,
                              size);
                release(&made.map, i);
            }
            cr_assert(cgdt_slotmap_retire_(&made.map, 0, size));
            cr_assert_eq(cgdt_slotmap_free_bits_(&made.map, 0, size), 0);
            cr_assert_not(cgdt_slotmap_retire_(&made.map, 0, size), "it is gone already");
            cr_assert_eq(claim_one(&made.map), size, "nothing of a retired range is handed out");
            free(made.memory);
        }
}

Test(slotmap, a_range_retires_from_a_word_whose_others_stay)
{
    struct made made = make(64, false);

    publish_all(&made.map, 4);
    cr_assert(cgdt_slotmap_retire_(&made.map, 16, 16));
    cr_assert_eq(made.map.level[0][0], 0xffffffff0000ffffull);
    cr_assert_eq(cgdt_slotmap_free_bits_(&made.map, 16, 16), 0);
    cr_assert_eq(cgdt_slotmap_free_bits_(&made.map, 32, 16), 0xffff);
    cgdt_slotmap_publish_bits_(&made.map, 16, 0xffff);
    cr_assert_eq(made.map.level[0][0], ~0ull);
    free(made.memory);
}

Test(slotmap, a_part_of_a_range_at_the_end_retires_too)
{
    struct made made = make(70, false);

    publish_all(&made.map, 6);
    cr_assert(cgdt_slotmap_retire_(&made.map, 64, 6));
    cgdt_slotmap_publish_bits_(&made.map, 64, 0x3f);
    for (uint32_t i = 0; i < 65; i++)
        cr_assert_eq(claim_one(&made.map), i);
    cr_assert_not(cgdt_slotmap_retire_(&made.map, 64, 6));
    free(made.memory);
}

Test(slotmap, a_retired_range_comes_back_when_published)
{
    struct made made = make(10000, false);

    publish_all(&made.map, 0);
    for (uint32_t slot = 0; slot < 10000; slot++)
        MUST(cgdt_slotmap_retire_(&made.map, slot, 1), "%u", slot);
    cr_assert_eq(claim_one(&made.map), NOWHERE);
    cgdt_slotmap_publish_bits_(&made.map, 9999, 1);
    cgdt_slotmap_publish_bits_(&made.map, 5000, 1);
    cr_assert_eq(claim_one(&made.map), 5000);
    cr_assert_eq(claim_one(&made.map), 9999);
    free(made.memory);
}

Test(slotmap, the_generation_goes_up_with_each_release_and_round)
{
    struct made made = make(100, false);

    publish_all(&made.map, 3);
    for (uint32_t round = 0; round < 200; round++) {
        cr_assert_eq(claim_one(&made.map), 0);
        cr_assert_eq(cgdt_slotmap_generation_(&made.map, 0), round % CGDT_SLOTMAP_GENERATIONS);
        release(&made.map, 0);
        cr_assert_eq(cgdt_slotmap_generation_(&made.map, 1), 0, "the neighbour's stays");
    }
    free(made.memory);
}

Test(slotmap, a_second_release_of_the_same_generation_is_refused)
{
    for (int serialized = 0; serialized < 2; serialized++) {
        struct made made = make(100, serialized != 0);

        publish_all(&made.map, 3);
        for (uint32_t generation = 0; generation < 130; generation++) {
            const uint32_t now = generation % CGDT_SLOTMAP_GENERATIONS;
            const uint32_t slot = claim_one(&made.map);

            cr_assert(cgdt_slotmap_release_begin_(&made.map, slot, now, 0, &(uint8_t){0}));
            cr_assert_not(cgdt_slotmap_release_begin_(&made.map, slot, now, 0, &(uint8_t){0}));
            cr_assert_not(is_free(&made.map, slot), "still releasing");
            cgdt_slotmap_publish_bits_(&made.map, slot, 1);
            cr_assert(is_free(&made.map, slot));
        }
        free(made.memory);
    }
}

/* Absent, free, claimed and releasing slots, whatever generation is shown. */
static void must_be_nobodys(struct slotmap *map, uint32_t slot, const char *state)
{
    for (uint32_t generation = 0; generation < CGDT_SLOTMAP_GENERATIONS; generation++) {
        MUST(!cgdt_slotmap_is_owned_(cgdt_slotmap_owner_(map, slot), generation), "%s, %u", state,
             generation);
        MUST(!cgdt_slotmap_release_begin_(map, slot, generation, 0, &(uint8_t){0}), "%s, %u", state,
             generation);
    }
}

Test(slotmap, only_an_owned_slot_can_be_released_by_its_generation_alone)
{
    struct made made = make(100, false);
    uint32_t first;

    must_be_nobodys(&made.map, 5, "absent");
    cgdt_slotmap_publish_bits_(&made.map, 5, 1);
    must_be_nobodys(&made.map, 5, "free");
    cr_assert_eq(cgdt_slotmap_claim_(&made.map, 1, &first), 1 << 5);
    must_be_nobodys(&made.map, 5, "claimed");
    cgdt_slotmap_own_(&made.map, 5, 0);
    cr_assert(cgdt_slotmap_is_owned_(cgdt_slotmap_owner_(&made.map, 5), 0));
    for (uint32_t other = 1; other < CGDT_SLOTMAP_GENERATIONS; other++)
        cr_assert_not(cgdt_slotmap_release_begin_(&made.map, 5, other, 0, &(uint8_t){0}));
    cr_assert(cgdt_slotmap_release_begin_(&made.map, 5, 0, 0, &(uint8_t){0}));
    must_be_nobodys(&made.map, 5, "releasing");
    cgdt_slotmap_publish_bits_(&made.map, 5, 1);
    must_be_nobodys(&made.map, 5, "free again");
    cr_assert(cgdt_slotmap_retire_(&made.map, 5, 1));
    must_be_nobodys(&made.map, 5, "retired");
    free(made.memory);
}

Test(slotmap, a_release_that_is_aborted_leaves_the_owner)
{
    struct made made = make(100, false);

    publish_all(&made.map, 3);
    for (uint32_t generation = 0; generation < CGDT_SLOTMAP_GENERATIONS; generation++) {
        const uint32_t slot = claim_one(&made.map);

        cr_assert(cgdt_slotmap_release_begin_(&made.map, slot, generation, 0, &(uint8_t){0}));
        cgdt_slotmap_release_abort_(&made.map, slot, generation, 0);
        cr_assert(cgdt_slotmap_is_owned_(cgdt_slotmap_owner_(&made.map, slot), generation));
        cr_assert_not(is_free(&made.map, slot));
        release(&made.map, slot);
    }
    free(made.memory);
}

Test(slotmap, sixteen_million_slots)
{
    struct made made = make(1u << 24, false);

    cr_assert_leq(cgdt_slotmap_bytes_(1u << 24), (size_t)(1.252 * (1 << 24)),
                  "a byte, two bits, and 1/63 of one");
    cgdt_slotmap_publish_bits_(&made.map, 0xffffff, 1);
    cgdt_slotmap_publish_bits_(&made.map, 0x800000, 1);
    cgdt_slotmap_publish_bits_(&made.map, 0x7fffff, 1);
    cr_assert_eq(claim_one(&made.map), 0x7fffff);
    cr_assert_eq(claim_one(&made.map), 0x800000);
    cr_assert_eq(claim_one(&made.map), 0xffffff);
    cr_assert_eq(claim_one(&made.map), NOWHERE);
    release(&made.map, 0xffffff);
    cr_assert_eq(claim_one(&made.map), 0xffffff);
    free(made.memory);
}

Test(slotmap, every_size_near_a_level_boundary_reaches_its_last_slot)
{
    for (uint32_t power = 6; power <= 24; power += 6)
        for (uint32_t around = 0; around < 3; around++) {
            const uint32_t slots = (1u << power) - 1 + around;

            if (slots > 1u << 24)
                continue;
            struct made made = make(slots, false);

            cgdt_slotmap_publish_bits_(&made.map, slots - 1, 1);
            MUST(claim_one(&made.map) == slots - 1, "%u slots", slots);
            free(made.memory);
        }
}
