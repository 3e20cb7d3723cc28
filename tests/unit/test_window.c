/* SPDX-License-Identifier: MIT */
/*
 * Pages and windows: how a pool shrinks, what it keeps, and what a hypervisor is told. How it
 * grows: test_growth.c.
 */
#include "fixture.h"

/* Frames of a slot's CPU; the number of entries in *entries. */
static uint32_t frames_of(struct fixture *fixture, cgdt_slot_t slot, cgdt_frame_t *frames,
                          uint32_t *entries)
{
    uint32_t n = 99;

    for (uint32_t i = 0; i < CGDT_MAX_FRAMES; i++)
        frames[i] = 0xbad;
    const int result = cgdt_frames(fixture->pool, slot, frames, &n, entries);
    MUST(result == 0, "frames: %d", result);
    return n;
}

Test(window, frames_run_from_the_windows_head_to_the_cpus_own_page)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 32, 3, 200);
    fixture_open_live(&fixture);
    for (uint32_t number = 0; number < 200; number++) {
        cgdt_frame_t frames[CGDT_MAX_FRAMES];
        uint32_t entries = 0;
        const uint32_t page = number / 16;
        const uint32_t head = page / 3 * 3;
        const uint32_t n = frames_of(&fixture, fixture_alloc(&fixture), frames, &entries);

        MUST(n == page - head + 1 && entries == n * 512, "slot %u: %u frames", number, n);
        for (uint32_t i = 0; i < n; i++)
            MUST(frames[i] == STRICT_FRAME + head + i, "slot %u, frame %u", number, i);
        for (uint32_t i = n; i < CGDT_MAX_FRAMES; i++)
            MUST(frames[i] == 0xbad, "slot %u: frame %u was written", number, i);
    }
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(window, a_common_page_heads_every_frame_list)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 8, 2, 300);
    fixture_set_common(&fixture);
    fixture_open_live(&fixture);
    for (uint32_t number = 0; number < 300; number++) {
        cgdt_frame_t frames[CGDT_MAX_FRAMES];
        uint32_t entries = 0;
        const uint32_t page = number / 64;
        const uint32_t n = frames_of(&fixture, fixture_alloc(&fixture), frames, &entries);

        MUST(n == page % 2 + 2 && entries == n * 512, "slot %u: %u frames", number, n);
        MUST(frames[0] == STRICT_FRAME + fixture.strict.pages, "slot %u", number);
        MUST(frames[n - 1] == STRICT_FRAME + page, "slot %u ends with another page", number);
    }
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(window, a_frame_list_lacks_no_page_and_names_none_twice)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 128, 15, 60);
    fixture.config.layout.reserved_entry = CGDT_XEN_2005_RESERVED_ENTRY;
    fixture_open_live(&fixture);
    cgdt_slot_t slot = 0;
    for (int i = 0; i < 60; i++)
        slot = fixture_alloc(&fixture);
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t entries = 0;
    cr_assert_eq(frames_of(&fixture, slot, frames, &entries), 15);
    cr_assert_eq(entries, 7680);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(window, a_free_slot_in_any_window_is_taken_before_a_page_is_mapped)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 128, 2, 40);
    fixture_open_live(&fixture);
    for (int i = 0; i < 40; i++)
        (void)fixture_alloc(&fixture);
    cr_assert_eq(cgdt_free(fixture.pool, 38), 0);
    const uint32_t mapped = fixture.faulty.did[FAULTY_MAP];
    cr_assert_eq(fixture_alloc(&fixture) & CGDT_SLOT_NUMBER_MASK, 38);
    cr_assert_eq(fixture.faulty.did[FAULTY_MAP], mapped);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

/* 5 windows of 2 pages of 4 slots, all owned. */
static void fill_five_windows(struct fixture *fixture, uint32_t keep)
{
    fixture_prepare(fixture, 128, 2, 40);
    fixture->config.keep_pages = keep;
    fixture_open_live(fixture);
    for (int i = 0; i < 40; i++)
        (void)fixture_alloc(fixture);
}

static void free_slots(struct fixture *fixture, cgdt_slot_t first, cgdt_slot_t last)
{
    for (cgdt_slot_t slot = first; slot <= last; slot++)
        cr_assert_eq(cgdt_free(fixture->pool, slot), 0);
}

static void free_window(struct fixture *fixture, uint32_t window)
{
    free_slots(fixture, window * 8 + 1, window * 8 + 8);
}

