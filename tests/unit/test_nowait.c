/* SPDX-License-Identifier: MIT */
/*
 * cgdt_alloc_nowait(): a slot that is there, or -CGDT_EAGAIN; never the lock, never a page. And a
 * bulk where one word has all of it.
 */
#include "fixture.h"

#define CODE (-4321)

/* 40 slots of 16 to a page; `reserved` of them in service. */
static void open_pool(struct fixture *fixture, uint32_t reserved)
{
    fixture_prepare(fixture, 32, 2, 40);
    fixture_open_live(fixture);
    cr_assert_eq(cgdt_reserve(fixture->pool, reserved), 0);
}

/* Every operation but live_write fails from now on, and the lock counts as one that was tried. */
static uint32_t leave_alone(struct fixture *fixture)
{
    faulty_arm(&fixture->faulty, FAULTY_ANY & ~(1u << FAULTY_LIVE_WRITE), 1, CODE);
    fixture->faulty.from_then_on = true;
    return fixture->faulty.tried[FAULTY_LOCK];
}

static void close_pool(struct fixture *fixture)
{
    faulty_arm(&fixture->faulty, 0, 0, 0);
    fixture_must_be_sound(fixture, "at the end");
    fixture_free_all(fixture);
    fixture_close(fixture);
}

Test(nowait, it_gives_the_slots_that_alloc_would_give)
{
    struct fixture fixture, other;

    open_pool(&fixture, 40);
    open_pool(&other, 40);
    for (uint32_t i = 0; i < 40; i++) {
        cgdt_slot_t slot = CGDT_NO_SLOT;

        MUST(cgdt_alloc_nowait(fixture.pool, &slot) == 0, "slot %u", i);
        MUST(slot == fixture_alloc(&other), "slot %u: %x", i, slot);
        MUST(memcmp(fixture_slot(&fixture, slot), fixture_slot(&other, slot), 32 * 8) == 0,
             "slot %u: contents", i);
    }
    close_pool(&fixture);
    close_pool(&other);
}

Test(nowait, after_reserve_n_slots_come_without_the_lock_or_a_page)
{
    for (uint32_t n = 1; n <= 40; n++) {
        struct fixture fixture;

        open_pool(&fixture, n);
        const uint32_t locks = leave_alone(&fixture);
        for (uint32_t i = 0; i < n; i++) {
            cgdt_slot_t slot = CGDT_NO_SLOT;

            MUST(cgdt_alloc_nowait(fixture.pool, &slot) == 0 && slot == i + 1, "%u of %u", i, n);
        }
        MUST(fixture.faulty.tried[FAULTY_LOCK] == locks, "%u: it took the lock", n);
        MUST(fixture.faulty.fired == 0, "%u: it asked for a page", n);
        close_pool(&fixture);
    }
}

/* A word is 64 slots. */
Test(nowait, a_bulk_that_one_word_has_all_of_comes_without_the_lock)
{
    struct fixture fixture;
    cgdt_slot_t slots[24] = {0};

    open_pool(&fixture, 40);
    for (uint32_t i = 0; i < 16; i++)
        cr_assert_eq(fixture_alloc(&fixture), i + 1);
    cr_assert_eq(cgdt_free(fixture.pool, 3), 0);
    const uint32_t locks = leave_alone(&fixture);
    for (uint32_t n = 1; n <= 24; n++) {
        MUST(cgdt_alloc_bulk(fixture.pool, n, slots) == 0, "%u", n);
        MUST(cgdt_slot_number(slots[0]) == 2, "the lowest: %x", slots[0]);
        MUST(n == 1 || cgdt_slot_number(slots[n - 1]) == 14 + n, "the %uth: %x", n, slots[n - 1]);
        MUST(cgdt_free_bulk(fixture.pool, n, slots) == 0, "%u", n);
    }
    cr_assert_eq(fixture.faulty.tried[FAULTY_LOCK], locks, "it took the lock");
    close_pool(&fixture);
}

