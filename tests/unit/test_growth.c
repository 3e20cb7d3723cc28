/* SPDX-License-Identifier: MIT */
/*
 * How a pool grows where the port has not every page to give: a page that it cannot map, clean or
 * seal is gone round. In a window no page can be above a hole, so the next one is in the next
 * window; natively it is the next.
 */
#include "fixture.h"

#define PAGES     8
#define COLORS    8  /* slots of 64 entries */
#define FIRST     2u /* pages 0 and 1 are full: the first page that a growth wants */
#define ALL_PAGES 0xffu

enum kind {
    MAP,
    CLEAN, /* unseal of a held page */
    SEAL,
    KINDS,
};

/* The port between, which refuses pages by their index, each with a code of its own. */
static struct picky {
    uint32_t refused[KINDS]; /* a bit for each page */
    int code;                /* instead of those; 0: code_of() */
    uint32_t asked;          /* pages that map() was asked for */
} picky;

static int code_of(enum kind kind, uint32_t page)
{
    return -(int)(1000u * (1u + (uint32_t)kind) + page);
}

/* Whether the page is refused, and the code. */
static int refusal(enum kind kind, uint32_t page)
{
    if ((picky.refused[kind] >> page & 1u) == 0)
        return 0;
    return picky.code != 0 ? picky.code : code_of(kind, page);
}

static int picky_map(void *ctx, uint32_t page, void **view)
{
    const int code = refusal(MAP, page);

    picky.asked |= 1u << page;
    return code != 0 ? code : faulty_port.map(ctx, page, view);
}

static int picky_seal(void *ctx, uint32_t page, void **view)
{
    const int code = refusal(SEAL, page);

    return code != 0 ? code : faulty_port.seal(ctx, page, view);
}

static int picky_unseal(void *ctx, uint32_t page, void **view)
{
    const int code = refusal(CLEAN, page);

    return code != 0 ? code : faulty_port.unseal(ctx, page, view);
}

/* Windows of `window_pages`, or natively without; pages 0 and 1 are in service, and full. */
static void open_picky(struct fixture *fixture, bool native, uint8_t window_pages)
{
    static struct cgdt_port port;
    cgdt_slot_t slots[FIRST * COLORS];

    port = faulty_port;
    port.map = picky_map;
    port.seal = picky_seal;
    port.unseal = picky_unseal;
    memset(&picky, 0, sizeof(picky));
    fixture_prepare(fixture, 64, window_pages, PAGES * COLORS);
    if (native)
        fixture_set_native(fixture, CGDT_PROFILE_NATIVE64);
    fixture->config.port = &port;
    fixture_open_live(fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture->pool, COUNT_OF(slots), slots), 0);
}

/* A growth over all pages that fails in the end: those of `pages` cannot leave, and are held. */
static void hold(struct fixture *fixture, uint32_t pages)
{
    cgdt_slot_t slots[(PAGES - FIRST) * COLORS];

    picky.refused[CLEAN] = pages;
    picky.refused[SEAL] = 1u << (PAGES - 1);
    cr_assert_neq(cgdt_alloc_bulk(fixture->pool, COUNT_OF(slots), slots), 0);
    picky.refused[SEAL] = 0;
    cr_assert_eq(fixture_stats(fixture).held_pages, (uint32_t)__builtin_popcount(pages));
}

/* From now on the port does not give these pages. */
static void refuse(struct fixture *fixture, enum kind kind, uint32_t pages)
{
    if (kind == CLEAN)
        hold(fixture, pages);
    picky.refused[kind] = pages;
    picky.asked = 0;
}

static uint32_t pages_in_service(const struct fixture *fixture)
{
    uint32_t pages = 0;
    uint64_t taken;

    for (uint32_t page = 0; page < PAGES; page++)
        pages |= cgdt_page_taken(fixture->pool, page, &taken) == 1 ? 1u << page : 0u;
    return pages;
}

static void relent_and_close(struct fixture *fixture)
{
    memset(&picky, 0, sizeof(picky));
    if (fixture_stats(fixture).held_pages > 0) /* with what the failed call left there */
        MUST(cgdt_trim(fixture->pool) > 0, "trim");
    MUST(fixture_stats(fixture).held_pages == 0, "still held");
    fixture_must_be_sound(fixture, "at the end");
    fixture_free_all(fixture);
    fixture_close(fixture);
}

static cgdt_slot_t first_of(uint32_t page)
{
    return page * COLORS + 1;
}

/* Page 2 is refused: the first slot is on page 4 in a window of two, and natively on page 3. */
static uint32_t round_to(bool native)
{
    return native ? 3 : 4;
}

