/* SPDX-License-Identifier: MIT */
/* cgdt_free_bulk(): what goes, what stays, and what is left in the caller's array. */
#include "fixture.h"

#define SLOTS 200u
#define CODE  (-4321)

/* 200 slots of 32 entries, 16 to a page, 2 pages to a window, all owned. */
static void open_full(struct fixture *fixture, cgdt_slot_t *slots)
{
    fixture_prepare(fixture, 32, 2, SLOTS);
    fixture_open_live(fixture);
    for (uint32_t i = 0; i < SLOTS; i++)
        slots[i] = fixture_alloc(fixture);
}

static void must_be_freed(struct fixture *fixture, const cgdt_slot_t *slots, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        MUST(slots[i] == CGDT_NO_SLOT, "%u is left: %x", i, slots[i]);
    MUST(fixture_stats(fixture).taken_slots == SLOTS - n, "not %u went", n);
    fixture_must_be_sound(fixture, "after a bulk free");
}

Test(free_bulk, any_number_from_any_slot_on)
{
    for (uint32_t first = 0; first < 20; first++)
        for (uint32_t n = 0; n < 75; n += 1 + n / 20) {
            struct fixture fixture;
            cgdt_slot_t slots[SLOTS];

            open_full(&fixture, slots);
            cr_assert_eq(cgdt_free_bulk(fixture.pool, n, &slots[first]), 0);
            must_be_freed(&fixture, &slots[first], n);
            for (uint32_t i = 0; i < n; i++)
                MUST(fixture_alloc(&fixture) == next_owner(first + i + 1), "slot %u", first + i);
            fixture_free_all(&fixture);
            fixture_close(&fixture);
        }
}

