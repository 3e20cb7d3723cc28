/* SPDX-License-Identifier: MIT */
/*
 * Held pages: mapped, in no service, because the port refused to take them back while something was
 * undone. Nobody may get at them, no call may trip over them, and the next growth must make them
 * new.
 */
#include "fixture.h"

#define CODE (-4321)

/* 64 slots of 64 entries, 8 to a page, 2 pages to a window. */
static void open_pool(struct fixture *fixture)
{
    fixture_prepare(fixture, 64, 2, 64);
    fixture_open_live(fixture);
}

/* A growth over pages first .. 7 that fails in the last seal, and whose undoing is refused. */
static void hold_all(struct fixture *fixture, uint32_t first)
{
    static cgdt_slot_t got[64];
    const uint32_t n = (8 - first) * 8;

    faulty_arm(&fixture->faulty, 1u << FAULTY_SEAL | 1u << FAULTY_UNSEAL, 8 - first, CODE);
    fixture->faulty.from_then_on = true;
    cr_assert_eq(cgdt_alloc_bulk(fixture->pool, n, got), CODE);
    faulty_arm(&fixture->faulty, 0, 0, 0);
    /* The page whose seal failed was private, so it could leave. */
    cr_assert_eq(fixture_stats(fixture).held_pages, 7 - first);
}

/* What a failed bulk left on them: the template. */
static void must_be_dirty(struct fixture *fixture, uint32_t page)
{
    cr_assert_eq(strict_page(&fixture->strict, page)[1], CODE64);
}

Test(held, nobody_owns_a_slot_of_a_held_page_whatever_the_handle)
{
    struct fixture fixture;
    struct snapshot before;
    const cgdt_desc_t desc = DATA3;
    cgdt_desc_t out = 77;
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t n, entries;

    open_pool(&fixture);
    hold_all(&fixture, 0);
    snapshot_take(&before, &fixture);
    for (uint32_t number = 0; number < 64; number++)
        for (uint32_t generation = 0; generation < 64; generation++) {
            const cgdt_slot_t slot = (number + 1) | generation << CGDT_SLOT_GENERATION_SHIFT;
            const int results[] = {cgdt_free(fixture.pool, slot),
                                   cgdt_write(fixture.pool, slot, 1, &desc, 1),
                                   cgdt_read(fixture.pool, slot, 1, &out, 1),
                                   cgdt_frames(fixture.pool, slot, frames, &n, &entries)};

            for (size_t i = 0; i < COUNT_OF(results); i++)
                MUST(results[i] == -CGDT_ENOENT || results[i] == -CGDT_ESTALE, "%x: %d", slot,
                     results[i]);
        }
    cr_assert_eq(out, 77);
    cr_assert(snapshot_same(&before, &fixture));
    fixture_close(&fixture);
}

