/* SPDX-License-Identifier: MIT */
/* The lock-free bitmap tree seen by one CPU; several CPUs are the business of tests/interleave and stress. */
#include "../../alloc/slotmap.h"

#include "must.h"

#define NOWHERE 0xffffffffu

struct made {
    struct slotmap map;
    void *memory;
};

static struct made make(uint32_t slots, uint32_t shift, bool serialized)
{
    struct made made;
    const size_t bytes = cgdt_slotmap_bytes_(slots, shift);

    cr_assert_eq(bytes % 8, 0);
    made.memory = malloc(bytes);
    cr_assert_not_null(made.memory);
    memset(made.memory, 0x77, bytes);
    cgdt_slotmap_init_(&made.map, made.memory, slots, shift, serialized);
    return made;
}

static void publish_all(struct slotmap *map)
{
    for (uint32_t group = 0; group < map->groups; group++)
        cgdt_slotmap_publish_(map, group, cgdt_slotmap_mask_(map, group));
}

/* One slot by claim; NOWHERE if none was found. */
static uint32_t claim_one(struct slotmap *map)
{
    uint32_t group = NOWHERE;
    const uint64_t bits = cgdt_slotmap_claim_(map, 1, &group);

    if (bits == 0)
        return NOWHERE;
    MUST((bits & (bits - 1)) == 0, "more than one bit: %" PRIx64, bits);
    for (uint32_t bit = 0;; bit++)
        if (bits >> bit & 1)
            return (group << map->group_shift) + bit;
}

static void release(struct slotmap *map, uint32_t slot)
{
    MUST(cgdt_slotmap_release_begin_(map, slot, cgdt_slotmap_generation_(map, slot)), "%u", slot);
    cgdt_slotmap_release_end_(map, slot);
}

Test(slotmap, a_new_map_has_no_room)
{
    for (uint32_t shift = 0; shift <= 6; shift++) {
        struct made made = make(1000, shift, false);
        uint32_t group;

        cr_assert_eq(cgdt_slotmap_claim_(&made.map, 1, &group), 0);
        cr_assert_eq(cgdt_slotmap_claim_exact_(&made.map, 1, &group), 0);
        free(made.memory);
    }
}

