/* SPDX-License-Identifier: MIT */
/* Writing and reading descriptors of a slot: ranges, profiles, what is skipped, who is called. */
#include "fixture.h"

#define LIVE_WRITES(fixture) ((fixture).faulty.did[FAULTY_LIVE_WRITE])

Test(write, what_is_written_is_read_back_at_every_range)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 16, 2, 40);
    fixture_open_live(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    uint32_t number = 0;
    for (uint32_t first = 1; first < 16; first++)
        for (uint32_t n = 1; n <= 16 - first; n++) {
            cgdt_desc_t in[16];
            cgdt_desc_t out[16] = {0};

            for (uint32_t i = 0; i < n; i++)
                in[i] = mark(++number);
            MUST(cgdt_write(fixture.pool, slot, first, in, n) == 0, "%u at %u", n, first);
            MUST(cgdt_read(fixture.pool, slot, first, out, n) == 0, "%u at %u", n, first);
            MUST(memcmp(in, out, n * sizeof(in[0])) == 0, "%u at %u", n, first);
            MUST(memcmp(in, fixture_slot(&fixture, slot) + first, n * sizeof(in[0])) == 0, "page");
        }
    fixture_must_be_sound(&fixture, "after the writes");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(write, nothing_outside_the_range_is_touched)
{
    struct fixture fixture;
    struct snapshot before;
    const cgdt_desc_t desc[2] = {mark(1), mark(2)};

    fixture_prepare(&fixture, 16, 2, 40);
    fixture_open_live(&fixture);
    for (int i = 0; i < 40; i++)
        (void)fixture_alloc(&fixture);
    snapshot_take(&before, &fixture);
    cr_assert_eq(cgdt_write(fixture.pool, 6, 3, desc, 2), 0);
    cr_assert_eq(fixture_slot(&fixture, 6)[3], desc[0]);
    cr_assert_eq(fixture_slot(&fixture, 6)[4], desc[1]);
    fixture_slot(&fixture, 6)[3] = 0;
    fixture_slot(&fixture, 6)[4] = 0;
    cr_assert(snapshot_same(&before, &fixture));
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

/*
 * Xen would take the first and make a gate of ring 1 of it when it sees the page the second time.
 */
Test(write, a_pv32_gate_that_xen_would_not_keep_is_refused)
{
    struct fixture fixture;
    const cgdt_desc_t ring3 = 0x0000ec0000080000ull;
    const cgdt_desc_t ring1 = 0x0000ac0000080000ull;
    const cgdt_desc_t ring1_kept = 0x00008c0000090000ull;
    cgdt_desc_t found;

    fixture_prepare(&fixture, 16, 2, 40);
    fixture.config.profile = CGDT_PROFILE_XEN_PV32;
    fixture.config.template_entries = 0; /* the fixture's has 64-bit code */
    fixture_open_live(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 3, &ring3, 1), -CGDT_EILSEQ);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 3, &ring1, 1), 0);
    cr_assert_eq(cgdt_read(fixture.pool, slot, 3, &found, 1), 0);
    cr_assert_eq(found, ring1_kept);
    fixture_must_be_sound(&fixture, "with a gate of ring 1");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(write, equal_descriptors_cost_no_port_call)
{
    struct fixture fixture;
    const cgdt_desc_t desc[3] = {mark(1), 0, mark(3)};

    fixture_prepare(&fixture, 16, 2, 40);
    fixture_open_live(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 3, desc, 3), 0);
    const uint32_t calls = LIVE_WRITES(fixture);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 3, desc, 3), 0);
    cr_assert_eq(LIVE_WRITES(fixture), calls);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(write, what_xen_would_make_equal_costs_no_port_call)
{
    struct fixture fixture;
    const cgdt_desc_t ring0 = mark(1) & ~(3ull << 45);

    fixture_prepare(&fixture, 16, 2, 40);
    fixture_open_live(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 3, &ring0, 1), 0);
    const uint32_t calls = LIVE_WRITES(fixture);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 3, &ring0, 1), 0);
    cr_assert_eq(LIVE_WRITES(fixture), calls);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(write, a_batch_is_one_port_call)
{
    struct fixture fixture;
    cgdt_desc_t desc[15];

    for (uint32_t i = 0; i < 15; i++)
        desc[i] = mark(i);
    fixture_prepare(&fixture, 16, 2, 40);
    fixture_open_live(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    const uint32_t calls = LIVE_WRITES(fixture);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 1, desc, 15), 0);
    cr_assert_eq(LIVE_WRITES(fixture), calls + 1);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(write, a_private_page_needs_no_port)
{
    struct fixture fixture;
    const cgdt_desc_t desc = mark(1);

    fixture_prepare(&fixture, 16, 2, 40);
    fixture_open(&fixture);
    cr_assert_eq(cgdt_write(fixture.pool, fixture_alloc(&fixture), 5, &desc, 1), 0);
    cr_assert_eq(fixture.faulty.tried[FAULTY_LIVE_WRITE], 0);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(write, descriptors_are_stored_as_the_hypervisor_would_keep_them)
{
    const struct {
        const struct cgdt_profile *profile;
        cgdt_desc_t desc;
        cgdt_desc_t stored;
    } rows[] = {
        {CGDT_PROFILE_XEN_PV64, 0x00cf93000000ffff, 0x00cff3000000ffff},
        {CGDT_PROFILE_XEN_PV64, 0x0000ec00000b0000, 0x00008c00000b0000},
        {CGDT_PROFILE_XEN_PV32, 0x00cf93000000ffff, 0x00cfb3000000ffff},
        {CGDT_PROFILE_XEN_PV32, 0x00cff300000067ff, 0x00cff3000000ffff},
        {CGDT_PROFILE_NATIVE64, 0x00cf93000000ffff, 0x00cf93000000ffff},
        {CGDT_PROFILE_NATIVE32, 0x00cf93000000ffff, 0x00cf93000000ffff},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (int live = 0; live < 2; live++) {
            struct fixture fixture;
            cgdt_desc_t out = 0;

            fixture_prepare(&fixture, 16, 2, 40);
            fixture.config.profile = rows[i].profile;
            fixture.config.template_entries = 0;
            live ? fixture_open_live(&fixture) : fixture_open(&fixture);
            const cgdt_slot_t slot = fixture_alloc(&fixture);
            cr_assert_eq(cgdt_write(fixture.pool, slot, 4, &rows[i].desc, 1), 0);
            cr_assert_eq(cgdt_read(fixture.pool, slot, 4, &out, 1), 0);
            cr_assert_eq(out, rows[i].stored, "row %zu: %016" PRIx64, i, out);
            fixture_must_be_sound(&fixture, "after a rewritten descriptor");
            fixture_free_all(&fixture);
            fixture_close(&fixture);
        }
}

Test(write, one_refused_descriptor_refuses_all_and_changes_nothing)
{
    struct fixture fixture;
    struct snapshot before;

    fixture_prepare(&fixture, 16, 2, 40);
    fixture_open_live(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    for (uint32_t bad = 0; bad < 15; bad++) {
        cgdt_desc_t desc[15];

        for (uint32_t i = 0; i < 15; i++)
            desc[i] = i == bad ? TSS64 : mark(i);
        snapshot_take(&before, &fixture);
        cr_assert_eq(cgdt_write(fixture.pool, slot, 1, desc, 15), -CGDT_EILSEQ, "%u", bad);
        cr_assert(snapshot_same(&before, &fixture), "%u", bad);
    }
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(write, the_null_entry_takes_zero_and_nothing_else)
{
    struct fixture fixture;
    const cgdt_desc_t zero = 0;
    const cgdt_desc_t desc = mark(1);

    fixture_prepare(&fixture, 16, 2, 40);
    fixture_open_live(&fixture);
    for (int i = 0; i < 3; i++) {
        const cgdt_slot_t slot = fixture_alloc(&fixture);

        cr_assert_eq(cgdt_write(fixture.pool, slot, 0, &desc, 1), -CGDT_ERANGE);
        cr_assert_eq(cgdt_write(fixture.pool, slot, 0, &zero, 1), 0);
    }
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(write, behind_a_common_page_entry_0_is_like_any_other)
{
    struct fixture fixture;
    const cgdt_desc_t desc = mark(1);
    cgdt_desc_t out = 0;

    fixture_prepare(&fixture, 8, 2, 100);
    fixture_set_common(&fixture);
    fixture_open_live(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 0, &desc, 1), 0);
    cr_assert_eq(cgdt_read(fixture.pool, slot, 0, &out, 1), 0);
    cr_assert_eq(out, desc);
    fixture_must_be_sound(&fixture, "with entry 0 in use");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(write, entries_outside_the_slot_are_out_of_range)
{
    struct fixture fixture;
    cgdt_desc_t desc[20] = {0};
    const struct {
        uint32_t first;
        uint32_t n;
    } rows[] = {{16, 1},         {15, 2},         {0, 17},
                {1, 0xffffffff}, {0xffffffff, 1}, {0xfffffff0, 0x11},
                {17, 0},         {0xffffffff, 0}};

    fixture_prepare(&fixture, 16, 2, 40);
    fixture_open_live(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cr_assert_eq(cgdt_write(fixture.pool, slot, rows[i].first, desc, rows[i].n), -CGDT_ERANGE,
                     "row %zu", i);
        cr_assert_eq(cgdt_read(fixture.pool, slot, rows[i].first, desc, rows[i].n), -CGDT_ERANGE,
                     "row %zu", i);
    }
    cr_assert_eq(cgdt_write(fixture.pool, slot, 16, desc, 0), 0, "nothing, at the end");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(write, native64_pairs_are_judged_with_what_the_slot_holds)
{
    struct fixture fixture;
    const cgdt_desc_t tss[2] = {TSS64, 0xffff8000};
    const cgdt_desc_t data = DATA3;

    fixture_prepare(&fixture, 16, 2, 40);
    fixture_set_native(&fixture, CGDT_PROFILE_NATIVE64);
    fixture_open_live(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 15, tss, 1), -CGDT_EILSEQ, "no room for its half");
    cr_assert_eq(cgdt_write(fixture.pool, slot, 4, &data, 1), 0);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 3, tss, 1), -CGDT_EILSEQ, "data is no high half");
    cr_assert_eq(cgdt_write(fixture.pool, slot, 3, tss, 2), 0);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 4, &data, 1), -CGDT_EILSEQ, "it would be cut");
    fixture_must_be_sound(&fixture, "after all");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(write, the_common_page_is_written_and_seen_by_all)
{
    struct fixture fixture;
    const cgdt_desc_t desc[2] = {CODE64, DATA3};
    const cgdt_desc_t tss = TSS64;
    const cgdt_desc_t zero = 0;

    for (int live = 0; live < 2; live++) {
        fixture_prepare(&fixture, 8, 2, 100);
        fixture_set_common(&fixture);
        live ? fixture_open_live(&fixture) : fixture_open(&fixture);
        cgdt_desc_t *page = strict_page(&fixture.strict, CGDT_COMMON_PAGE);
        cr_assert_eq(cgdt_write_common(fixture.pool, 510, desc, 2), 0);
        cr_assert_eq(page[510], CODE64);
        cr_assert_eq(page[511], DATA3);
        cr_assert_eq(cgdt_write_common(fixture.pool, 0, desc, 1), -CGDT_ERANGE);
        cr_assert_eq(cgdt_write_common(fixture.pool, 0, &zero, 1), 0);
        cr_assert_eq(cgdt_write_common(fixture.pool, 511, desc, 2), -CGDT_ERANGE);
        cr_assert_eq(cgdt_write_common(fixture.pool, 5, &tss, 1), -CGDT_EILSEQ);
        cr_assert_eq(cgdt_write_common(fixture.pool, 5, NULL, 1), -CGDT_EINVAL);
        cr_assert_eq(page[5], 0);
        fixture_must_be_sound(&fixture, "common page");
        fixture_close(&fixture);
    }
}

Test(write, without_a_common_page_there_is_none_to_write)
{
    struct fixture fixture;
    const cgdt_desc_t desc = DATA3;

    fixture_prepare(&fixture, 16, 2, 40);
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_write_common(fixture.pool, 1, &desc, 1), -CGDT_ENOTSUP);
    fixture_close(&fixture);
}

Test(write, native64_pairs_may_begin_at_entry_0_behind_a_common_page_or_not)
{
    struct fixture fixture;
    const cgdt_desc_t null_and_pair[] = {0, TSS64, 0};
    const cgdt_desc_t lonely[] = {0, TSS64};

    fixture_prepare(&fixture, 16, 2, 40);
    fixture_set_native(&fixture, CGDT_PROFILE_NATIVE64);
    fixture_open_live(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 0, lonely, 2), -CGDT_EILSEQ,
                 "entry 2 is a segment");
    cr_assert_eq(cgdt_write(fixture.pool, slot, 0, null_and_pair, 3), 0);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

/* The order that live_write() was told, of the last batch. */
static uint8_t order;

static int take_order(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    order = batch->order;
    return faulty_port.live_write(ctx, page, view, batch);
}

/* cgdt_batch_order: one pass where it will do, three where a 16-byte descriptor comes or goes. */
Test(write, the_order_of_a_batch_is_the_one_that_its_change_needs)
{
    const cgdt_desc_t few[3] = {DATA3, CODE64, DATA3};
    const cgdt_desc_t pair[3] = {DATA3, TSS64, 0xffff8000};
    const cgdt_desc_t around_it[4] = {DATA3, TSS64, 0xffff8000, CODE64};
    struct cgdt_port port = faulty_port;
    struct fixture fixture;

    port.live_write = take_order;
    fixture_prepare(&fixture, 32, 2, 40);
    fixture_set_native(&fixture, CGDT_PROFILE_NATIVE64);
    fixture.config.port = &port;
    fixture_open_live(&fixture);
    (void)fixture_alloc(&fixture); /* by ordinary stores, on a new page */
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    cr_assert_eq(order, CGDT_BATCH_FALLING, "the template");
    cr_assert_eq(cgdt_write(fixture.pool, slot, 5, few, 3), 0);
    cr_assert_eq(order, CGDT_BATCH_RISING, "8-byte descriptors");
    cr_assert_eq(cgdt_write(fixture.pool, slot, 5, pair, 3), 0);
    cr_assert_eq(order, CGDT_BATCH_ANY, "a TSS comes");
    order = 99;
    cr_assert_eq(cgdt_write(fixture.pool, slot, 5, around_it, 4), 0);
    cr_assert_eq(order, CGDT_BATCH_ANY, "a TSS stays");
    cr_assert_eq(cgdt_write(fixture.pool, slot, 5, few, 3), 0);
    cr_assert_eq(order, CGDT_BATCH_ANY, "a TSS goes");
    cr_assert_eq(cgdt_write(fixture.pool, slot, 5, pair, 3), 0);
    cr_assert_eq(cgdt_free(fixture.pool, slot), 0);
    cr_assert_eq(order, CGDT_BATCH_RISING, "all of it goes");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}