Test(held, the_next_growth_makes_them_new)
{
    struct fixture fixture;
    cgdt_slot_t slots[64];

    open_pool(&fixture);
    hold_all(&fixture, 0);
    must_be_dirty(&fixture, 0);
    cr_assert_eq(cgdt_reserve(fixture.pool, 64), 0);
    cr_assert_eq(fixture_stats(&fixture).held_pages, 0);
    fixture_must_be_sound(&fixture, "after the growth");
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 64, slots), 0);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(held, a_growth_that_can_clean_none_of_them_fails_and_changes_nothing)
{
    struct fixture fixture;
    struct snapshot before;
    cgdt_slot_t slot = 99;

    open_pool(&fixture);
    hold_all(&fixture, 0);
    snapshot_take(&before, &fixture);
    faulty_arm(&fixture.faulty, 1u << FAULTY_UNSEAL, 1, CODE);
    fixture.faulty.from_then_on = true;
    cr_assert_eq(cgdt_alloc(fixture.pool, &slot), CODE);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    faulty_arm(&fixture.faulty, 0, 0, 0);
    cr_assert(snapshot_same(&before, &fixture));
    cr_assert_eq(fixture_alloc(&fixture), 1);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(held, trim_gives_them_back_and_counts_them)
{
    struct fixture fixture;

    open_pool(&fixture);
    hold_all(&fixture, 0);
    cr_assert_eq(cgdt_trim(fixture.pool), 7);
    cr_assert_eq(fixture.strict.out, 0);
    cr_assert_eq(fixture_stats(&fixture).held_pages, 0);
    fixture_close(&fixture);
}

Test(held, a_trim_that_fails_again_leaves_them_held)
{
    struct fixture fixture;
    struct snapshot before;

    open_pool(&fixture);
    hold_all(&fixture, 0);
    snapshot_take(&before, &fixture);
    faulty_arm(&fixture.faulty, 1u << FAULTY_UNSEAL, 1, CODE);
    fixture.faulty.from_then_on = true;
    cr_assert_eq(cgdt_trim(fixture.pool), CODE);
    faulty_arm(&fixture.faulty, 0, 0, 0);
    cr_assert_eq(fixture_stats(&fixture).held_pages, 7);
    cr_assert(snapshot_same_pages(&before, &fixture));
    cr_assert_eq(cgdt_trim(fixture.pool), 7);
    fixture_close(&fixture);
}

Test(held, destroy_gives_them_back_too)
{
    struct fixture fixture;

    open_pool(&fixture);
    hold_all(&fixture, 0);
    fixture_close(&fixture); /* it demands that every page is back */
}

/*
 * All slots are free; the n-th unseal of a destroy fails, and of the operations after it those
 * that are armed.
 */
static void fail_destroy(struct fixture *fixture, uint32_t n, uint32_t then_after,
                         bool from_then_on)
{
    cr_assert_eq(cgdt_reserve(fixture->pool, 64), 0);
    const uint32_t unmapped = fixture->faulty.tried[FAULTY_UNMAP];
    faulty_arm(&fixture->faulty, 1u << FAULTY_SEAL | 1u << FAULTY_UNSEAL, n, CODE);
    fixture->faulty.then_after = then_after;
    fixture->faulty.from_then_on = from_then_on;
    cr_assert_eq(cgdt_pool_destroy(fixture->pool), CODE);
    faulty_arm(&fixture->faulty, 0, 0, 0);
    cr_assert_eq(fixture->faulty.tried[FAULTY_UNMAP], unmapped, "a page is gone");
    const struct cgdt_pool_stats stats = fixture_stats(fixture);
    cr_assert_eq(stats.sealed_pages, stats.mapped_pages, "something private is in service");
    cr_assert_eq(stats.mapped_pages + stats.held_pages, 8);
    fixture_must_be_sound(fixture, "after the failed destroy");
}

/* Of whatever is held, all is there again. */
static void use_all(struct fixture *fixture)
{
    for (int i = 0; i < 64; i++)
        (void)fixture_alloc(fixture);
    cr_assert_eq(fixture_stats(fixture).held_pages, 0);
    fixture_must_be_sound(fixture, "all slots are there");
    fixture_free_all(fixture);
    fixture_close(fixture);
}

Test(held, a_destroy_that_cannot_unseal_the_last_page_unmaps_none_and_seals_all_again)
{
    struct fixture fixture;

    open_pool(&fixture);
    fail_destroy(&fixture, 8, 0, false);
    cr_assert_eq(fixture_stats(&fixture).held_pages, 0);
    use_all(&fixture);
}

Test(held, pages_that_a_failed_destroy_can_not_seal_again_are_held_and_the_others_stay)
{
    struct fixture fixture;

    open_pool(&fixture);
    fail_destroy(&fixture, 4, 0, true);
    for (uint32_t page = 0; page < 8; page++)
        cr_assert_eq(strict_state_of(&fixture.strict, page),
                     page < 5 ? STRICT_SEALED : STRICT_PRIVATE, "page %u", page);
    cr_assert_eq(fixture_stats(&fixture).held_pages, 3, "5, 6 and 7");
    use_all(&fixture);
}

/* Pages 5, 6 and 7 are unsealed; page 5 can be sealed again, and page 6 not. */
Test(held, the_page_above_one_that_a_failed_destroy_can_not_seal_again_is_held_too)
{
    struct fixture fixture;
    uint64_t taken;

    open_pool(&fixture);
    fail_destroy(&fixture, 4, 2, false);
    cr_assert_eq(cgdt_page_taken(fixture.pool, 5, &taken), 1);
    cr_assert_eq(cgdt_page_taken(fixture.pool, 6, &taken), 0);
    cr_assert_eq(cgdt_page_taken(fixture.pool, 7, &taken), 0);
    cr_assert_eq(fixture_stats(&fixture).held_pages, 2);
    use_all(&fixture);
}

Test(held, natively_a_page_that_a_failed_destroy_can_not_seal_again_is_held_alone)
{
    struct fixture fixture;
    uint64_t taken;

    fixture_prepare(&fixture, 64, 2, 64);
    fixture_set_native(&fixture, CGDT_PROFILE_NATIVE64);
    fixture_open_live(&fixture);
    fail_destroy(&fixture, 4, 2, false);
    cr_assert_eq(cgdt_page_taken(fixture.pool, 6, &taken), 0);
    cr_assert_eq(cgdt_page_taken(fixture.pool, 7, &taken), 1);
    cr_assert_eq(fixture_stats(&fixture).held_pages, 1);
    use_all(&fixture);
}

/*
 * cgdt_seal() sealed page 0, could not seal page 1, and could not take that back: a sealed page
 * before the live phase. Its unseal fails once more, and the private ones are to stay so.
 */
Test(held, a_destroy_that_fails_in_the_boot_phase_seals_nothing)
{
    struct fixture fixture;
    struct snapshot before;

    fixture_prepare(&fixture, 64, 2, 64);
    fixture_open(&fixture);
    cr_assert_eq(cgdt_reserve(fixture.pool, 24), 0);
    faulty_arm(&fixture.faulty, 1u << FAULTY_SEAL | 1u << FAULTY_UNSEAL, 2, CODE);
    fixture.faulty.from_then_on = true;
    cr_assert_eq(cgdt_seal(fixture.pool), CODE);
    cr_assert_eq(fixture_stats(&fixture).sealed_pages, 1);
    snapshot_take(&before, &fixture);
    const uint32_t sealed = fixture.faulty.tried[FAULTY_SEAL];
    cr_assert_eq(cgdt_pool_destroy(fixture.pool), CODE);
    faulty_arm(&fixture.faulty, 0, 0, 0);
    cr_assert_eq(fixture.faulty.tried[FAULTY_SEAL], sealed);
    cr_assert(snapshot_same(&before, &fixture));
    for (int i = 0; i < 24; i++)
        (void)fixture_alloc(&fixture);
    fixture_must_be_sound(&fixture, "in use");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

/*
 * What is held is no reserve and none of the pages that are kept: as many as asked for are left
 * of the others.
 */
static void leaves_enough(uint32_t keep_pages, uint32_t reserve)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 64, 2, 64);
    fixture.config.keep_pages = keep_pages;
    fixture_open_live(&fixture);
    fail_destroy(&fixture, 4, 0, true);
    cr_assert_eq(fixture_stats(&fixture).held_pages, 3);
    cr_assert_eq(cgdt_reserve(fixture.pool, reserve), 0);
    cr_assert_eq(cgdt_trim(fixture.pool), 5, "3 that are held, 2 of 5");
    cr_assert_eq(fixture_stats(&fixture).mapped_pages, 3);
    fixture_must_be_sound(&fixture, "trimmed");
    fixture_close(&fixture);
}

