/* SPDX-License-Identifier: MIT */
/*
 * Ports that break rule 6 of their contract, and what cgdt_check() says of pages behind the pool's
 * back.
 */
#include "fixture.h"

/*
 * The strict port, but map() of one page gives something else; or seal() and unseal(), where
 * `later` is set.
 */
enum lie {
    HONEST,
    CROOKED,
    DIRTY,
    TWICE,
    COMMON,
    NOTHING,
};

static struct liar {
    struct fixture *fixture;
    enum lie lie;
    bool later;
    uint32_t at;       /* page */
    bool common_frame; /* page `at` claims to have the common page's */
    uint32_t
        same_frame_as; /* page whose frame number page `at` claims to have; 0xffffffff: its own */
} liar;

static int lying_map(void *ctx, uint32_t page, void **view)
{
    const int result = faulty_port.map(ctx, page, view);

    if (page != liar.at || liar.later)
        return result;
    if (liar.lie == CROOKED)
        *view = (void *)((uintptr_t)*view + 8);
    if (liar.lie == DIRTY)
        ((cgdt_desc_t *)*view)[511] = 1;
    if (liar.lie == TWICE)
        *view = strict_page(&liar.fixture->strict, page - 1);
    if (liar.lie == COMMON)
        *view = strict_page(&liar.fixture->strict, CGDT_COMMON_PAGE);
    if (liar.lie == NOTHING)
        *view = NULL;
    return result;
}

/*
 * It says that it has done it, has not, and the view is none: so the strict port stays where the
 * core is to stay.
 */
static bool lies_later(uint32_t page, void **view)
{
    if (page != liar.at || !liar.later)
        return false;
    *view = liar.lie == CROOKED ? (void *)((uintptr_t)*view + 8) : NULL;
    return true;
}

static int lying_seal(void *ctx, uint32_t page, void **view)
{
    return lies_later(page, view) ? 0 : faulty_port.seal(ctx, page, view);
}

static int lying_unseal(void *ctx, uint32_t page, void **view)
{
    return lies_later(page, view) ? 0 : faulty_port.unseal(ctx, page, view);
}

/* Whatever the core thinks it has, the strict port takes the right page back. */
static void lying_unmap(void *ctx, uint32_t page, void *view)
{
    faulty_port.unmap(ctx, page, page == liar.at ? strict_page(&liar.fixture->strict, page) : view);
}

static int lying_frame(void *ctx, uint32_t page, const void *view, cgdt_frame_t *frame)
{
    (void)ctx;
    (void)view;
    *frame = STRICT_FRAME + page;
    if (page == liar.at && liar.common_frame)
        *frame = STRICT_FRAME + CGDT_COMMON_PAGE;
    if (page == liar.at && liar.same_frame_as != 0xffffffff)
        *frame = STRICT_FRAME + liar.same_frame_as;
    return 0;
}

static struct cgdt_port lying_port;

static void prepare_liar(struct fixture *fixture, uint32_t at)
{
    lying_port = faulty_port;
    lying_port.map = lying_map;
    lying_port.unmap = lying_unmap;
    lying_port.frame = lying_frame;
    lying_port.seal = lying_seal;
    lying_port.unseal = lying_unseal;
    liar.later = false;
    liar.common_frame = false;
    liar.fixture = fixture;
    liar.lie = HONEST;
    liar.same_frame_as = 0xffffffff;
    liar.at = at;
    /* One window: where one page is refused there is no other to go to. */
    fixture_prepare(fixture, 128, 10, 40);
    fixture->config.port = &lying_port;
}

static void open_liar(struct fixture *fixture, enum lie lie, uint32_t at)
{
    prepare_liar(fixture, at);
    fixture_open_live(fixture);
    for (uint32_t i = 0; i < at * 4; i++)
        (void)fixture_alloc(fixture);
    liar.lie = lie;
}

/* Behind a common page, with the slots of `at` pages. */
static void open_liar_with_common(struct fixture *fixture, uint32_t at)
{
    prepare_liar(fixture, at);
    fixture_set_common(fixture);
    fixture_open_live(fixture);
    cr_assert_eq(cgdt_reserve(fixture->pool, at * 4), 0);
}

/*
 * A page that is not as promised is not used; afterwards all is as before, and an honest page is
 * taken.
 */
