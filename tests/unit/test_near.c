/* SPDX-License-Identifier: MIT */
/*
 * cgdt_alloc_near() and cgdt_cpu_online_near(): which slot comes, for one CPU alone. What holds
 * beside other CPUs' calls is in test_near_races.c.
 */
#include "fixture.h"

#define CODE  (-4321)
#define SLOTS 88 /* of 16 to a page: five pages and a half, in windows of two */

static struct fixture fixture;
static cgdt_slot_t slots[SLOTS]; /* handles by slot number */

static void prepare(void)
{
    fixture_prepare(&fixture, 32, 2, SLOTS);
    memset(slots, 0, sizeof(slots));
}

/* The first `pages` pages are in service, and free. */
static void open_pool(uint32_t pages)
{
    prepare();
    fixture_open_live(&fixture);
    MUST(cgdt_reserve(fixture.pool, pages * 16) == 0, "reserve");
}

/* Slots first .. end-1 are taken, and no others. */
static void take(uint32_t first, uint32_t end)
{
    MUST(cgdt_alloc_bulk(fixture.pool, end, slots) == 0, "bulk");
    for (uint32_t i = 0; i < end; i++)
        MUST(cgdt_slot_number(slots[i]) == i, "slot %u", i);
    for (uint32_t i = 0; i < first; i++)
        MUST(cgdt_free(fixture.pool, slots[i]) == 0, "free of slot %u", i);
}

static void leave(uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++)
        MUST(cgdt_free(fixture.pool, slots[i]) == 0, "free of slot %u", i);
}

/* The port has no page any more. */
static void no_more_pages(void)
{
    faulty_arm(&fixture.faulty, 1u << FAULTY_MAP, 1, -CGDT_ENOMEM);
    fixture.faulty.from_then_on = true;
}

static void close_pool(void)
{
    fixture_end(&fixture);
}

/* Number of the slot that comes. */
static uint32_t near_these(uint32_t n, const cgdt_slot_t *near)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;
    const int result = cgdt_alloc_near(fixture.pool, n, near, &slot);

    MUST(result == 0 && slot != CGDT_NO_SLOT, "near: %d", result);
    MUST(fixture_slot(&fixture, slot)[1] == CODE64, "the template");
    return cgdt_slot_number(slot);
}

static uint32_t near_slot(uint32_t number)
{
    return near_these(1, &slots[number]);
}

Test(near, the_lowest_free_slot_of_the_same_page_comes_first)
{
    open_pool(3);
    take(0, 37);
    leave(3, 4);
    leave(19, 21);
    cr_assert_eq(near_slot(17), 19, "though slot 3 is free, and lower");
    cr_assert_eq(near_slot(17), 20);
    cr_assert_eq(near_slot(32), 37);
    close_pool();
}

Test(near, of_several_the_first_whose_page_has_room_is_taken)
{
    open_pool(3);
    take(0, 48);
    leave(5, 6);
    leave(37, 38);
    cr_assert_eq(near_these(3, (cgdt_slot_t[]){slots[16], slots[40], slots[0]}), 37);
    cr_assert_eq(near_these(3, (cgdt_slot_t[]){slots[16], slots[40], slots[0]}), 5);
    close_pool();
}

Test(near, with_nobody_near_it_is_alone_on_its_page)
{
    open_pool(3);
    take(0, 17);
    leave(0, 15);
    cr_assert_eq(near_these(0, NULL), 32, "pages 0 and 1 have slots that are taken");
    cr_assert_eq(near_these(0, NULL), 48, "a new page");
    close_pool();
}

Test(near, where_its_pages_are_full_an_empty_page_comes_from_the_window_on_and_round)
{
    open_pool(5);
    take(32, 48);
    cr_assert_eq(near_slot(32), 48, "page 3, though pages 0 and 1 are empty too");
    cr_assert_eq(near_slot(32), 64);
    cr_assert_eq(near_slot(32), 0);
    cr_assert_eq(near_slot(32), 16);
    close_pool();
}

Test(near, an_empty_page_of_the_window_comes_first_below_the_page_too)
{
    open_pool(4);
    take(48, 64);
    leave(48, 48);
    cr_assert_eq(near_slot(48), 32);
    close_pool();
}

