/* SPDX-License-Identifier: MIT */
/*
 * Where slots and the common page can be read, and frames: the common page's, and a CPU's behind
 * another page. What failed calls leave alone is in test_outputs.c.
 */
#include "fixture.h"

/* The common page is the last. */
static const cgdt_desc_t *read_only(const struct fixture *fixture, uint32_t page)
{
    const struct strict *strict = &fixture->strict;
    const uint32_t index = page == CGDT_COMMON_PAGE ? strict->pages : page;

    return (const cgdt_desc_t *)(const void *)(strict->ro + (size_t)index * 4096);
}

static const cgdt_desc_t *view_of(const struct fixture *fixture, cgdt_slot_t slot)
{
    const cgdt_desc_t *entry0 = NULL;

    MUST(cgdt_slot_view(fixture->pool, slot, &entry0) == 0, "slot %08x", slot);
    return entry0;
}

static void finish(struct fixture *fixture)
{
    fixture_free_all(fixture);
    fixture_close(fixture);
}

/* ---- a slot's view ---- */

Test(slot_view, is_the_slots_place_in_the_read_only_map)
{
    struct fixture fixture;

    fixture_open_used(&fixture); /* handles 1 to 100, 16 slots to a page, 256 bytes each */
    for (uint32_t i = 0; i < 100; i++)
        MUST(view_of(&fixture, i + 1) == read_only(&fixture, i / 16) + i % 16 * 32, "slot %u", i);
    finish(&fixture);
}

Test(slot_view, before_the_seal_is_where_the_slot_is_written)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 32, 2, 40);
    fixture_open(&fixture);
    for (uint32_t i = 0; i < 40; i++) {
        const cgdt_slot_t slot = fixture_alloc(&fixture);

        MUST(view_of(&fixture, slot) == fixture_slot(&fixture, slot), "slot %u", i);
    }
    finish(&fixture);
}

Test(slot_view, is_moved_by_the_seal)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 32, 2, 40);
    fixture_open(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    const cgdt_desc_t *before = view_of(&fixture, slot);
    cr_assert_eq(cgdt_seal(fixture.pool), 0);
    cr_assert_neq(view_of(&fixture, slot), before);
    cr_assert_eq(view_of(&fixture, slot), read_only(&fixture, 0));
    finish(&fixture);
}

Test(slot_view, shows_what_is_written)
{
    struct fixture fixture;
    const cgdt_desc_t desc = mark(77);

    fixture_prepare(&fixture, 32, 2, 40);
    fixture_open_live(&fixture);
    (void)fixture_alloc(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    const cgdt_desc_t *view = view_of(&fixture, slot);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 9, &desc, 1), 0);
    cr_assert_eq(view[9], desc);
    finish(&fixture);
}

Test(slot_view, stays_while_other_pages_come_and_go)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 32, 2, 64);
    fixture_open_live(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    const cgdt_desc_t *view = view_of(&fixture, slot);
    cr_assert_eq(cgdt_reserve(fixture.pool, 64), 0);
    cr_assert_eq(view_of(&fixture, slot), view);
    cr_assert_eq(cgdt_reserve(fixture.pool, 0), 0);
    cr_assert_eq(cgdt_trim(fixture.pool), 3);
    cr_assert_eq(view_of(&fixture, slot), view);
    finish(&fixture);
}

Test(slot_view, natively_is_what_lgdt_is_given)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 16, 2, 80);
    fixture_set_native(&fixture, CGDT_PROFILE_NATIVE64);
    fixture_open_live(&fixture);
    for (int i = 0; i < 80; i++) {
        const cgdt_slot_t slot = fixture_alloc(&fixture);
        struct cgdt_pseudo_descriptor gdtr;

        MUST(cgdt_gdtr(fixture.pool, slot, &gdtr) == 0, "slot %d", i);
        MUST((uintptr_t)view_of(&fixture, slot) == gdtr.base, "slot %d", i);
    }
    finish(&fixture);
}

Test(slot_view, asks_nothing_of_the_port)
{
    struct fixture fixture;
    struct faulty before;

    fixture_open_used(&fixture);
    before = fixture.faulty;
    (void)view_of(&fixture, 1);
    cr_assert_eq(memcmp(before.tried, fixture.faulty.tried, sizeof(before.tried)), 0);
    finish(&fixture);
}

Test(slot_view, refuses_a_handle_as_read_does)
{
    struct fixture fixture;
    const cgdt_desc_t *entry0 = NULL;

    fixture_open_used(&fixture);
    cr_assert_eq(cgdt_free(fixture.pool, 5), 0);
    cr_assert_eq(cgdt_slot_view(fixture.pool, 5, &entry0), -CGDT_ESTALE);
    cr_assert_eq(cgdt_slot_view(fixture.pool, 101, &entry0), -CGDT_ENOENT);
    cr_assert_eq(cgdt_slot_view(fixture.pool, CGDT_NO_SLOT, &entry0), -CGDT_ENOENT);
    cr_assert_eq(cgdt_slot_view(fixture.pool, 1, NULL), -CGDT_EINVAL);
    finish(&fixture);
}

/* ---- the common page by itself ---- */

static void open_common(struct fixture *fixture, bool live)
{
    fixture_prepare(fixture, 32, 2, 100);
    fixture_set_common(fixture);
    fixture_open(fixture);
    MUST(!live || cgdt_seal(fixture->pool) == 0, "seal");
}