static void refuses(enum lie lie, bool later)
{
    struct fixture fixture;
    cgdt_slot_t slot = 99;

    open_liar(&fixture, lie, 2);
    liar.later = later;
    cr_assert_eq(cgdt_alloc(fixture.pool, &slot), -CGDT_EPROTO);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    cr_assert_eq(fixture.strict.out, 2);
    cr_assert_eq(fixture_stats(&fixture).mapped_pages, 2);
    fixture_must_be_sound(&fixture, "after the lie");
    liar.lie = HONEST;
    liar.later = false;
    cr_assert_eq(fixture_alloc(&fixture), 9);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(contract, a_page_that_is_not_aligned_is_refused)
{
    refuses(CROOKED, false);
}

Test(contract, a_page_that_is_not_zero_is_refused)
{
    refuses(DIRTY, false);
}

Test(contract, a_page_that_is_in_the_window_already_is_refused)
{
    refuses(TWICE, false);
}

Test(contract, no_page_at_all_is_refused)
{
    refuses(NOTHING, false);
}

/* What seal() gives must be a page's address, too. */
Test(contract, a_sealed_view_that_is_not_aligned_is_refused)
{
    refuses(CROOKED, true);
}

Test(contract, no_sealed_view_is_refused)
{
    refuses(NOTHING, true);
}

static void refuses_when_unsealed(enum lie lie)
{
    struct fixture fixture;

    open_liar(&fixture, HONEST, 0);
    (void)fixture_alloc(&fixture);
    fixture_free_all(&fixture);
    liar.lie = lie;
    liar.later = true;
    cr_assert_eq(cgdt_trim(fixture.pool), -CGDT_EPROTO);
    cr_assert_eq(fixture_stats(&fixture).mapped_pages, 1);
    fixture_must_be_sound(&fixture, "after the lie");
    liar.later = false;
    cr_assert_eq(cgdt_trim(fixture.pool), 1);
    fixture_close(&fixture);
}

Test(contract, an_unsealed_view_that_is_not_aligned_is_refused)
{
    refuses_when_unsealed(CROOKED);
}

Test(contract, no_unsealed_view_is_refused)
{
    refuses_when_unsealed(NOTHING);
}

Test(contract, a_frame_that_is_in_the_window_already_is_refused)
{
    struct fixture fixture;
    cgdt_slot_t slot = 99;

    open_liar(&fixture, HONEST, 2);
    liar.same_frame_as = 0;
    cr_assert_eq(cgdt_alloc(fixture.pool, &slot), -CGDT_EPROTO);
    cr_assert_eq(fixture.strict.out, 2);
    liar.same_frame_as = 0xffffffff;
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(contract, a_page_that_is_refused_is_gone_round)
{
    struct fixture fixture;

    prepare_liar(&fixture, 2);
    fixture.config.layout.window_pages = 4;
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_reserve(fixture.pool, 8), 0);
    liar.lie = DIRTY;
    cr_assert_eq(cgdt_reserve(fixture.pool, 12), 0);
    cr_assert_eq(strict_state_of(&fixture.strict, 2), STRICT_GONE);
    cr_assert_eq(strict_state_of(&fixture.strict, 4), STRICT_SEALED);
    fixture_close(&fixture);
}

/* By its number: once it is sealed, its view may be another than the one that map() gave. */
Test(contract, the_common_pages_frame_is_no_slot_page)
{
    struct fixture fixture;
    struct cgdt_violation violation = {0};

    open_liar_with_common(&fixture, 2);
    liar.common_frame = true;
    cr_assert_eq(cgdt_reserve(fixture.pool, 12), -CGDT_EPROTO);
    cr_assert_eq(fixture.strict.out, 3);
    liar.common_frame = false;
    cr_assert_eq(cgdt_reserve(fixture.pool, 12), 0);
    cr_assert_eq(cgdt_check(fixture.pool, &violation), 0);
    liar.common_frame = true;
    cr_assert_eq(cgdt_check(fixture.pool, &violation), 1);
    cr_assert_eq(violation.reason, CGDT_FRAME_TWICE);
    cr_assert_eq(violation.position, 2);
    fixture_close(&fixture);
}

Test(contract, check_finds_a_frame_that_is_in_the_pool_twice)
{
    struct fixture fixture;
    struct cgdt_violation violation = {0};

    prepare_liar(&fixture, 9);
    fixture.config.layout.window_pages = 4;
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_reserve(fixture.pool, 40), 0);
    cr_assert_eq(cgdt_check(fixture.pool, &violation), 0);
    liar.same_frame_as = 2;
    cr_assert_eq(cgdt_check(fixture.pool, &violation), 1);
    cr_assert_eq(violation.reason, CGDT_FRAME_TWICE);
    cr_assert_eq(violation.window, 2);
    cr_assert_eq(violation.position, 1);
    liar.same_frame_as = 0xffffffff;
    fixture_close(&fixture);
}

/* Rule 5: a result above 0 is success. Every operation that returns one returns 5. */
static int five_map(void *ctx, uint32_t page, void **view)
{
    return faulty_port.map(ctx, page, view) + 5;
}

static int five_seal(void *ctx, uint32_t page, void **view)
{
    return faulty_port.seal(ctx, page, view) + 5;
}

static int five_unseal(void *ctx, uint32_t page, void **view)
{
    return faulty_port.unseal(ctx, page, view) + 5;
}

static int five_frame(void *ctx, uint32_t page, const void *view, cgdt_frame_t *frame)
{
    return faulty_port.frame(ctx, page, view, frame) + 5;
}

static int five_live_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    return faulty_port.live_write(ctx, page, view, batch) + 5;
}

static int five_quiesce(void *ctx, uint32_t cpu)
{
    (void)ctx;
    (void)cpu;
    return 5;
}

