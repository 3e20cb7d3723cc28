/* SPDX-License-Identifier: MIT */
/*
 * What a pool does not take, since the CPU would fault on it: segments whose accessed bit is clear
 * behind a read-only mapping, 16-byte descriptors by halves, bases that are not canonical.
 */
#include <cgdt/port/native.h>

#include "fixture.h"
#include "native_setup.h"

#define CLEAR(desc) ((desc) & ~CGDT_DESC_ACCESSED)
#define HIGH        0xffff8000ull         /* of a base in the kernel's half */
#define LONELY_HIGH 0x0000800000000000ull /* present, of type 0: no descriptor that can be loaded */
#define NOT_PRESENT (CLEAR(DATA3) & ~CGDT_DESC_PRESENT)

/* A native pool whose CPUs read through a read-only mapping, by the configuration or the port. */
static void prepare_read_only(struct fixture *fixture, struct cgdt_port *port, bool by_port)
{
    fixture_prepare(fixture, 16, 2, 40);
    fixture_set_native(fixture, CGDT_PROFILE_NATIVE64);
    *port = *fixture->config.port;
    port->seal_read_only = by_port;
    fixture->config.port = port;
    fixture->config.alias_bytes = by_port ? 0 : 4096;
}

Test(accept, a_segment_that_the_cpu_would_mark_is_refused_behind_a_read_only_mapping)
{
    const cgdt_desc_t refused[] = {CLEAR(DATA3), CLEAR(CODE64), CLEAR(0x00cf9b000000ffffull)};
    const cgdt_desc_t taken[] = {DATA3, CODE64, NOT_PRESENT, 0};
    struct fixture fixture;
    struct cgdt_port port;

    for (int by_port = 0; by_port < 2; by_port++) {
        prepare_read_only(&fixture, &port, by_port);
        fixture_open_live(&fixture);
        const cgdt_slot_t slot = fixture_alloc(&fixture);
        for (size_t i = 0; i < COUNT_OF(refused); i++) {
            const cgdt_desc_t with_others[] = {DATA3, refused[i], CODE64};

            cr_assert_eq(cgdt_write(fixture.pool, slot, 5, &refused[i], 1), -CGDT_EROFS);
            cr_assert_eq(cgdt_write(fixture.pool, slot, 5, with_others, 3), -CGDT_EROFS);
            cr_assert_eq(fixture_slot(&fixture, slot)[5], 0, "nothing is written");
        }
        cr_assert_eq(cgdt_write(fixture.pool, slot, 5, taken, COUNT_OF(taken)), 0);
        fixture_free_all(&fixture);
        fixture_close(&fixture);
    }
}

Test(accept, a_template_that_the_cpu_would_mark_makes_no_pool_behind_a_read_only_mapping)
{
    const cgdt_desc_t template_descs[] = {0, CODE64, CLEAR(DATA3)};
    struct fixture fixture;
    struct cgdt_port port;

    for (int by_port = 0; by_port < 2; by_port++) {
        prepare_read_only(&fixture, &port, by_port);
        fixture.config.template_descs = template_descs;
        fixture.config.template_entries = 3;
        cr_assert_eq(cgdt_pool_init(&fixture.pool, fixture.memory, fixture.bytes, &fixture.config),
                     -CGDT_EROFS);
        fixture.config.template_entries = 2;
        fixture_open_live(&fixture);
        fixture_close(&fixture);
    }
}

Test(accept, a_segment_that_the_cpu_would_mark_is_taken_where_the_cpu_can)
{
    const cgdt_desc_t clear = CLEAR(DATA3);
    struct fixture fixture;

    fixture_prepare(&fixture, 16, 2, 40);
    fixture_set_native(&fixture, CGDT_PROFILE_NATIVE64);
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_write(fixture.pool, fixture_alloc(&fixture), 5, &clear, 1), 0);
    fixture_must_be_sound(&fixture, "with a clear accessed bit");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(accept, xen_sets_accessed_bits_through_a_mapping_of_its_own)
{
    const cgdt_desc_t clear = CLEAR(DATA3);
    struct fixture fixture;
    struct cgdt_port port;

    fixture_prepare(&fixture, 16, 2, 40);
    port = *fixture.config.port;
    port.seal_read_only = true;
    fixture.config.port = &port;
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_write(fixture.pool, fixture_alloc(&fixture), 5, &clear, 1), 0);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(accept, the_native_port_takes_clear_accessed_bits_only_where_it_has_one_map)
{
    const cgdt_desc_t clear = CLEAR(NATIVE_DATA0);
    struct cgdt_native native = native_two_maps();

    for (int maps = 2; maps > 0; maps--) {
        struct cgdt_pool *pool = native_open(&native, true);
        const cgdt_slot_t slot = native_alloc(pool);

        cr_assert_eq(cgdt_write(pool, slot, 5, &clear, 1), maps == 2 ? -CGDT_EROFS : 0);
        cr_assert_eq(cgdt_free(pool, slot), 0);
        cr_assert_eq(cgdt_pool_destroy(pool), 0);
        native.alias = native.base;
    }
}

