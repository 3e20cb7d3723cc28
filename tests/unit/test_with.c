/* SPDX-License-Identifier: MIT */
/*
 * cgdt_alloc_with() and cgdt_cpu_online_with(): a slot that comes with its owner's descriptors. The
 * oracle is another pool, in which the same is done by cgdt_alloc() and cgdt_write().
 */
#include "fixture.h"

#define CODE  (-4321)
#define SLOTS 40 /* of 16 to a page: two pages and a half, in windows of two */

static struct fixture fixture;
static struct fixture other;

static void prepare(struct fixture *one)
{
    fixture_prepare(one, 32, 2, SLOTS);
}

/* The first page is in service, and free. */
static void open_pool(void)
{
    prepare(&fixture);
    fixture_open_live(&fixture);
    MUST(cgdt_reserve(fixture.pool, 16) == 0, "reserve");
}

static void open_full_page(void)
{
    cgdt_slot_t slots[16];

    open_pool();
    MUST(cgdt_alloc_bulk(fixture.pool, 16, slots) == 0, "bulk");
}

static void close_one(struct fixture *one)
{
    fixture_end(one);
}

static void arm(enum faulty_kind kind)
{
    faulty_arm(&fixture.faulty, 1u << kind, 1, CODE);
}

/* A slot with mark(1), mark(2) in entries 3 and 4. */
static int take(cgdt_slot_t *slot)
{
    const cgdt_desc_t own[2] = {mark(1), mark(2)};

    return cgdt_alloc_with(fixture.pool, 3, own, 2, slot);
}

/* Where the next call has its table: what can only be a high half, without its low one. */
static __attribute__((__noinline__)) void leave_halves_on_the_stack(void)
{
    volatile cgdt_desc_t junk[512];

    for (uint32_t i = 0; i < COUNT_OF(junk); i++)
        junk[i] = 0x0000800000000000ull;
}

static bool has_table(cgdt_slot_t slot)
{
    const cgdt_desc_t expected[6] = {0, CODE64, DATA3, mark(1), mark(2)};

    return memcmp(fixture_slot(&fixture, slot), expected, sizeof(expected)) == 0;
}

/* What the two calls say and leave behind, in the other pool. */
static int alloc_and_write(uint32_t first, const void *desc, uint32_t n, cgdt_slot_t *slot)
{
    const cgdt_slot_t came = fixture_alloc(&other);
    const int error = cgdt_write(other.pool, came, first, desc, n);

    *slot = error == 0 ? came : CGDT_NO_SLOT;
    if (error != 0)
        MUST(cgdt_free(other.pool, came) == 0, "free");
    return error;
}

/* To write what is there is nothing to cgdt_write(), and never refused. */
static bool is_in_template(uint32_t first, const cgdt_desc_t *desc, uint32_t n)
{
    const uint32_t entries = fixture.config.template_entries;

    return first < entries && n <= entries - first &&
           memcmp((const cgdt_desc_t *)fixture.config.template_descs + first, desc, n * 8) == 0;
}

static void compare(uint32_t first, const void *desc, uint32_t n, const char *what)
{
    const uint32_t entries = fixture.config.layout.slot_entries;
    cgdt_slot_t slot = 99, expected;
    const int wanted = alloc_and_write(first, desc, n, &expected);
    const int result = cgdt_alloc_with(fixture.pool, first, desc, n, &slot);

    MUST(result == wanted, "%s: %u entries from %u: %d, not %d", what, n, first, result, wanted);
    MUST((slot == CGDT_NO_SLOT) == (result != 0), "%s: slot %x", what, slot);
    if (result != 0)
        return;
    MUST(memcmp(fixture_slot(&fixture, slot), fixture_slot(&other, expected), entries * 8) == 0,
         "%s: contents, %u entries from %u", what, n, first);
    MUST(cgdt_free(fixture.pool, slot) == 0 && cgdt_free(other.pool, expected) == 0, "free");
    for (uint32_t i = 0; i < entries; i++)
        MUST(fixture_slot(&fixture, slot)[i] == 0, "%s: entry %u is left behind", what, i);
}