Test(contract, a_result_above_0_is_success)
{
    struct fixture fixture;
    struct cgdt_port port = faulty_port;
    const cgdt_desc_t desc = DATA3;
    cgdt_slot_t slots[30];
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t n = 0, entries = 0;

    port.map = five_map;
    port.seal = five_seal;
    port.unseal = five_unseal;
    port.frame = five_frame;
    port.live_write = five_live_write;
    port.quiesce = five_quiesce;
    fixture_prepare(&fixture, 32, 2, 100);
    fixture_set_common(&fixture);
    fixture.config.port = &port;
    fixture_open(&fixture);
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 3, NULL), 0);
    cr_assert_eq(cgdt_seal(fixture.pool), 0);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 30, slots), 0);
    cr_assert_eq(cgdt_write(fixture.pool, slots[29], 4, &desc, 1), 0);
    cr_assert_eq(cgdt_write_common(fixture.pool, 4, &desc, 1), 0);
    cr_assert_eq(cgdt_frames(fixture.pool, slots[29], frames, &n, &entries), 0);
    cr_assert_eq(cgdt_check(fixture.pool, NULL), 0);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 3), 0);
    for (int i = 0; i < 30; i++)
        cr_assert_eq(cgdt_free(fixture.pool, slots[i]), 0);
    cr_assert_eq(cgdt_reserve(fixture.pool, 50), 0);
    cr_assert_eq(cgdt_reserve(fixture.pool, 0), 0);
    cr_assert_eq(cgdt_trim(fixture.pool), 4);
    fixture_close(&fixture);
}

Test(contract, check_names_window_page_color_and_entry_of_what_is_wrong)
{
    struct fixture fixture;
    uint64_t seed = 81;

    fixture_open_used(&fixture);
    for (int round = 0; round < 500; round++) {
        const uint32_t number = random_below(&seed, 100);
        const uint32_t entry = random_below(&seed, 32);
        cgdt_desc_t *desc = fixture_slot(&fixture, number + 1) + entry;
        const cgdt_desc_t good = *desc;
        struct cgdt_violation violation = {0};

        *desc = TSS64;
        MUST(cgdt_check(fixture.pool, &violation) == 1, "round %d", round);
        MUST(violation.window == number / 32 && violation.position == number / 16 % 2 &&
                 violation.color == number % 16 && violation.entry == entry &&
                 violation.reason == CGDT_BAD_SYSTEM_TYPE && violation.found == TSS64,
             "slot %u, entry %u", number, entry);
        MUST(cgdt_check_window(fixture.pool, number / 32, NULL) == 1, "its window");
        MUST(cgdt_check_window(fixture.pool, (number / 32 + 1) % 4, NULL) == 0, "another window");
        MUST(cgdt_check(fixture.pool, NULL) == 1, "no violation wanted");
        *desc = good;
    }
    fixture_must_be_sound(&fixture, "repaired");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(contract, check_finds_a_descriptor_in_a_slot_that_nobody_owns)
{
    struct fixture fixture;
    struct cgdt_violation violation = {0};

    fixture_open_used(&fixture);
    cr_assert_eq(cgdt_free(fixture.pool, 50), 0);
    fixture_slot(&fixture, 50)[31] = DATA3;
    cr_assert_eq(cgdt_check(fixture.pool, &violation), 1);
    cr_assert_eq(violation.reason, CGDT_UNOWNED_NOT_ZERO);
    cr_assert_eq(violation.window, 1);
    cr_assert_eq(violation.position, 1);
    cr_assert_eq(violation.color, 1);
    cr_assert_eq(violation.entry, 31);
    fixture_slot(&fixture, 50)[31] = 0;
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(contract, check_looks_at_the_common_page_too)
{
    struct fixture fixture;
    struct cgdt_violation violation = {0};

    fixture_open_used(&fixture);
    strict_page(&fixture.strict, CGDT_COMMON_PAGE)[300] = TSS64;
    cr_assert_eq(cgdt_check(fixture.pool, &violation), 1);
    cr_assert_eq(violation.position, CGDT_COMMON_POSITION);
    cr_assert_eq(violation.entry, 300);
    strict_page(&fixture.strict, CGDT_COMMON_PAGE)[300] = 0;
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

/* In the boot phase pages are private, so a view that comes twice is zero and aligned. */
static void refuses_boot_view(uint32_t at, bool common)
{
    struct fixture fixture;

    prepare_liar(&fixture, at);
    fixture.config.layout.common = common;
    fixture_open(&fixture);
    cr_assert_eq(cgdt_reserve(fixture.pool, at * 4), 0);
    liar.lie = common ? COMMON : TWICE;
    cr_assert_eq(cgdt_reserve(fixture.pool, (at + 1) * 4), -CGDT_EPROTO);
    cr_assert_eq(fixture.strict.out, at + (common ? 1 : 0));
    liar.lie = HONEST;
    cr_assert_eq(cgdt_reserve(fixture.pool, (at + 1) * 4), 0);
    fixture_close(&fixture);
}

Test(contract, a_view_that_is_in_the_window_already_is_refused_by_itself)
{
    refuses_boot_view(2, false);
}

Test(contract, the_common_pages_view_is_no_slot_page)
{
    refuses_boot_view(0, true);
}