static void alloc_goes_round(enum kind kind)
{
    for (int native = 0; native < 2; native++) {
        struct fixture fixture;
        const uint32_t page = round_to(native != 0);

        open_picky(&fixture, native != 0, 2);
        refuse(&fixture, kind, 1u << FIRST);
        const cgdt_slot_t slot = fixture_alloc(&fixture);
        MUST(slot == first_of(page), "native %d: %x", native, slot);
        MUST(fixture_slot(&fixture, slot)[1] == CODE64, "native %d: no template", native);
        MUST(pages_in_service(&fixture) == (3u | 1u << page), "native %d", native);
        relent_and_close(&fixture);
    }
}

Test(growth, alloc_goes_round_a_page_that_cannot_be_mapped)
{
    alloc_goes_round(MAP);
}

Test(growth, alloc_goes_round_a_held_page_that_cannot_be_cleaned)
{
    alloc_goes_round(CLEAN);
}

Test(growth, alloc_goes_round_a_page_that_cannot_be_sealed)
{
    alloc_goes_round(SEAL);
}

/* Two pages more, of which the second is half used. */
static void bulk_goes_round(enum kind kind)
{
    for (int native = 0; native < 2; native++) {
        struct fixture fixture;
        cgdt_slot_t slots[12];
        const uint32_t page = round_to(native != 0);

        open_picky(&fixture, native != 0, 2);
        refuse(&fixture, kind, 1u << FIRST);
        MUST(cgdt_alloc_bulk(fixture.pool, 12, slots) == 0, "native %d", native);
        for (uint32_t i = 0; i < 12; i++) {
            MUST(slots[i] == first_of(page) + i, "native %d: %x", native, slots[i]);
            MUST(fixture_slot(&fixture, slots[i])[1] == CODE64, "native %d: %u", native, i);
        }
        MUST(pages_in_service(&fixture) == (3u | 3u << page), "native %d", native);
        MUST(fixture_stats(&fixture).free_slots == 4, "native %d", native);
        relent_and_close(&fixture);
    }
}

Test(growth, alloc_bulk_goes_round_a_page_that_cannot_be_mapped)
{
    bulk_goes_round(MAP);
}

Test(growth, alloc_bulk_goes_round_a_held_page_that_cannot_be_cleaned)
{
    bulk_goes_round(CLEAN);
}

Test(growth, alloc_bulk_goes_round_a_page_that_cannot_be_sealed)
{
    bulk_goes_round(SEAL);
}

static void reserve_goes_round(enum kind kind)
{
    for (int native = 0; native < 2; native++) {
        struct fixture fixture;
        const uint32_t page = round_to(native != 0);

        open_picky(&fixture, native != 0, 2);
        refuse(&fixture, kind, 1u << FIRST);
        MUST(cgdt_reserve(fixture.pool, 4 * COLORS) == 0, "native %d", native);
        MUST(pages_in_service(&fixture) == (3u | 3u << page), "native %d", native);
        MUST(fixture_stats(&fixture).free_slots == 2 * COLORS, "native %d", native);
        MUST(fixture_stats(&fixture).reserved_slots == 4 * COLORS, "native %d", native);
        relent_and_close(&fixture);
    }
}

Test(growth, reserve_goes_round_a_page_that_cannot_be_mapped)
{
    reserve_goes_round(MAP);
}

Test(growth, reserve_goes_round_a_held_page_that_cannot_be_cleaned)
{
    reserve_goes_round(CLEAN);
}

Test(growth, reserve_goes_round_a_page_that_cannot_be_sealed)
{
    reserve_goes_round(SEAL);
}

/* It would be above a hole. */
Test(growth, of_a_window_nothing_above_a_refused_page_is_asked_for)
{
    struct fixture fixture;

    open_picky(&fixture, false, 4);
    refuse(&fixture, MAP, 1u << FIRST);
    cr_assert_eq(fixture_alloc(&fixture), first_of(4));
    cr_assert_eq(picky.asked, 1u << FIRST | 1u << 4);
    relent_and_close(&fixture);
}

Test(growth, of_a_window_what_is_below_a_refused_page_is_taken)
{
    struct fixture fixture;
    cgdt_slot_t slots[2 * COLORS];

    open_picky(&fixture, false, 2);
    refuse(&fixture, SEAL, 1u << (FIRST + 1));
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, COUNT_OF(slots), slots), 0);
    cr_assert_eq(slots[0], first_of(FIRST));
    cr_assert_eq(slots[COLORS], first_of(4));
    cr_assert_eq(pages_in_service(&fixture), 3u | 1u << FIRST | 1u << 4);
    relent_and_close(&fixture);
}