Test(slotmap, slots_are_claimed_lowest_first_whatever_the_group_size)
{
    const uint32_t counts[] = {1, 2, 63, 64, 65, 1000, 4095, 4096, 4097, 300000};

    for (uint32_t shift = 0; shift <= 6; shift++)
        for (size_t i = 0; i < COUNT_OF(counts); i++)
            for (int serialized = 0; serialized < 2; serialized++) {
                struct made made = make(counts[i], shift, serialized != 0);

                publish_all(&made.map);
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
    struct made made = make(100000, 4, false);
    uint64_t seed = 31;

    publish_all(&made.map);
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
    struct made made = make(slots, 5, false);
    uint64_t seed = 32;

    publish_all(&made.map);
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

Test(slotmap, several_slots_of_a_group_are_claimed_at_once_lowest_first)
{
    struct made made = make(128, 6, false);
    uint32_t group = NOWHERE;

    publish_all(&made.map);
    cr_assert_eq(cgdt_slotmap_claim_(&made.map, 3, &group), 7);
    cr_assert_eq(cgdt_slotmap_claim_(&made.map, 5, &group), 0x1f << 3);
    cr_assert_eq(group, 0);
    cr_assert_eq(cgdt_slotmap_claim_(&made.map, 64, &group), ~0xffull, "what is left of group 0");
    cr_assert_eq(group, 0);
    cr_assert_eq(cgdt_slotmap_claim_(&made.map, 64, &group), ~0ull);
    cr_assert_eq(group, 1);
    free(made.memory);
}

Test(slotmap, the_last_group_may_be_a_part_of_one)
{
    struct made made = make(70, 6, false);

    cr_assert_eq(made.map.groups, 2);
    cr_assert_eq(cgdt_slotmap_mask_(&made.map, 0), ~0ull);
    cr_assert_eq(cgdt_slotmap_mask_(&made.map, 1), 0x3f);
    free(made.memory);
}

/* Claim everything, then free one slot: the summary says full or stale things above it. */
Test(slotmap, a_summary_gone_stale_hides_no_slot)
{
    for (uint32_t shift = 0; shift <= 6; shift += 3) {
        const uint32_t slots = 70000;
        struct made made = make(slots, shift, false);
        uint64_t seed = 33;

        publish_all(&made.map);
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
}

/* Every word above level 0 says "room" where there is none: the worst that staleness can do. */
Test(slotmap, a_summary_that_promises_too_much_costs_a_walk_and_no_slot)
{
    struct made made = make(4096 * 3, 0, false);

    publish_all(&made.map);
    for (uint32_t slot = 0; slot < 4096 * 3; slot++)
        MUST(claim_one(&made.map) == slot, "%u", slot);
    release(&made.map, 4096 * 3 - 1);
    for (uint32_t i = 0; i < 3 * 64; i++)
        made.map.level[1][i] = ~0ull;
    made.map.level[2][0] = ~0ull;
    uint32_t group = NOWHERE;
    uint64_t bits = 0;
    for (int walks = 0; walks < 200 && bits == 0; walks++)
        bits = cgdt_slotmap_claim_(&made.map, 1, &group);
    cr_assert_eq(bits, 1);
    cr_assert_eq(group, 4096 * 3 - 1);
    free(made.memory);
}

Test(slotmap, claim_exact_finds_what_the_summary_denies)
{
    struct made made = make(1000, 2, false);
    uint32_t group = NOWHERE;

    publish_all(&made.map);
    for (uint32_t level = 1; level <= made.map.top; level++)
        made.map.level[level][0] = 0;
    cr_assert_eq(cgdt_slotmap_claim_exact_(&made.map, 1, &group), 1);
    cr_assert_eq(group, 0);
    free(made.memory);
}

Test(slotmap, a_group_retires_only_when_all_of_it_is_free)
{
    for (uint32_t shift = 0; shift <= 6; shift++) {
        const uint32_t size = 1u << shift;
        struct made made = make(size * 3, shift, false);

        publish_all(&made.map);
        for (uint32_t i = 0; i < size; i++)
            cr_assert_eq(claim_one(&made.map), i);
        for (uint32_t i = 0; i < size; i++) {
            cr_assert_not(cgdt_slotmap_retire_(&made.map, 0), "%u of %u are free", i, size);
            release(&made.map, i);
        }
        cr_assert(cgdt_slotmap_retire_(&made.map, 0));
        cr_assert_eq(cgdt_slotmap_free_bits_(&made.map, 0), 0);
        cr_assert_not(cgdt_slotmap_retire_(&made.map, 0), "it is gone already");
        cr_assert_eq(claim_one(&made.map), size, "nothing of a retired group is handed out");
        free(made.memory);
    }
}

Test(slotmap, a_partial_last_group_retires_too)
{
    struct made made = make(70, 6, false);

    publish_all(&made.map);
    cr_assert(cgdt_slotmap_retire_(&made.map, 1));
    cgdt_slotmap_publish_(&made.map, 1, 0x3f);
    for (uint32_t i = 0; i < 65; i++)
        cr_assert_eq(claim_one(&made.map), i);
    cr_assert_not(cgdt_slotmap_retire_(&made.map, 1));
    free(made.memory);
}

Test(slotmap, a_retired_group_comes_back_when_published)
{
    struct made made = make(10000, 0, false);

    publish_all(&made.map);
    for (uint32_t group = 0; group < 10000; group++)
        MUST(cgdt_slotmap_retire_(&made.map, group), "%u", group);
    cr_assert_eq(claim_one(&made.map), NOWHERE);
    cgdt_slotmap_publish_(&made.map, 9999, 1);
    cgdt_slotmap_publish_(&made.map, 5000, 1);
    cr_assert_eq(claim_one(&made.map), 5000);
    cr_assert_eq(claim_one(&made.map), 9999);
    free(made.memory);
}

Test(slotmap, the_generation_flips_with_each_release)
{
    struct made made = make(100, 3, false);

    publish_all(&made.map);
    for (uint32_t round = 0; round < 6; round++) {
        cr_assert_eq(claim_one(&made.map), 0);
        cr_assert_eq(cgdt_slotmap_generation_(&made.map, 0), round & 1u);
        release(&made.map, 0);
        cr_assert_eq(cgdt_slotmap_generation_(&made.map, 1), 0, "the neighbour's stays");
    }
    free(made.memory);
}

Test(slotmap, a_second_release_of_the_same_generation_is_refused)
{
    for (int serialized = 0; serialized < 2; serialized++) {
        struct made made = make(100, 3, serialized != 0);

        publish_all(&made.map);
        for (uint32_t generation = 0; generation < 2; generation++) {
            const uint32_t slot = claim_one(&made.map);

            cr_assert(cgdt_slotmap_release_begin_(&made.map, slot, generation));
            cr_assert_not(cgdt_slotmap_release_begin_(&made.map, slot, generation));
            cr_assert_not(cgdt_slotmap_is_free_(&made.map, slot), "still releasing");
            cgdt_slotmap_release_end_(&made.map, slot);
            cr_assert(cgdt_slotmap_is_free_(&made.map, slot));
        }
        free(made.memory);
    }
}

Test(slotmap, a_release_that_is_aborted_leaves_the_owner)
{
    struct made made = make(100, 3, false);

    publish_all(&made.map);
    for (uint32_t generation = 0; generation < 2; generation++) {
        const uint32_t slot = claim_one(&made.map);

        cr_assert(cgdt_slotmap_release_begin_(&made.map, slot, generation));
        cgdt_slotmap_release_abort_(&made.map, slot, generation);
        cr_assert_eq(cgdt_slotmap_generation_(&made.map, slot), generation);
        cr_assert_not(cgdt_slotmap_is_free_(&made.map, slot));
        release(&made.map, slot);
    }
    free(made.memory);
}

Test(slotmap, sixteen_million_groups_of_one_slot)
{
    struct made made = make(1u << 24, 0, false);

    cr_assert_leq(cgdt_slotmap_bytes_(1u << 24, 0), (size_t)17 << 24, "8 + 8 and the tree above");
    cgdt_slotmap_publish_(&made.map, 0xffffff, 1);
    cgdt_slotmap_publish_(&made.map, 0x800000, 1);
    cgdt_slotmap_publish_(&made.map, 0x7fffff, 1);
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
    for (uint32_t shift = 0; shift <= 6; shift++)
        for (uint32_t power = 6; power <= 24; power += 6)
            for (uint32_t around = 0; around < 3; around++) {
                const uint32_t slots = (1u << power) - 1 + around;

                if (slots > 1u << 24 || (power == 24 && shift < 4))
                    continue;
                struct made made = make(slots, shift, false);
                const uint32_t last = made.map.groups - 1;
                const uint32_t highest = slots - 1;

                cgdt_slotmap_publish_(&made.map, last, 1ull << (highest & ((1u << shift) - 1)));
                MUST(claim_one(&made.map) == highest, "%u slots, shift %u", slots, shift);
                free(made.memory);
            }
}