/* What a kernel stored itself while the pages were private. */
Test(accept, the_pools_own_check_finds_clear_accessed_bits_behind_a_read_only_mapping)
{
    struct fixture fixture;
    struct cgdt_port port;
    struct cgdt_violation violation;

    prepare_read_only(&fixture, &port, true);
    fixture_open(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    fixture_slot(&fixture, slot)[7] = CLEAR(DATA3);
    cr_assert_eq(cgdt_check(fixture.pool, &violation), 1);
    cr_assert_eq(violation.reason, CGDT_ACCESSED_CLEAR);
    cr_assert_eq(violation.entry, 7);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

/* A live pool on which the CPU can write, and a slot of it. */
static cgdt_slot_t open_native(struct fixture *fixture, const struct cgdt_profile *profile)
{
    fixture_prepare(fixture, 16, 2, 40);
    fixture_set_native(fixture, profile);
    fixture_open_live(fixture);
    return fixture_alloc(fixture);
}

/* The low half of a TSS, with a zero behind it that was there before. */
Test(accept, a_low_half_does_not_come_without_its_high_half)
{
    const cgdt_desc_t tss[] = {TSS64, 0};
    const cgdt_desc_t before[] = {DATA3, TSS64};
    const cgdt_desc_t data[] = {DATA3, DATA3};
    struct fixture fixture;
    const cgdt_slot_t slot = open_native(&fixture, CGDT_PROFILE_NATIVE64);

    cr_assert_eq(cgdt_write(fixture.pool, slot, 8, tss, 1), -CGDT_EILSEQ);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 7, before, 2), -CGDT_EILSEQ);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 8, tss, 2), 0);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 8, tss, 1), 0, "it is there already");
    cr_assert_eq(cgdt_write(fixture.pool, slot, 10, data, 2), 0, "behind it");
    cr_assert_eq(cgdt_write(fixture.pool, slot, 6, data, 2), 0, "before it");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(accept, a_high_half_changes_alone_only_into_a_high_half)
{
    const cgdt_desc_t tss[] = {TSS64, HIGH};
    const cgdt_desc_t other = HIGH + 1;
    const cgdt_desc_t data = DATA3;
    struct fixture fixture;
    const cgdt_slot_t slot = open_native(&fixture, CGDT_PROFILE_NATIVE64);

    cr_assert_eq(cgdt_write(fixture.pool, slot, 8, tss, 2), 0);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 9, &other, 1), 0);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 9, &data, 1), -CGDT_EILSEQ);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(accept, what_can_only_be_a_high_half_neither_comes_nor_is_left_alone)
{
    const cgdt_desc_t lonely[] = {DATA3, LONELY_HIGH};
    const cgdt_desc_t pair[] = {TSS64, LONELY_HIGH};
    const cgdt_desc_t data[] = {DATA3, DATA3};
    struct fixture fixture;
    const cgdt_slot_t slot = open_native(&fixture, CGDT_PROFILE_NATIVE64);

    cr_assert_eq(cgdt_write(fixture.pool, slot, 8, lonely, 2), -CGDT_EILSEQ);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 8, pair, 2), 0);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 8, data, 1), -CGDT_EILSEQ, "it would be left");
    cr_assert_eq(cgdt_write(fixture.pool, slot, 7, data, 1), 0, "it is not touched");
    cr_assert_eq(cgdt_write(fixture.pool, slot, 10, data, 1), 0, "nor here");
    cr_assert_eq(cgdt_write(fixture.pool, slot, 8, data, 2), 0, "both go");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

/* 2^47 is an address of 57 bits, and none of 48. */
Test(accept, a_base_is_canonical_for_the_cpu_that_the_profile_names)
{
    const cgdt_desc_t low_end[] = {TSS64, 0x00007fff};
    const cgdt_desc_t high_end[] = {TSS64, 0xffff8000};
    const cgdt_desc_t above[] = {TSS64, 0x00008000};
    const cgdt_desc_t below[] = {TSS64, 0xffff7fff};
    struct fixture fixture;

    for (int la48 = 0; la48 < 2; la48++) {
        const int wanted = la48 ? -CGDT_EILSEQ : 0;

        const cgdt_slot_t slot =
            open_native(&fixture, la48 ? CGDT_PROFILE_NATIVE64_LA48 : CGDT_PROFILE_NATIVE64);

        cr_assert_eq(cgdt_write(fixture.pool, slot, 8, low_end, 2), 0);
        cr_assert_eq(cgdt_write(fixture.pool, slot, 8, high_end, 2), 0);
        cr_assert_eq(cgdt_write(fixture.pool, slot, 8, above, 2), wanted);
        cr_assert_eq(cgdt_write(fixture.pool, slot, 8, below, 2), wanted);
        fixture_free_all(&fixture);
        fixture_close(&fixture);
    }
}