Test(common_frame, is_there_before_any_slot_is)
{
    struct fixture fixture;
    cgdt_frame_t frame = 0;

    open_common(&fixture, true);
    cr_assert_eq(cgdt_common_frame(fixture.pool, &frame, NULL), 0);
    cr_assert_eq(frame, STRICT_FRAME + fixture.strict.pages);
    finish(&fixture);
}

Test(common_frame, comes_with_the_pages_view)
{
    struct fixture fixture;
    const cgdt_desc_t *view = NULL;
    const cgdt_desc_t desc = mark(3);
    cgdt_frame_t frame;

    open_common(&fixture, true);
    cr_assert_eq(cgdt_write_common(fixture.pool, 7, &desc, 1), 0);
    cr_assert_eq(cgdt_common_frame(fixture.pool, &frame, &view), 0);
    cr_assert_eq(view, read_only(&fixture, CGDT_COMMON_PAGE));
    cr_assert_eq(view[7], desc);
    finish(&fixture);
}

Test(common_frame, is_the_first_of_every_slots_frames)
{
    struct fixture fixture;
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    cgdt_frame_t frame = 0;
    uint32_t n, entries;

    fixture_open_used(&fixture);
    cr_assert_eq(cgdt_common_frame(fixture.pool, &frame, NULL), 0);
    for (cgdt_slot_t slot = 1; slot <= 100; slot++) {
        MUST(cgdt_frames(fixture.pool, slot, frames, &n, &entries) == 0, "slot %u", slot);
        MUST(frames[0] == frame, "slot %u", slot);
    }
    finish(&fixture);
}

Test(common_frame, is_no_hypervisors_before_the_seal)
{
    struct fixture fixture;
    cgdt_frame_t frame;

    open_common(&fixture, false);
    cr_assert_eq(cgdt_common_frame(fixture.pool, &frame, NULL), -CGDT_EPERM);
    finish(&fixture);
}

Test(common_frame, is_not_there_without_a_common_page)
{
    for (int native = 0; native < 2; native++) {
        struct fixture fixture;
        cgdt_frame_t frame;

        fixture_prepare(&fixture, 32, 2, 100);
        if (native)
            fixture_set_native(&fixture, CGDT_PROFILE_NATIVE64);
        fixture_open_live(&fixture);
        (void)fixture_alloc(&fixture);
        cr_assert_eq(cgdt_common_frame(fixture.pool, &frame, NULL), -CGDT_ENOTSUP);
        finish(&fixture);
    }
}

Test(common_frame, wants_a_place_for_it)
{
    struct fixture fixture;
    const cgdt_desc_t *view;

    open_common(&fixture, true);
    cr_assert_eq(cgdt_common_frame(fixture.pool, NULL, &view), -CGDT_EINVAL);
    finish(&fixture);
}

/* ---- behind another page ---- */

#define HEAD 0xabcdeu

Test(frames_behind, are_those_of_the_slot_but_for_the_first)
{
    struct fixture fixture;

    fixture_open_used(&fixture);
    for (cgdt_slot_t slot = 1; slot <= 100; slot++) {
        cgdt_frame_t frames[CGDT_MAX_FRAMES], behind[CGDT_MAX_FRAMES];
        uint32_t n = 0, entries = 0, n_behind = 0, entries_behind = 0;

        MUST(cgdt_frames(fixture.pool, slot, frames, &n, &entries) == 0, "slot %u", slot);
        MUST(cgdt_frames_behind(fixture.pool, slot, HEAD, behind, &n_behind, &entries_behind) == 0,
             "slot %u", slot);
        MUST(behind[0] == HEAD, "slot %u", slot);
        MUST(n_behind == n && entries_behind == entries, "slot %u", slot);
        MUST(memcmp(&behind[1], &frames[1], (n - 1) * sizeof(frames[0])) == 0, "slot %u", slot);
    }
    finish(&fixture);
}

Test(frames_behind, take_a_common_page_in_whose_place_the_other_is)
{
    for (int native = 0; native < 2; native++) {
        struct fixture fixture;
        cgdt_frame_t frames[CGDT_MAX_FRAMES];
        uint32_t n, entries;

        fixture_prepare(&fixture, 32, 2, 100);
        if (native)
            fixture_set_native(&fixture, CGDT_PROFILE_NATIVE64);
        fixture_open_live(&fixture);
        const cgdt_slot_t slot = fixture_alloc(&fixture);
        cr_assert_eq(cgdt_frames_behind(fixture.pool, slot, HEAD, frames, &n, &entries),
                     -CGDT_ENOTSUP);
        finish(&fixture);
    }
}

Test(frames_behind, are_refused_where_frames_are)
{
    struct fixture fixture;
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t n, entries;

    open_common(&fixture, false);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    cr_assert_eq(cgdt_frames_behind(fixture.pool, slot, HEAD, frames, &n, &entries), -CGDT_EPERM);
    cr_assert_eq(cgdt_seal(fixture.pool), 0);
    cr_assert_eq(cgdt_frames_behind(fixture.pool, slot, HEAD, NULL, &n, &entries), -CGDT_EINVAL);
    cr_assert_eq(cgdt_frames_behind(fixture.pool, slot + 1, HEAD, frames, &n, &entries),
                 -CGDT_ENOENT);
    cr_assert_eq(cgdt_free(fixture.pool, slot), 0);
    cr_assert_eq(cgdt_frames_behind(fixture.pool, slot, HEAD, frames, &n, &entries), -CGDT_ESTALE);
    fixture_close(&fixture);
}