/* Values of every kind: fine, rewritten by Xen, refused, halves of pairs, without accessed bit. */
static const cgdt_desc_t kinds[] = {0,
                                    CODE64,
                                    DATA3,
                                    CODE64 & ~(3ull << 45),
                                    TSS64,
                                    0x00000000ffff8000ull,
                                    0x00cff2000000ffffull,
                                    0x0000800000000000ull,
                                    0xdeadbeefdeadbeefull};

static void compare_all(const char *what)
{
    const uint32_t entries = fixture.config.layout.slot_entries;
    const uint32_t firsts[] = {0, 1, 2, 3, 6, entries - 3, entries - 2, entries - 1, entries, ~0u};
    cgdt_desc_t desc[3];

    for (uint32_t f = 0; f < sizeof(firsts) / sizeof(*firsts); f++)
        for (uint32_t code = 0; code < 9 * 9 * 9; code++) {
            desc[0] = kinds[code % 9];
            desc[1] = kinds[code / 9 % 9];
            desc[2] = kinds[code / 81];
            for (uint32_t n = 0; n <= 3; n++)
                if (!is_in_template(firsts[f], desc, n))
                    compare(firsts[f], desc, n, what);
        }
}

static void compare_two_pools(const char *what)
{
    fixture_open_live(&fixture);
    fixture_open_live(&other);
    compare_all(what);
    close_one(&fixture);
    close_one(&other);
}

Test(with, it_is_alloc_and_write_on_xen)
{
    prepare(&fixture);
    prepare(&other);
    compare_two_pools("xen");
}

Test(with, it_is_alloc_and_write_behind_a_common_page)
{
    prepare(&fixture);
    fixture_set_common(&fixture);
    prepare(&other);
    fixture_set_common(&other);
    compare_two_pools("common");
}

Test(with, it_is_alloc_and_write_where_the_cpu_finds_pairs)
{
    prepare(&fixture);
    fixture_set_native(&fixture, CGDT_PROFILE_NATIVE64);
    prepare(&other);
    fixture_set_native(&other, CGDT_PROFILE_NATIVE64);
    compare_two_pools("native 64");
}

/* Its second half is in the template, or a half of it would be left there. */
Test(with, a_pair_of_the_template_is_replaced_as_write_replaces_it)
{
    static const cgdt_desc_t pair[5] = {0, CODE64, DATA3, TSS64, 0x00000000ffff8000ull};

    prepare(&fixture);
    fixture_set_native(&fixture, CGDT_PROFILE_NATIVE64);
    fixture.config.template_descs = pair;
    fixture.config.template_entries = 5;
    prepare(&other);
    fixture_set_native(&other, CGDT_PROFILE_NATIVE64);
    other.config.template_descs = pair;
    other.config.template_entries = 5;
    compare_two_pools("a template with a TSS");
}

Test(with, a_template_of_another_form_is_stored_as_alloc_stores_it)
{
    static const cgdt_desc_t dpl0[3] = {0, CODE64 & ~(3ull << 45), DATA3 & ~(3ull << 45)};

    prepare(&fixture);
    fixture.config.template_descs = dpl0;
    prepare(&other);
    other.config.template_descs = dpl0;
    compare_two_pools("DPL 0");
}

Test(with, without_a_template_what_lies_below_is_zero)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;

    prepare(&fixture);
    fixture.config.template_entries = 0;
    fixture_open_live(&fixture);
    leave_halves_on_the_stack();
    cr_assert_eq(take(&slot), 0);
    for (uint32_t i = 0; i < 3; i++)
        cr_assert_eq(fixture_slot(&fixture, slot)[i], 0);
    close_one(&fixture);
}

/* The entry behind the last one is looked at, too. */
Test(with, what_was_on_the_stack_is_nobodys_half)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;

    prepare(&fixture);
    fixture_set_native(&fixture, CGDT_PROFILE_NATIVE64);
    fixture_open_live(&fixture);
    leave_halves_on_the_stack();
    cr_assert_eq(take(&slot), 0);
    cr_assert(has_table(slot));
    close_one(&fixture);
}