Test(near, the_window_is_that_of_the_first_which_may_be_the_lowest)
{
    open_pool(5);
    take(0, 80);
    leave(16, 32);
    leave(48, 64);
    cr_assert_eq(near_these(3, (cgdt_slot_t[]){CGDT_NO_SLOT, slots[0], slots[32]}), 16);
    cr_assert_eq(near_these(2, (cgdt_slot_t[]){slots[0], slots[32]}), 48);
    close_pool();
}

Test(near, before_slots_of_other_pages_comes_a_new_page)
{
    open_pool(2);
    take(0, 32);
    leave(3, 16);
    cr_assert_eq(near_slot(20), 32, "though 13 slots of page 0 are free");
    cr_assert_eq(fixture_stats(&fixture).mapped_pages, 3);
    close_pool();
}

Test(near, without_another_page_a_slot_of_the_window_comes_before_a_lower_one)
{
    open_pool(5);
    take(0, 80);
    leave(3, 4);
    leave(60, 61);
    leave(64, 65);
    no_more_pages();
    cr_assert_eq(near_slot(32), 60);
    cr_assert_eq(near_slot(32), 64);
    cr_assert_eq(near_slot(32), 3);
    close_pool();
}

Test(near, without_another_page_and_with_nobody_near_the_lowest_slot_comes)
{
    open_pool(4);
    take(0, 64);
    leave(3, 4);
    leave(60, 61);
    no_more_pages();
    cr_assert_eq(near_these(0, NULL), 3);
    close_pool();
}

Test(near, at_the_ceiling_the_order_is_the_same)
{
    open_pool(0);
    take(0, SLOTS);
    leave(3, 4);
    leave(60, 61);
    cr_assert_eq(near_slot(32), 60);
    cr_assert_eq(near_slot(32), 3);
    cr_assert_eq(cgdt_alloc_near(fixture.pool, 1, &slots[32], &slots[0]), -CGDT_ENOSPC);
    close_pool();
}

/* The last slot of each page in turn; near one of the first page, and near nobody. */
Test(near, enospc_is_said_only_if_no_slot_at_all_is_free)
{
    for (uint32_t number = 0; number < SLOTS; number++) {
        for (uint32_t n = 0; n < 2; n++) {
            cgdt_slot_t slot = 99;

            open_pool(0);
            take(0, SLOTS);
            leave(number, number + 1);
            MUST(near_these(n, &slots[number != 1 ? 1 : 0]) == number, "slot %u", number);
            MUST(cgdt_alloc_near(fixture.pool, n, &slots[2], &slot) == -CGDT_ENOSPC, "%u", number);
            MUST(slot == CGDT_NO_SLOT, "slot %u: %x", number, slot);
            close_pool();
        }
    }
}

Test(near, the_last_page_is_empty_with_the_slots_that_the_ceiling_leaves_it)
{
    open_pool(0);
    take(0, SLOTS);
    leave(3, 4);
    leave(80, SLOTS);
    cr_assert_eq(near_these(0, NULL), 80, "though slot 3 is free");
    cr_assert_eq(near_slot(32), 81, "shared: nothing else is left from its window on");
    close_pool();
}

Test(near, a_handle_that_nobody_owns_counts_for_nothing)
{
    const cgdt_slot_t made_up[] = {CGDT_NO_SLOT, SLOTS + 1, 0xffffffffu, 17u | 1u << 25,
                                   18u | 5u << CGDT_SLOT_GENERATION_SHIFT};

    for (uint32_t i = 0; i < COUNT_OF(made_up) + 1; i++) {
        open_pool(3);
        take(0, 20);
        leave(16, 17);
        const cgdt_slot_t near[] = {i < COUNT_OF(made_up) ? made_up[i] : slots[16], slots[2]};
        MUST(near_these(1, near) == 32, "%u: alone", i);
        MUST(near_these(2, near) == 48, "%u: page 0 is full, page 1 is somebody's", i);
        close_pool();
    }
}