Test(window, trim_gives_a_page_back_when_its_last_slot_is_free)
{
    struct fixture fixture;

    fill_five_windows(&fixture, 0);
    free_slots(&fixture, 37, 39);
    cr_assert_eq(cgdt_trim(fixture.pool), 0, "slot 40 is on page 9, too");
    cr_assert_eq(fixture.strict.out, 10);
    cr_assert_eq(cgdt_free(fixture.pool, 40), 0);
    cr_assert_eq(cgdt_trim(fixture.pool), 1);
    cr_assert_eq(strict_state_of(&fixture.strict, 9), STRICT_GONE);
    cr_assert_eq(fixture.strict.out, 9);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

/* Whoever is on the page above has the frame of the page below in its list. */
Test(window, trim_leaves_a_free_page_below_one_in_use)
{
    struct fixture fixture;

    fill_five_windows(&fixture, 0);
    free_slots(&fixture, 33, 36);
    cr_assert_eq(cgdt_trim(fixture.pool), 0, "page 9 is in use");
    cr_assert_eq(fixture.strict.out, 10);
    free_slots(&fixture, 37, 40);
    cr_assert_eq(cgdt_trim(fixture.pool), 2, "page 9 is free, and with it page 8");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

/* Natively nobody has a frame list: a page in the middle may go, and comes first again. */
Test(window, trim_gives_any_free_page_back_natively)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 128, 5, 40);
    fixture_set_native(&fixture, CGDT_PROFILE_NATIVE64);
    fixture_open_live(&fixture);
    for (int i = 0; i < 40; i++)
        (void)fixture_alloc(&fixture);
    free_slots(&fixture, 5, 8);
    cr_assert_eq(cgdt_trim(fixture.pool), 1);
    cr_assert_eq(strict_state_of(&fixture.strict, 1), STRICT_GONE);
    cr_assert_eq(fixture_stats(&fixture).mapped_pages, 9);
    cr_assert_eq(fixture_alloc(&fixture), next_owner(5));
    fixture_must_be_sound(&fixture, "grown into the gap");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(window, trim_gives_free_windows_back_wherever_they_are)
{
    struct fixture fixture;

    fill_five_windows(&fixture, 0);
    free_window(&fixture, 0);
    free_window(&fixture, 3);
    cr_assert_eq(cgdt_trim(fixture.pool), 4, "two pages each");
    cr_assert_eq(strict_state_of(&fixture.strict, 0), STRICT_GONE);
    cr_assert_eq(strict_state_of(&fixture.strict, 6), STRICT_GONE);
    cr_assert_eq(fixture_alloc(&fixture) & CGDT_SLOT_NUMBER_MASK, 1, "the lowest page comes first");
    cr_assert_eq(fixture.strict.out, 7);
    fixture_must_be_sound(&fixture, "after regrowth");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(window, trim_starts_with_the_highest_and_keeps_what_is_configured)
{
    struct fixture fixture;

    fill_five_windows(&fixture, 3);
    fixture_free_all(&fixture);
    cr_assert_eq(cgdt_trim(fixture.pool), 7);
    for (uint32_t page = 0; page < 10; page++)
        cr_assert_eq(strict_state_of(&fixture.strict, page),
                     page < 3 ? STRICT_SEALED : STRICT_GONE);
    cr_assert_eq(cgdt_trim(fixture.pool), 0);
    fixture_close(&fixture);
}

Test(window, trim_counts_pages_in_use_among_those_that_are_kept)
{
    struct fixture fixture;

    fill_five_windows(&fixture, 3);
    free_slots(&fixture, 9, 40); /* pages 0 and 1 stay in use */
    cr_assert_eq(cgdt_trim(fixture.pool), 7);
    cr_assert_eq(fixture_stats(&fixture).mapped_pages, 3);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(window, trim_leaves_the_reserved_slots_in_service)
{
    struct fixture fixture;

    fill_five_windows(&fixture, 0);
    free_window(&fixture, 1);
    free_window(&fixture, 2);
    free_window(&fixture, 4);
    cr_assert_eq(cgdt_reserve(fixture.pool, 29), 0);
    cr_assert_eq(cgdt_trim(fixture.pool), 2, "40 are in service, 32 must stay for the 29");
    const struct cgdt_pool_stats stats = fixture_stats(&fixture);
    cr_assert_eq(stats.free_slots + stats.taken_slots, 32);
    cr_assert_eq(cgdt_reserve(fixture.pool, 0), 0);
    cr_assert_eq(cgdt_trim(fixture.pool), 4, "lifted");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(window, trim_of_an_empty_pool_gives_nothing)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 128, 2, 40);
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_trim(fixture.pool), 0);
    fixture_close(&fixture);
}

Test(window, trim_works_in_the_boot_phase)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 128, 2, 40);
    fixture_open(&fixture);
    cr_assert_eq(cgdt_reserve(fixture.pool, 40), 0);
    cr_assert_eq(cgdt_reserve(fixture.pool, 0), 0);
    cr_assert_eq(cgdt_trim(fixture.pool), 10);
    cr_assert_eq(fixture.strict.out, 0);
    fixture_close(&fixture);
}

