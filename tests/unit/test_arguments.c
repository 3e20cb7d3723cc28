/* SPDX-License-Identifier: MIT */
/*
 * Arguments that no caller should pass: NULL, sizes of nothing and of everything. Errors, and no
 * change.
 */
#include "fixture.h"
#include "profiles.h"

#define SLOTS 40

static void open_pool(struct fixture *fixture)
{
    fixture_prepare(fixture, 32, 2, SLOTS);
    fixture_set_common(fixture);
    fixture_open_live(fixture);
}

Test(arguments, a_null_handle_pointer_is_invalid_and_takes_no_slot)
{
    struct fixture fixture;
    struct snapshot before;
    struct cgdt_cache cache;

    open_pool(&fixture);
    (void)fixture_alloc(&fixture);
    snapshot_take(&before, &fixture);
    cr_assert_eq(cgdt_alloc(fixture.pool, NULL), -CGDT_EINVAL);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 1, NULL), -CGDT_EINVAL);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 30, NULL), -CGDT_EINVAL);
    cr_assert_eq(cgdt_cpu_slot(fixture.pool, 0, NULL), -CGDT_EINVAL);
    cr_assert_eq(cgdt_cache_init(&cache, sizeof(cache), fixture.pool), 0);
    cr_assert_eq(cgdt_cache_alloc(&cache, NULL), -CGDT_EINVAL);
    cr_assert(snapshot_same(&before, &fixture));
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(arguments, frames_wants_all_three_results)
{
    struct fixture fixture;
    cgdt_frame_t frames[CGDT_MAX_FRAMES] = {77};
    uint32_t n = 99, entries = 99;

    open_pool(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    cr_assert_eq(cgdt_frames(fixture.pool, slot, NULL, &n, &entries), -CGDT_EINVAL);
    cr_assert_eq(cgdt_frames(fixture.pool, slot, frames, NULL, &entries), -CGDT_EINVAL);
    cr_assert_eq(cgdt_frames(fixture.pool, slot, frames, &n, NULL), -CGDT_EINVAL);
    cr_assert(frames[0] == 77 && n == 99 && entries == 99, "a failed call wrote");
    cr_assert_eq(cgdt_frames(fixture.pool, slot, frames, &n, &entries), 0);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(arguments, gdtr_wants_its_result)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 32, 2, SLOTS);
    fixture_set_native(&fixture, CGDT_PROFILE_NATIVE64);
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_gdtr(fixture.pool, fixture_alloc(&fixture), NULL), -CGDT_EINVAL);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(arguments, looking_at_a_page_wants_somewhere_to_put_it)
{
    struct fixture fixture;

    open_pool(&fixture);
    (void)fixture_alloc(&fixture);
    cr_assert_eq(cgdt_page_taken(fixture.pool, 0, NULL), -CGDT_EINVAL);
    cr_assert_eq(cgdt_describe(fixture.pool, 0, NULL, 5), -CGDT_EINVAL);
    cr_assert_gt(cgdt_describe(fixture.pool, 0, NULL, 0), 0);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(arguments, nothing_to_read_or_write_is_done_at_once)
{
    struct fixture fixture;
    struct snapshot before;

    open_pool(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    snapshot_take(&before, &fixture);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 0, NULL, 0), 0);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 32, NULL, 0), 0);
    cr_assert_eq(cgdt_read(fixture.pool, slot, 0, NULL, 0), 0);
    cr_assert_eq(cgdt_read(fixture.pool, slot, 32, NULL, 0), 0);
    cr_assert_eq(cgdt_write_common(fixture.pool, 0, NULL, 0), 0);
    cr_assert_eq(cgdt_write_common(fixture.pool, 512, NULL, 0), 0);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 0, NULL), 0);
    cr_assert(snapshot_same(&before, &fixture));
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(arguments, a_slot_ends_where_it_ends_however_large_the_numbers)
{
    static const struct {
        uint32_t first, n;
    } beyond[] = {{0, 33},
                  {1, 32},
                  {31, 2},
                  {32, 1},
                  {33, 0},
                  {512, 1},
                  {0, 0xffffffff},
                  {1, 0xffffffff},
                  {32, 0xffffffff},
                  {0xffffffff, 0},
                  {0xffffffff, 1},
                  {0xffffffff, 2},
                  {0xffffffff, 0xffffffff},
                  {0xfffffff0, 32},
                  {0x80000000, 0x80000000}};
    struct fixture fixture;
    struct snapshot before;
    cgdt_desc_t descs[64] = {0};
    cgdt_slot_t slots[SLOTS];

    open_pool(&fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, SLOTS, slots), 0);
    snapshot_take(&before, &fixture);
    for (size_t i = 0; i < COUNT_OF(beyond); i++)
        for (size_t j = 0; j < SLOTS; j++) {
            const uint32_t first = beyond[i].first, n = beyond[i].n;

            MUST(cgdt_write(fixture.pool, slots[j], first, descs, n) == -CGDT_ERANGE, "%zu", i);
            MUST(cgdt_read(fixture.pool, slots[j], first, descs, n) == -CGDT_ERANGE, "%zu", i);
        }
    cr_assert(snapshot_same(&before, &fixture));
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(arguments, the_common_page_ends_where_it_ends_and_its_pointers_are_checked)
{
    struct fixture fixture;
    struct snapshot before;
    static _Alignas(8) cgdt_desc_t descs[513];
    const cgdt_desc_t *crooked =
        (const cgdt_desc_t *)((uintptr_t)descs + _Alignof(cgdt_desc_t) / 2);

    open_pool(&fixture);
    snapshot_take(&before, &fixture);
    cr_assert_eq(cgdt_write_common(fixture.pool, 0, descs, 513), -CGDT_ERANGE);
    cr_assert_eq(cgdt_write_common(fixture.pool, 511, descs, 2), -CGDT_ERANGE);
    cr_assert_eq(cgdt_write_common(fixture.pool, 513, descs, 0), -CGDT_ERANGE);
    cr_assert_eq(cgdt_write_common(fixture.pool, 2, descs, 0xffffffff), -CGDT_ERANGE);
    cr_assert_eq(cgdt_write_common(fixture.pool, 1, NULL, 1), -CGDT_EINVAL);
    cr_assert_eq(cgdt_write_common(fixture.pool, 1, crooked, 1), -CGDT_EINVAL);
    descs[0] = DATA3;
    cr_assert_eq(cgdt_write_common(fixture.pool, 0, descs, 1), -CGDT_ERANGE);
    descs[0] = TSS64;
    cr_assert_eq(cgdt_write_common(fixture.pool, 1, descs, 1), -CGDT_EILSEQ);
    cr_assert(snapshot_same(&before, &fixture));
    fixture_close(&fixture);
}