Test(held, what_is_held_is_no_reserve)
{
    leaves_enough(0, 24);
}

Test(held, what_is_held_is_no_page_that_is_kept)
{
    leaves_enough(3, 0);
}

Test(held, check_stats_and_page_taken_see_no_slot_on_them)
{
    struct fixture fixture;
    struct cgdt_violation violation = {0};
    uint64_t owned = 99;

    open_pool(&fixture);
    hold_all(&fixture, 0);
    cr_assert_eq(cgdt_page_taken(fixture.pool, 0, &owned), 0);
    cr_assert_eq(owned, 0);
    const struct cgdt_pool_stats stats = fixture_stats(&fixture);
    cr_assert(stats.taken_slots == 0 && stats.free_slots == 0 && stats.mapped_pages == 0);
    cr_assert_eq(cgdt_check(fixture.pool, &violation), 1, "what a failed call left is not hidden");
    cr_assert_eq(violation.reason, CGDT_UNOWNED_NOT_ZERO);
    fixture_close(&fixture);
}

Test(held, a_page_in_service_below_them_goes_on)
{
    struct fixture fixture;
    cgdt_slot_t slots[8];

    open_pool(&fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 8, slots), 0);
    hold_all(&fixture, 1);
    cr_assert_eq(cgdt_free(fixture.pool, slots[3]), 0);
    cr_assert_eq(fixture_alloc(&fixture), next_owner(slots[3]));
    cr_assert_eq(cgdt_trim(fixture.pool), 6, "all but the page in use");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(held, a_growth_takes_the_holes_between_windows_in_use)
{
    struct fixture fixture;
    cgdt_slot_t slots[64];

    open_pool(&fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 64, slots), 0);
    for (int i = 0; i < 64; i++) /* windows 0 and 2 stay, in the live phase and full */
        if (i / 16 % 2 == 1)
            cr_assert_eq(cgdt_free(fixture.pool, slots[i]), 0);
    cr_assert_eq(cgdt_trim(fixture.pool), 4);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 32, slots), 0);
    cr_assert_eq(cgdt_slot_number(slots[0]), 16);
    cr_assert_eq(cgdt_slot_number(slots[16]), 48);
    fixture_must_be_sound(&fixture, "grown over both holes");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