Test(with, up_to_a_whole_page_comes_with_a_slot)
{
    static cgdt_desc_t desc[CGDT_PAGE_ENTRIES];

    for (uint32_t i = 1; i < CGDT_PAGE_ENTRIES; i++)
        desc[i] = mark(i);
    fixture_prepare(&fixture, CGDT_PAGE_ENTRIES, 2, 3);
    fixture_open_live(&fixture);
    fixture_prepare(&other, CGDT_PAGE_ENTRIES, 2, 3);
    fixture_open_live(&other);
    for (uint32_t n = 28; n < 37; n++)
        for (uint32_t first = 0; first < 3; first++)
            compare(first, desc + first, n, "around 32");
    compare(0, desc, CGDT_PAGE_ENTRIES, "all");
    compare(1, desc + 1, CGDT_PAGE_ENTRIES - 1, "all but entry 0");
    compare(511, desc + 511, 1, "the last one");
    desc[511] = TSS64;
    compare(0, desc, CGDT_PAGE_ENTRIES, "a bad one");
    close_one(&fixture);
    close_one(&other);
}

Test(with, a_page_in_service_changes_by_one_live_write)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;

    open_pool();
    cr_assert_eq(take(&slot), 0);
    cr_assert_eq(fixture.faulty.did[FAULTY_LIVE_WRITE], 1);
    cr_assert(has_table(slot));
    close_one(&fixture);
}

Test(with, a_new_page_has_the_table_before_it_is_sealed)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;

    open_full_page();
    const uint32_t writes = fixture.faulty.tried[FAULTY_LIVE_WRITE];
    cr_assert_eq(take(&slot), 0);
    cr_assert_eq(cgdt_slot_number(slot), 16);
    cr_assert_eq(fixture.faulty.tried[FAULTY_LIVE_WRITE], writes);
    cr_assert(has_table(slot));
    close_one(&fixture);
}

Test(with, before_the_seal_nothing_is_asked_of_live_write)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;

    prepare(&fixture);
    fixture_open(&fixture);
    cr_assert_eq(take(&slot), 0);
    cr_assert(has_table(slot));
    cr_assert_eq(cgdt_seal(fixture.pool), 0);
    cr_assert_eq(fixture.faulty.tried[FAULTY_LIVE_WRITE], 0);
    close_one(&fixture);
}

Test(with, a_page_that_cannot_be_sealed_is_gone_round)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;

    open_full_page();
    arm(FAULTY_SEAL);
    cr_assert_eq(take(&slot), 0);
    cr_assert_eq(cgdt_slot_number(slot), 32, "the next window's, since a window has no gap");
    cr_assert(has_table(slot));
    close_one(&fixture);
}

static void must_be_refused(int result, int code, cgdt_slot_t *slot)
{
    MUST(result == code && *slot == CGDT_NO_SLOT, "%d, not %d; slot %x", result, code, *slot);
    *slot = 99;
}

Test(with, where_no_page_can_be_sealed_or_mapped_the_ports_code_comes_and_nothing_else)
{
    static const enum faulty_kind asked[] = {FAULTY_SEAL, FAULTY_MAP};

    for (uint32_t i = 0; i < 2; i++) {
        struct snapshot before;
        cgdt_slot_t slot = 99;

        open_full_page();
        snapshot_take(&before, &fixture);
        arm(asked[i]);
        fixture.faulty.from_then_on = true;
        must_be_refused(take(&slot), CODE, &slot);
        cr_assert(snapshot_same(&before, &fixture));
        close_one(&fixture);
    }
}

Test(with, a_live_write_that_fails_is_the_ports_code_and_the_slot_stays_free)
{
    struct snapshot before;
    cgdt_slot_t slot = 99;

    open_pool();
    snapshot_take(&before, &fixture);
    arm(FAULTY_LIVE_WRITE);
    must_be_refused(take(&slot), CODE, &slot);
    cr_assert(snapshot_same(&before, &fixture));
    cr_assert_eq(take(&slot), 0);
    cr_assert_eq(cgdt_slot_number(slot), 0, "the same one, now");
    close_one(&fixture);
}

Test(with, at_the_ceiling_it_is_enospc)
{
    cgdt_slot_t slots[SLOTS], slot = 99;

    open_pool();
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, SLOTS, slots), 0);
    must_be_refused(take(&slot), -CGDT_ENOSPC, &slot);
    close_one(&fixture);
}