Test(near, it_may_be_told_the_slot_that_it_replaces)
{
    cgdt_slot_t last = CGDT_NO_SLOT;

    open_pool(0);
    (void)fixture_alloc(&fixture);
    for (uint32_t i = 0; i < 40; i++) {
        MUST(cgdt_alloc_near(fixture.pool, 1, &last, &last) == 0, "%u", i);
        MUST(cgdt_slot_number(last) == 16 + i, "%u: %x", i, last);
    }
    close_pool();
}

/* A CPU that goes leaves a hole on a page that is not the last one's. */
Test(near, a_hole_on_any_page_of_near_is_filled_before_a_page_is_opened)
{
    open_pool(0);
    take(0, 32);
    leave(7, 8);
    cr_assert_eq(near_these(32, slots), 7);
    cr_assert_eq(near_these(32, slots), 32);
    close_pool();
}

Test(near, neither_the_lock_nor_a_page_is_wanted_while_there_is_room_or_an_empty_page)
{
    open_pool(3);
    take(0, 20);
    faulty_arm(&fixture.faulty, FAULTY_ANY & ~(1u << FAULTY_LIVE_WRITE), 1, CODE);
    const uint32_t locks = fixture.faulty.tried[FAULTY_LOCK];
    cr_assert_eq(near_slot(17), 20);
    cr_assert_eq(near_slot(2), 32);
    cr_assert_eq(fixture.faulty.tried[FAULTY_LOCK], locks);
    cr_assert_eq(fixture.faulty.fired, 0);
    close_pool();
}

Test(near, a_page_that_was_given_back_is_a_new_one_again)
{
    open_pool(4);
    take(0, 16);
    cr_assert_eq(cgdt_reserve(fixture.pool, 0), 0);
    cr_assert_eq(cgdt_trim(fixture.pool), 3);
    cr_assert_eq(near_slot(3), 16);
    cr_assert_eq(fixture_stats(&fixture).mapped_pages, 2);
    close_pool();
}

/* A reserve has mapped a page, and could neither go on nor take it back. */
Test(near, a_held_page_is_not_given_until_a_growth_has_cleaned_it)
{
    open_pool(1);
    take(0, 16);
    leave(4, 5);
    faulty_arm(&fixture.faulty, 1u << FAULTY_MAP | 1u << FAULTY_UNSEAL, 2, CODE);
    fixture.faulty.from_then_on = true;
    cr_assert_eq(cgdt_reserve(fixture.pool, 48), CODE);
    cr_assert_eq(fixture_stats(&fixture).held_pages, 1);
    cr_assert_eq(near_these(0, NULL), 4, "what is left");
    faulty_arm(&fixture.faulty, 0, 0, 0);
    cr_assert_eq(near_these(0, NULL), 16);
    cr_assert_eq(fixture_stats(&fixture).held_pages, 0);
    close_pool();
}

static const uint32_t growth_kinds[] = {FAULTY_MAP, FAULTY_SEAL, FAULTY_FRAME};

/* Whatever it was: a slot of the window is better than none. */
Test(near, a_page_that_cannot_be_had_makes_it_share_and_leaves_nothing_behind)
{
    for (uint32_t i = 0; i < COUNT_OF(growth_kinds); i++) {
        open_pool(2);
        take(0, 32);
        leave(3, 4);
        faulty_arm(&fixture.faulty, 1u << growth_kinds[i], 1, CODE);
        fixture.faulty.from_then_on = true;
        MUST(near_slot(20) == 3, "kind %u", growth_kinds[i]);
        MUST(fixture.strict.out == 2, "kind %u", growth_kinds[i]);
        MUST(fixture.faulty.fired > 0, "kind %u", growth_kinds[i]);
        close_pool();
    }
}

Test(near, a_page_that_cannot_be_had_and_no_free_slot_are_the_ports_code_and_change_nothing)
{
    for (uint32_t i = 0; i < COUNT_OF(growth_kinds); i++) {
        struct snapshot before;
        cgdt_slot_t slot = 99;

        open_pool(2);
        take(0, 32);
        snapshot_take(&before, &fixture);
        faulty_arm(&fixture.faulty, 1u << growth_kinds[i], 1, CODE);
        fixture.faulty.from_then_on = true;
        MUST(cgdt_alloc_near(fixture.pool, 1, &slots[3], &slot) == CODE, "%u", growth_kinds[i]);
        MUST(slot == CGDT_NO_SLOT, "kind %u", growth_kinds[i]);
        MUST(snapshot_same_pages(&before, &fixture), "kind %u", growth_kinds[i]);
        close_pool();
    }
}