Test(growth, a_page_that_cannot_be_sealed_goes_back_to_the_port)
{
    struct fixture fixture;

    open_picky(&fixture, true, 2);
    refuse(&fixture, SEAL, 1u << FIRST);
    (void)fixture_alloc(&fixture);
    cr_assert_eq(strict_state_of(&fixture.strict, FIRST), STRICT_GONE);
    cr_assert_eq(fixture_stats(&fixture).held_pages, 0);
    relent_and_close(&fixture);
}

Test(growth, a_page_that_was_gone_round_is_the_first_that_the_next_growth_takes)
{
    for (int kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;

        open_picky(&fixture, false, 2);
        refuse(&fixture, (enum kind)kind, 1u << FIRST);
        for (uint32_t i = 0; i < COLORS; i++)
            MUST(fixture_alloc(&fixture) == first_of(4) + i, "kind %d, %u", kind, i);
        picky.refused[kind] = 0;
        MUST(fixture_alloc(&fixture) == first_of(FIRST), "kind %d", kind);
        MUST(fixture_stats(&fixture).held_pages == 0, "kind %d", kind);
        relent_and_close(&fixture);
    }
}

/* A call that fails with `code` and leaves everything as it was. */
static void fails_without_a_trace(struct fixture *fixture, int (*call)(struct cgdt_pool *),
                                  int code)
{
    struct snapshot before;

    snapshot_take(&before, fixture);
    const struct cgdt_pool_stats stats = fixture_stats(fixture);
    const int result = call(fixture->pool);
    const struct cgdt_pool_stats now = fixture_stats(fixture);
    MUST(result == code, "%d, not %d", result, code);
    MUST(snapshot_same_pages(&before, fixture), "pages changed");
    MUST(memcmp(&stats, &now, sizeof(now)) == 0, "the counts changed");
}

static int alloc_one(struct cgdt_pool *pool)
{
    cgdt_slot_t slot = 99;
    const int result = cgdt_alloc(pool, &slot);

    MUST((result == 0) == (slot != CGDT_NO_SLOT), "%d and %x", result, slot);
    return result;
}

static int alloc_all_that_are_left(struct cgdt_pool *pool)
{
    cgdt_slot_t slots[(PAGES - FIRST) * COLORS];
    const int result = cgdt_alloc_bulk(pool, COUNT_OF(slots), slots);

    for (uint32_t i = 0; i < COUNT_OF(slots); i++)
        MUST((result == 0) == (slots[i] != CGDT_NO_SLOT), "%d and %x", result, slots[i]);
    return result;
}

static int reserve_all(struct cgdt_pool *pool)
{
    return cgdt_reserve(pool, PAGES * COLORS);
}

/* Every page is refused, in three ways: the first is what the caller hears. */
static void first_refusal_is_told(int (*call)(struct cgdt_pool *))
{
    for (int native = 0; native < 2; native++)
        for (int kind = 0; kind < KINDS; kind++) {
            struct fixture fixture;

            open_picky(&fixture, native != 0, 2);
            refuse(&fixture, (enum kind)kind, 1u << 2 | 1u << 4 | 1u << 6);
            picky.refused[MAP] |= ALL_PAGES & ~(1u << FIRST);
            fails_without_a_trace(&fixture, call, code_of((enum kind)kind, FIRST));
            relent_and_close(&fixture);
        }
}

Test(growth, alloc_gives_the_first_refusals_code_when_no_page_is_left)
{
    first_refusal_is_told(alloc_one);
}

Test(growth, alloc_bulk_gives_the_first_refusals_code_when_no_page_is_left)
{
    first_refusal_is_told(alloc_all_that_are_left);
}

Test(growth, reserve_gives_the_first_refusals_code_when_no_page_is_left)
{
    first_refusal_is_told(reserve_all);
}

/* One page is refused, and without it there are too few: what has come in by then goes back. */
static void too_few_leave_no_trace(int (*call)(struct cgdt_pool *))
{
    for (int native = 0; native < 2; native++)
        for (uint32_t page = FIRST; page < PAGES; page++) {
            struct fixture fixture;

            open_picky(&fixture, native != 0, 2);
            refuse(&fixture, MAP, 1u << page);
            fails_without_a_trace(&fixture, call, code_of(MAP, page));
            picky.refused[MAP] = 0;
            MUST(call(fixture.pool) == 0, "page %u: the next call", page);
            relent_and_close(&fixture);
        }
}

Test(growth, alloc_bulk_leaves_no_trace_when_one_page_too_few_is_left)
{
    too_few_leave_no_trace(alloc_all_that_are_left);
}