Test(arguments, reserve_of_everything_imaginable_is_refused_and_leaves_no_page)
{
    const uint32_t huge[] = {SLOTS + 1, 0x7fffffff, 0x80000000, 0xffffffff};
    struct fixture fixture;
    struct snapshot before;

    open_pool(&fixture);
    snapshot_take(&before, &fixture);
    for (size_t i = 0; i < COUNT_OF(huge); i++)
        cr_assert_eq(cgdt_reserve(fixture.pool, huge[i]), -CGDT_ENOSPC, "%x", huge[i]);
    cr_assert(snapshot_same(&before, &fixture));
    fixture_close(&fixture);
}

Test(arguments, a_bulk_of_a_number_gone_wrong_touches_nothing)
{
    const uint32_t wrong[] = {CGDT_MAX_SLOTS + 1, 0x7fffffff, 0x80000000, 0xffffffff};
    struct fixture fixture;
    struct snapshot before;
    cgdt_slot_t slot = 99;

    open_pool(&fixture);
    snapshot_take(&before, &fixture);
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        cr_assert_eq(cgdt_alloc_bulk(fixture.pool, wrong[i], &slot), -CGDT_EINVAL, "%x", wrong[i]);
    cr_assert_eq(slot, 99);
    cr_assert(snapshot_same(&before, &fixture));
    fixture_close(&fixture);
}

/*
 * It would raise every DPL to 3 where no hypervisor is, and the kernel's first far return would
 * fault.
 */
Test(arguments, a_native_pool_with_rules_of_xen_is_invalid)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 32, 2, SLOTS);
    fixture.config.template_entries = 0; /* which PV32 would refuse by itself */
    for (unsigned n = 0; n < PROFILES; n++) {
        fixture_set_native(&fixture, nth_profile(n));
        cr_assert_eq(cgdt_pool_bytes(&fixture.config) != 0, n >= 2, "%u", n);
    }
}

Test(arguments, a_misaligned_template_is_invalid)
{
    static _Alignas(8) const unsigned char bytes[64];
    struct fixture fixture;

    fixture_prepare(&fixture, 32, 2, SLOTS);
    for (size_t offset = 1; offset < _Alignof(cgdt_desc_t); offset++) {
        fixture.config.template_descs = (const cgdt_desc_t *)((uintptr_t)bytes + offset);
        fixture.config.template_entries = 1;
        cr_assert_eq(cgdt_pool_bytes(&fixture.config), 0, "%zu", offset);
    }
    fixture.config.template_descs = NULL;
    fixture.config.template_entries = 0;
    cr_assert_gt(cgdt_pool_bytes(&fixture.config), 0);
}

Test(arguments, the_directory_takes_no_cpu_beyond_it)
{
    const uint32_t beyond[] = {SLOTS, SLOTS + 1, 0x40000000, 0x80000000, 0xffffffff};
    struct fixture fixture;
    struct snapshot before;
    cgdt_slot_t slot = 99;

    open_pool(&fixture);
    snapshot_take(&before, &fixture);
    for (size_t i = 0; i < COUNT_OF(beyond); i++) {
        cr_assert_eq(cgdt_cpu_online(fixture.pool, beyond[i], &slot), -CGDT_EINVAL);
        cr_assert_eq(cgdt_cpu_offline(fixture.pool, beyond[i]), -CGDT_EINVAL);
        cr_assert_eq(cgdt_cpu_slot(fixture.pool, beyond[i], &slot), -CGDT_EINVAL);
    }
    cr_assert_eq(slot, 99);
    cr_assert(snapshot_same(&before, &fixture));
    fixture_close(&fixture);
}

Test(arguments, an_unknown_reason_is_refused_in_words)
{
    const enum cgdt_reason unknown[] = {(enum cgdt_reason)1000, (enum cgdt_reason) - 1};

    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        cr_assert_eq(cgdt_reason_effect(unknown[i]), CGDT_REFUSED);
        cr_assert_str_eq(cgdt_reason_text(unknown[i]), "unknown reason");
    }
}