/* It is sealed still, so nothing has to be undone that could fail. */
Test(held, a_page_whose_unseal_fails_stays_in_service_as_it_was)
{
    struct fixture fixture;
    struct snapshot before;
    cgdt_slot_t slots[64];

    open_pool(&fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 64, slots), 0);
    for (int i = 16; i < 64; i++)
        cr_assert_eq(cgdt_free(fixture.pool, slots[i]), 0);
    snapshot_take(&before, &fixture);
    const struct cgdt_pool_stats stats = fixture_stats(&fixture);
    const uint32_t sealed = fixture.faulty.tried[FAULTY_SEAL];
    faulty_arm(&fixture.faulty, 1u << FAULTY_UNSEAL | 1u << FAULTY_SEAL, 1, CODE);
    fixture.faulty.from_then_on = true;
    cr_assert_eq(cgdt_trim(fixture.pool), CODE);
    faulty_arm(&fixture.faulty, 0, 0, 0);
    cr_assert_eq(fixture.faulty.tried[FAULTY_SEAL], sealed);
    cr_assert(snapshot_same_pages(&before, &fixture));
    const struct cgdt_pool_stats now = fixture_stats(&fixture);
    cr_assert_eq(memcmp(&stats, &now, sizeof(now)), 0);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 48, slots), 0);
    fixture_must_be_sound(&fixture, "and again in use");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

/* A window's pages leave in falling order: rule 2 of port.h. */
Test(held, a_page_below_one_that_cannot_leave_is_not_given_back)
{
    struct fixture fixture;

    open_pool(&fixture);
    hold_all(&fixture, 0);
    faulty_arm(&fixture.faulty, 1u << FAULTY_UNSEAL, 2, CODE); /* page 6 goes, page 5 does not */
    cr_assert_eq(cgdt_trim(fixture.pool), 5);
    faulty_arm(&fixture.faulty, 0, 0, 0);
    cr_assert_eq(strict_state_of(&fixture.strict, 5), STRICT_SEALED);
    cr_assert_eq(strict_state_of(&fixture.strict, 4), STRICT_SEALED);
    cr_assert_eq(cgdt_trim(fixture.pool), 2);
    fixture_close(&fixture);
}

/* Refuses each time with another code: -1001, -1002, ... */
static int refusals;

static int refusing_unseal(void *ctx, uint32_t page, void **view)
{
    return refusals < 0 ? faulty_port.unseal(ctx, page, view) : -1001 - refusals++;
}

/* Page 2 cannot be had; page 1 cannot be unsealed when that is undone, page 0 can. */
Test(held, an_undone_growth_keeps_the_page_below_one_that_cannot_leave)
{
    static cgdt_slot_t got[24];
    struct fixture fixture;

    open_pool(&fixture);
    faulty_arm(&fixture.faulty, 1u << FAULTY_MAP | 1u << FAULTY_UNSEAL, 3, -CGDT_ENOMEM);
    fixture.faulty.then_after = 1;
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 24, got), -CGDT_ENOMEM);
    faulty_arm(&fixture.faulty, 0, 0, 0);
    cr_assert_eq(strict_state_of(&fixture.strict, 1), STRICT_SEALED);
    cr_assert_eq(strict_state_of(&fixture.strict, 0), STRICT_PRIVATE, "a window has no gap");
    cr_assert_eq(fixture_stats(&fixture).held_pages, 2);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 24, got), 0);
    cr_assert_eq(got[0], 1);
    fixture_must_be_sound(&fixture, "the next growth");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(held, the_first_of_several_errors_is_the_one_that_trim_reports)
{
    struct fixture fixture;
    struct cgdt_port port = faulty_port;
    cgdt_slot_t slots[64];

    port.unseal = refusing_unseal;
    fixture_prepare(&fixture, 64, 2, 64);
    fixture.config.port = &port;
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 64, slots), 0);
    for (int i = 0; i < 64; i++)
        cr_assert_eq(cgdt_free(fixture.pool, slots[i]), 0);
    cr_assert_eq(cgdt_trim(fixture.pool), -1001);
    cr_assert_eq(refusals, 4, "each window was tried");
    cr_assert_eq(fixture_stats(&fixture).mapped_windows, 4);
    refusals = -1;
    fixture_close(&fixture);
}

Test(held, a_pool_of_one_page_grows_and_shrinks)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 512, 1, 1);
    fixture_open_live(&fixture);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(cgdt_free(fixture.pool, fixture_alloc(&fixture)), 0);
        cr_assert_eq(cgdt_trim(fixture.pool), 1);
        cr_assert_eq(fixture.strict.out, 0);
    }
    fixture_close(&fixture);
}