Test(near, a_live_write_that_fails_is_the_ports_code_and_the_slot_stays_free)
{
    for (uint32_t n = 0; n < 2; n++) {
        struct snapshot before;
        cgdt_slot_t slot = 99;

        open_pool(3);
        take(0, 20);
        snapshot_take(&before, &fixture);
        faulty_arm(&fixture.faulty, 1u << FAULTY_LIVE_WRITE, 1, CODE);
        MUST(cgdt_alloc_near(fixture.pool, n, &slots[17], &slot) == CODE, "%u near", n);
        MUST(slot == CGDT_NO_SLOT, "%u near: %x", n, slot);
        MUST(snapshot_same_pages(&before, &fixture), "%u near", n);
        MUST(near_these(n, &slots[17]) == (n == 0 ? 32u : 20u), "%u near: it is free", n);
        close_pool();
    }
}

Test(near, arguments_that_nobody_should_pass_are_invalid_and_change_nothing)
{
    struct snapshot before;
    cgdt_slot_t slot = 99;

    open_pool(2);
    take(0, 20);
    snapshot_take(&before, &fixture);
    cr_assert_eq(cgdt_alloc_near(fixture.pool, 1, slots, NULL), -CGDT_EINVAL);
    cr_assert_eq(cgdt_alloc_near(fixture.pool, 0, NULL, NULL), -CGDT_EINVAL);
    cr_assert_eq(cgdt_alloc_near(fixture.pool, 1, NULL, &slot), -CGDT_EINVAL);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    cr_assert_eq(cgdt_alloc_near(fixture.pool, UINT32_MAX, NULL, &slot), -CGDT_EINVAL);
    cr_assert(snapshot_same(&before, &fixture));
    close_pool();
}

Test(near, it_works_in_the_boot_phase_and_serialized)
{
    for (int serialized = 0; serialized < 2; serialized++) {
        prepare();
        fixture.config.serialized = serialized != 0;
        fixture_open(&fixture);
        MUST(near_these(0, NULL) == 0, "a new page");
        MUST(near_these(1, (cgdt_slot_t[]){1}) == 1, "the same page");
        MUST(near_these(0, NULL) == 16, "another");
        MUST(cgdt_reserve(fixture.pool, 48) == 0, "reserve");
        MUST(near_these(0, NULL) == 32, "a page that is there");
        close_pool();
    }
}

Test(near, a_slot_of_512_entries_is_always_alone_on_its_page)
{
    fixture_prepare(&fixture, 512, 3, 5);
    fixture_open_live(&fixture);
    cgdt_slot_t slot = CGDT_NO_SLOT;
    for (uint32_t i = 0; i < 5; i++) {
        MUST(cgdt_alloc_near(fixture.pool, 1, &slot, &slot) == 0, "%u", i);
        MUST(cgdt_slot_number(slot) == i, "%u: %x", i, slot);
    }
    cr_assert_eq(cgdt_alloc_near(fixture.pool, 0, NULL, &slot), -CGDT_ENOSPC);
    close_pool();
}

Test(near, a_page_of_64_colors_is_a_whole_word)
{
    cgdt_slot_t all[150], slot;

    fixture_prepare(&fixture, 8, 2, 200);
    fixture_set_common(&fixture);
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 150, all), 0);
    cr_assert_eq(cgdt_free(fixture.pool, all[127]), 0);
    cr_assert_eq(cgdt_alloc_near(fixture.pool, 1, &all[70], &slot), 0);
    cr_assert_eq(cgdt_slot_number(slot), 127);
    cr_assert_eq(cgdt_alloc_near(fixture.pool, 1, &all[70], &slot), 0);
    cr_assert_eq(cgdt_slot_number(slot), 192);
    close_pool();
}