Test(with, what_is_refused_asks_nobody_and_takes_nothing)
{
    const cgdt_desc_t bad = TSS64;
    struct snapshot before;
    cgdt_slot_t slot = 99;

    open_full_page();
    snapshot_take(&before, &fixture);
    faulty_arm(&fixture.faulty, FAULTY_ANY, 1, CODE);
    const uint32_t locks = fixture.faulty.tried[FAULTY_LOCK];
    must_be_refused(cgdt_alloc_with(fixture.pool, 3, &bad, 1, &slot), -CGDT_EILSEQ, &slot);
    must_be_refused(cgdt_alloc_with(fixture.pool, 0, &bad, 1, &slot), -CGDT_ERANGE, &slot);
    must_be_refused(cgdt_alloc_with(fixture.pool, 31, &bad, 2, &slot), -CGDT_ERANGE, &slot);
    must_be_refused(cgdt_alloc_with(fixture.pool, 3, NULL, 1, &slot), -CGDT_EINVAL, &slot);
    must_be_refused(cgdt_alloc_with(fixture.pool, 3, (const char *)&bad + 1, 1, &slot),
                    -CGDT_EINVAL, &slot);
    cr_assert_eq(cgdt_alloc_with(fixture.pool, 3, &bad, 1, NULL), -CGDT_EINVAL);
    cr_assert_eq(fixture.faulty.tried[FAULTY_LOCK], locks);
    cr_assert_eq(fixture.faulty.fired, 0);
    cr_assert(snapshot_same(&before, &fixture));
    close_one(&fixture);
}

Test(with, none_is_as_many_as_alloc_gives)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;

    open_pool();
    cr_assert_eq(cgdt_alloc_with(fixture.pool, 32, NULL, 0, &slot), 0);
    cr_assert_eq(fixture_slot(&fixture, slot)[1], CODE64);
    cr_assert_eq(fixture_slot(&fixture, slot)[3], 0);
    close_one(&fixture);
}

/* The directory. */

Test(with, a_cpu_comes_online_with_its_descriptors_and_its_slot_is_the_directorys)
{
    const cgdt_desc_t own[2] = {mark(1), mark(2)};
    cgdt_slot_t slot = CGDT_NO_SLOT, found = CGDT_NO_SLOT;

    open_pool();
    cr_assert_eq(cgdt_cpu_online_with(fixture.pool, 7, 3, own, 2, &slot), 0);
    cr_assert_eq(fixture.faulty.did[FAULTY_LIVE_WRITE], 1);
    cr_assert(has_table(slot));
    cr_assert_eq(cgdt_cpu_slot(fixture.pool, 7, &found), 0);
    cr_assert_eq(found, slot);
    cr_assert_eq(cgdt_free(fixture.pool, slot), -CGDT_EBUSY);
    cr_assert_eq(cgdt_cpu_online_with(fixture.pool, 7, 3, own, 2, &found), -CGDT_EEXIST);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 7), 0);
    for (uint32_t i = 0; i < 32; i++)
        cr_assert_eq(fixture_slot(&fixture, slot)[i], 0);
    close_one(&fixture);
}

Test(with, a_cpu_that_cannot_come_stays_offline)
{
    const cgdt_desc_t own = mark(1);
    const cgdt_desc_t bad = TSS64;
    cgdt_slot_t slot = 99;

    open_pool();
    arm(FAULTY_LIVE_WRITE);
    must_be_refused(cgdt_cpu_online_with(fixture.pool, 7, 3, &own, 1, &slot), CODE, &slot);
    cr_assert_eq(cgdt_cpu_slot(fixture.pool, 7, &slot), -CGDT_ENOENT);
    must_be_refused(cgdt_cpu_online_with(fixture.pool, 7, 3, &bad, 1, &slot), -CGDT_EILSEQ, &slot);
    cr_assert_eq(cgdt_cpu_slot(fixture.pool, 7, &slot), -CGDT_ENOENT);
    cr_assert_eq(cgdt_cpu_online_with(fixture.pool, SLOTS, 3, &own, 1, &slot), -CGDT_EINVAL);
    cr_assert_eq(slot, 99);
    cr_assert_eq(cgdt_cpu_online_with(fixture.pool, 7, 3, &own, 1, NULL), 0);
    close_one(&fixture);
}