Test(free_bulk, any_order_and_generation)
{
    struct fixture fixture;
    cgdt_slot_t slots[SLOTS];
    uint64_t seed = 41;

    open_full(&fixture, slots);
    for (int round = 0; round < 200; round++) {
        const uint32_t n = random_below(&seed, SLOTS);

        for (uint32_t i = 0; i < SLOTS; i++) {
            const uint32_t other = random_below(&seed, SLOTS);
            const cgdt_slot_t swapped = slots[i];

            slots[i] = slots[other];
            slots[other] = swapped;
        }
        cr_assert_eq(cgdt_free_bulk(fixture.pool, n, slots), 0);
        must_be_freed(&fixture, slots, n);
        for (uint32_t i = 0; i < n; i++)
            slots[i] = fixture_alloc(&fixture);
    }
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

/* At each place of eight that are taken at once, and behind them. */
Test(free_bulk, one_handle_that_is_not_its_owners_and_nothing_happens)
{
    for (uint32_t place = 0; place < 20; place++)
        for (int kind = 0; kind < 5; kind++) {
            const int wanted[] = {-CGDT_ESTALE, -CGDT_ENOENT, -CGDT_ENOENT, -CGDT_ESTALE,
                                  -CGDT_ESTALE};
            struct fixture fixture;
            struct snapshot before;
            cgdt_slot_t slots[SLOTS];

            open_full(&fixture, slots);
            const cgdt_slot_t bad[] = {next_owner(slots[place]), CGDT_NO_SLOT, SLOTS + 1,
                                       slots[place] | 1u << 25, slots[(place + 1) % 20]};
            slots[place] = bad[kind];
            cgdt_slot_t given[SLOTS];
            memcpy(given, slots, sizeof(given));
            snapshot_take(&before, &fixture);
            const int result = cgdt_free_bulk(fixture.pool, 20, slots);
            MUST(result == wanted[kind], "place %u, kind %d: %d", place, kind, result);
            MUST(snapshot_same(&before, &fixture), "place %u, kind %d: memory", place, kind);
            MUST(memcmp(given, slots, sizeof(given)) == 0, "place %u, kind %d: slots", place, kind);
            fixture_free_all(&fixture);
            fixture_close(&fixture);
        }
}

Test(free_bulk, slots_that_the_port_will_not_zero_stay_and_the_others_go)
{
    for (uint32_t n = 1; n <= 16; n++) {
        struct fixture fixture;
        cgdt_slot_t slots[SLOTS];

        open_full(&fixture, slots);
        const cgdt_slot_t kept = slots[n - 1];
        faulty_arm(&fixture.faulty, 1u << FAULTY_LIVE_WRITE, n, CODE);
        cr_assert_eq(cgdt_free_bulk(fixture.pool, 16, slots), CODE);
        faulty_arm(&fixture.faulty, 0, 0, 0);
        for (uint32_t i = 0; i < 16; i++)
            MUST(slots[i] == (i == n - 1 ? kept : CGDT_NO_SLOT), "%u: %x", i, slots[i]);
        cr_assert_eq(fixture_stats(&fixture).taken_slots, SLOTS - 15);
        fixture_must_be_sound(&fixture, "one stays");
        cr_assert_eq(cgdt_free(fixture.pool, kept), 0);
        fixture_free_all(&fixture);
        fixture_close(&fixture);
    }
}

Test(free_bulk, the_first_of_several_refusals_is_reported)
{
    struct fixture fixture;
    cgdt_slot_t slots[SLOTS];

    open_full(&fixture, slots);
    faulty_arm(&fixture.faulty, 1u << FAULTY_LIVE_WRITE, 3, CODE);
    fixture.faulty.from_then_on = true;
    cr_assert_eq(cgdt_free_bulk(fixture.pool, 8, slots), CODE);
    cr_assert_eq(slots[1], CGDT_NO_SLOT);
    cr_assert_eq(cgdt_free_bulk(fixture.pool, 6, &slots[2]), CODE, "none of them can go");
    faulty_arm(&fixture.faulty, 0, 0, 0);
    for (uint32_t i = 2; i < 8; i++)
        MUST(cgdt_free(fixture.pool, slots[i]) == 0, "%u", i);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(free_bulk, zero_and_huge_and_null)
{
    struct fixture fixture;
    cgdt_slot_t slots[SLOTS];

    open_full(&fixture, slots);
    cr_assert_eq(cgdt_free_bulk(fixture.pool, 0, NULL), 0);
    cr_assert_eq(cgdt_free_bulk(fixture.pool, 1, NULL), -CGDT_EINVAL);
    cr_assert_eq(cgdt_free_bulk(fixture.pool, CGDT_MAX_SLOTS + 1, slots), -CGDT_EINVAL);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, SLOTS);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(free_bulk, a_serialized_pool_too)
{
    struct fixture fixture;
    cgdt_slot_t slots[SLOTS];

    fixture_prepare(&fixture, 8, 2, SLOTS);
    fixture.config.serialized = true;
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, SLOTS, slots), 0);
    const cgdt_slot_t stale = slots[11];
    cr_assert_eq(cgdt_free_bulk(fixture.pool, 100, slots), 0);
    must_be_freed(&fixture, slots, 100);
    slots[107] = stale;
    cr_assert_eq(cgdt_free_bulk(fixture.pool, 100, &slots[100]), -CGDT_ESTALE);
    /* Eight in one word, of which one has a new owner. */
    for (uint32_t i = 0; i < 8; i++)
        slots[i] = i == 3 ? next_owner(8 + i + 1) : 8 + i + 1;
    cr_assert_eq(fixture_alloc(&fixture), next_owner(1));
    cr_assert_eq(cgdt_free_bulk(fixture.pool, 8, slots), -CGDT_ESTALE);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 101);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

/* The last slots of a pool are fewer than eight. */
Test(free_bulk, eight_handles_at_the_end_of_a_pool_of_fewer)
{
    struct fixture fixture;
    cgdt_slot_t slots[8];

    fixture_prepare(&fixture, 32, 1, 12);
    fixture_open_live(&fixture);
    for (uint32_t i = 0; i < 12; i++)
        (void)fixture_alloc(&fixture);
    for (uint32_t i = 0; i < 8; i++)
        slots[i] = 8 + i + 1;
    cr_assert_eq(cgdt_free_bulk(fixture.pool, 8, slots), -CGDT_ENOENT);
    for (uint32_t i = 0; i < 8; i++)
        slots[i] = 16 + i + 1;
    cr_assert_eq(cgdt_free_bulk(fixture.pool, 8, slots), -CGDT_ENOENT);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 12);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}