Test(nowait, where_no_slot_is_free_it_says_eagain_and_asks_nobody)
{
    struct fixture fixture;
    struct snapshot before;
    cgdt_slot_t slot = 99;

    open_pool(&fixture, 16);
    for (int i = 0; i < 16; i++)
        cr_assert_eq(cgdt_alloc_nowait(fixture.pool, &slot), 0);
    snapshot_take(&before, &fixture);
    const uint32_t locks = leave_alone(&fixture);
    cr_assert_eq(cgdt_alloc_nowait(fixture.pool, &slot), -CGDT_EAGAIN);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    cr_assert_eq(fixture.faulty.tried[FAULTY_LOCK], locks);
    cr_assert_eq(fixture.faulty.fired, 0);
    cr_assert(snapshot_same_pages(&before, &fixture));
    close_pool(&fixture);
}

Test(nowait, where_alloc_would_grow_the_next_alloc_does)
{
    struct fixture fixture;
    cgdt_slot_t slot = 99;

    open_pool(&fixture, 0);
    cr_assert_eq(cgdt_alloc_nowait(fixture.pool, &slot), -CGDT_EAGAIN, "a pool without a page");
    cr_assert_eq(fixture_alloc(&fixture), 1);
    cr_assert_eq(cgdt_alloc_nowait(fixture.pool, &slot), 0, "15 more are there");
    cr_assert_eq(slot, 2);
    close_pool(&fixture);
}

/* -CGDT_ENOSPC is alloc's word: here nobody has counted. */
Test(nowait, at_the_ceiling_it_is_still_eagain)
{
    struct fixture fixture;
    cgdt_slot_t slots[40], slot = 99;

    open_pool(&fixture, 40);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 40, slots), 0);
    cr_assert_eq(cgdt_alloc_nowait(fixture.pool, &slot), -CGDT_EAGAIN);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    cr_assert_eq(cgdt_free(fixture.pool, slots[33]), 0);
    cr_assert_eq(cgdt_alloc_nowait(fixture.pool, &slot), 0);
    cr_assert_eq(slot, next_owner(slots[33]));
    close_pool(&fixture);
}

Test(nowait, a_live_write_that_fails_is_the_ports_code_and_the_slot_stays_free)
{
    struct fixture fixture;
    struct snapshot before;
    cgdt_slot_t slot = 99;

    open_pool(&fixture, 16);
    snapshot_take(&before, &fixture);
    faulty_arm(&fixture.faulty, 1u << FAULTY_LIVE_WRITE, 1, CODE);
    cr_assert_eq(cgdt_alloc_nowait(fixture.pool, &slot), CODE);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    cr_assert(snapshot_same_pages(&before, &fixture));
    cr_assert_eq(cgdt_alloc_nowait(fixture.pool, &slot), 0);
    cr_assert_eq(slot, 1);
    close_pool(&fixture);
}

Test(nowait, a_null_pointer_is_invalid_and_takes_no_slot)
{
    struct fixture fixture;
    struct snapshot before;

    open_pool(&fixture, 16);
    snapshot_take(&before, &fixture);
    cr_assert_eq(cgdt_alloc_nowait(fixture.pool, NULL), -CGDT_EINVAL);
    cr_assert(snapshot_same(&before, &fixture));
    close_pool(&fixture);
}

Test(nowait, it_works_in_the_boot_phase_and_serialized)
{
    struct fixture fixture;
    cgdt_slot_t slot = 99;

    fixture_prepare(&fixture, 32, 2, 40);
    fixture.config.serialized = true;
    fixture_open(&fixture);
    cr_assert_eq(cgdt_alloc_nowait(fixture.pool, &slot), -CGDT_EAGAIN);
    cr_assert_eq(cgdt_reserve(fixture.pool, 1), 0);
    cr_assert_eq(cgdt_alloc_nowait(fixture.pool, &slot), 0);
    cr_assert_eq(slot, 1);
    cr_assert_eq(fixture_slot(&fixture, slot)[1], CODE64);
    close_pool(&fixture);
}