Test(growth, reserve_leaves_no_trace_when_one_page_too_few_is_left)
{
    too_few_leave_no_trace(reserve_all);
}

Test(growth, a_reserve_that_fails_leaves_the_last_one)
{
    struct fixture fixture;

    open_picky(&fixture, false, 2);
    cr_assert_eq(cgdt_reserve(fixture.pool, 20), 0);
    refuse(&fixture, MAP, ALL_PAGES);
    cr_assert_eq(cgdt_reserve(fixture.pool, 40), code_of(MAP, 3));
    cr_assert_eq(fixture_stats(&fixture).reserved_slots, 20);
    relent_and_close(&fixture);
}

Test(growth, enomem_of_map_ends_the_search)
{
    for (int native = 0; native < 2; native++) {
        struct fixture fixture;

        open_picky(&fixture, native != 0, 2);
        refuse(&fixture, MAP, 1u << FIRST);
        picky.code = -CGDT_ENOMEM;
        fails_without_a_trace(&fixture, alloc_one, -CGDT_ENOMEM);
        MUST(picky.asked == 1u << FIRST, "native %d: %x", native, picky.asked);
        relent_and_close(&fixture);
    }
}

/* What cannot be sealed for want of memory says nothing of other pages. */
Test(growth, enomem_of_seal_is_gone_round)
{
    struct fixture fixture;

    open_picky(&fixture, true, 2);
    refuse(&fixture, SEAL, 1u << FIRST);
    picky.code = -CGDT_ENOMEM;
    cr_assert_eq(fixture_alloc(&fixture), first_of(3));
    relent_and_close(&fixture);
}

/* The pages behind the first one: map() of page 4 says that there is none for anybody. */
static int enomem_at_4(void *ctx, uint32_t page, void **view)
{
    return page == 4 ? -CGDT_ENOMEM : picky_map(ctx, page, view);
}

Test(growth, the_first_refusals_code_stands_when_enomem_ends_the_search)
{
    struct fixture fixture;
    struct cgdt_port port;
    cgdt_slot_t slots[FIRST * COLORS];

    memset(&picky, 0, sizeof(picky));
    port = faulty_port;
    port.map = enomem_at_4;
    fixture_prepare(&fixture, 64, 2, PAGES * COLORS);
    fixture.config.port = &port;
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, COUNT_OF(slots), slots), 0);
    refuse(&fixture, MAP, 1u << FIRST);
    fails_without_a_trace(&fixture, alloc_one, code_of(MAP, FIRST));
    cr_assert_eq(picky.asked, 1u << FIRST, "page 6 was asked for");
    relent_and_close(&fixture);
}

/* Every page is refused, but nobody is asked. */
Test(growth, a_full_pool_is_enospc_without_a_word_to_the_port)
{
    struct fixture fixture;

    open_picky(&fixture, false, 2);
    cr_assert_eq(alloc_all_that_are_left(fixture.pool), 0);
    refuse(&fixture, MAP, ALL_PAGES);
    fails_without_a_trace(&fixture, alloc_one, -CGDT_ENOSPC);
    cr_assert_eq(picky.asked, 0);
    relent_and_close(&fixture);
}

static int alloc_one_too_many(struct cgdt_pool *pool)
{
    cgdt_slot_t slots[(PAGES - FIRST) * COLORS + 1];

    return cgdt_alloc_bulk(pool, COUNT_OF(slots), slots);
}

Test(growth, a_bulk_of_more_than_the_ceiling_leaves_is_enospc_before_a_page_is_asked_for)
{
    struct fixture fixture;

    open_picky(&fixture, false, 2);
    refuse(&fixture, MAP, 0);
    fails_without_a_trace(&fixture, alloc_one_too_many, -CGDT_ENOSPC);
    cr_assert_eq(picky.asked, 0);
    relent_and_close(&fixture);
}

/* Also where some are free on pages in service: they are claimed first, and go back. */
Test(growth, a_bulk_that_is_enospc_gives_back_the_slots_that_were_free)
{
    struct fixture fixture;

    open_picky(&fixture, false, 2);
    cr_assert_eq(cgdt_free(fixture.pool, 3), 0);
    (void)fixture_alloc(&fixture);
    cr_assert_eq(cgdt_reserve(fixture.pool, 3 * COLORS), 0);
    refuse(&fixture, MAP, 0);
    fails_without_a_trace(&fixture, alloc_one_too_many, -CGDT_ENOSPC);
    cr_assert_eq(picky.asked, 0);
    cr_assert_eq(alloc_all_that_are_left(fixture.pool), 0);
    relent_and_close(&fixture);
}