Test(window, after_reserve_n_allocs_need_no_page)
{
    const uint32_t counts[] = {1, 4, 5, 8, 9, 40};

    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct fixture fixture;

        fixture_prepare(&fixture, 128, 2, 40);
        fixture_open_live(&fixture);
        cr_assert_eq(cgdt_reserve(fixture.pool, counts[i]), 0);
        cr_assert_eq(fixture.strict.out, (counts[i] + 3) / 4);
        faulty_arm(&fixture.faulty, 1u << FAULTY_MAP | 1u << FAULTY_SEAL, 1, -CGDT_ENOMEM);
        for (uint32_t n = 0; n < counts[i]; n++)
            (void)fixture_alloc(&fixture);
        cr_assert_eq(fixture.faulty.seen, 0);
        faulty_arm(&fixture.faulty, 0, 0, 0);
        fixture_free_all(&fixture);
        fixture_close(&fixture);
    }
}

Test(window, reserve_counts_slots_in_service_taken_or_not)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 128, 2, 40);
    fixture_open_live(&fixture);
    for (int i = 0; i < 3; i++)
        (void)fixture_alloc(&fixture);
    cr_assert_eq(cgdt_reserve(fixture.pool, 4), 0);
    cr_assert_eq(fixture.strict.out, 1, "3 are taken, and one is free");
    cr_assert_eq(cgdt_reserve(fixture.pool, 5), 0);
    cr_assert_eq(fixture.strict.out, 2);
    cr_assert_eq(fixture_stats(&fixture).reserved_slots, 5);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(window, reserve_beyond_the_ceiling_is_refused)
{
    struct fixture fixture;
    struct snapshot before;

    fixture_prepare(&fixture, 128, 2, 40);
    fixture_open_live(&fixture);
    (void)fixture_alloc(&fixture);
    snapshot_take(&before, &fixture);
    const uint32_t locks = fixture.faulty.tried[FAULTY_LOCK];
    cr_assert_eq(cgdt_reserve(fixture.pool, 41), -CGDT_ENOSPC);
    cr_assert_eq(cgdt_reserve(fixture.pool, 0xffffffff), -CGDT_ENOSPC);
    cr_assert_eq(fixture.faulty.tried[FAULTY_LOCK], locks, "it asked the port");
    cr_assert_eq(fixture.faulty.tried[FAULTY_MAP], 1, "it asked the port");
    cr_assert(snapshot_same(&before, &fixture));
    cr_assert_eq(cgdt_reserve(fixture.pool, 40), 0, "all of them, though one is taken");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(window, slots_of_a_trimmed_page_belong_to_nobody)
{
    struct fixture fixture;
    cgdt_desc_t desc = 0;

    fill_five_windows(&fixture, 0);
    free_slots(&fixture, 37, 40);
    cr_assert_eq(cgdt_trim(fixture.pool), 1);
    for (cgdt_slot_t slot = 37; slot <= 40; slot++) {
        const int result = cgdt_read(fixture.pool, slot, 0, &desc, 1);

        cr_assert(result == -CGDT_ENOENT || result == -CGDT_ESTALE, "%d", result);
    }
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(window, handles_from_before_a_trim_stay_stale_after_regrowth)
{
    struct fixture fixture;

    fill_five_windows(&fixture, 0);
    free_window(&fixture, 4);
    cr_assert_eq(cgdt_trim(fixture.pool), 2);
    cr_assert_eq(fixture_alloc(&fixture), next_owner(33));
    cr_assert_eq(cgdt_free(fixture.pool, 33), -CGDT_ESTALE);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(window, gdtr_points_into_the_view_with_the_slots_limit)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 16, 4, 200);
    fixture_set_native(&fixture, CGDT_PROFILE_NATIVE64);
    fixture_open_live(&fixture);
    for (uint32_t number = 0; number < 200; number++) {
        struct cgdt_pseudo_descriptor gdtr = {0, 0};

        MUST(cgdt_gdtr(fixture.pool, fixture_alloc(&fixture), &gdtr) == 0, "slot %u", number);
        MUST(gdtr.base == (uintptr_t)fixture.strict.ro + number * 16 * 8, "slot %u", number);
        MUST(gdtr.limit == 127, "slot %u: %u", number, gdtr.limit);
    }
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}
