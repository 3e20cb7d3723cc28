/* SPDX-License-Identifier: MIT */
/*
 * All or nothing, whichever port operation fails: each scenario is run again and again, and in the
 * n-th run its n-th port operation fails, until no operation is left to fail.
 */
#include <stdio.h>

#include "fixture.h"

#define CODE (-4321) /* a hypervisor's own: must come through as it is */

struct scenario {
    const char *name;
    void (*prepare)(struct fixture *fixture); /* opens the pool; nothing fails yet */
    int (*act)(struct fixture *fixture);      /* 0 or the error of the one call under test */
    bool may_swallow; /* the call may succeed all the same (trim, where another page went) */
};

static cgdt_slot_t slots[64];

/* 8 pages in one window: a page that cannot be had is not gone round, since there is no other. */
static void prepare_common(struct fixture *fixture)
{
    fixture_prepare(fixture, 64, 8, 64);
    fixture_set_common(fixture);
}

static void prepare_empty(struct fixture *fixture)
{
    prepare_common(fixture);
    fixture_open_live(fixture);
}

static void prepare_boot(struct fixture *fixture)
{
    prepare_common(fixture);
    fixture_open(fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture->pool, 37, slots), 0);
}

/* 37 of 64 slots owned, with holes. */
static void prepare_used(struct fixture *fixture)
{
    prepare_boot(fixture);
    cr_assert_eq(cgdt_seal(fixture->pool), 0);
    for (int i = 0; i < 30; i += 3)
        cr_assert_eq(cgdt_free(fixture->pool, slots[i]), 0);
}

static void free_pages_2_to_7(struct fixture *fixture)
{
    fixture_open_live(fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture->pool, 64, slots), 0);
    for (int i = 16; i < 64; i++)
        cr_assert_eq(cgdt_free(fixture->pool, slots[i]), 0);
}

static void prepare_free_pages(struct fixture *fixture)
{
    prepare_common(fixture);
    free_pages_2_to_7(fixture);
}

static void prepare_free_windows(struct fixture *fixture)
{
    prepare_common(fixture);
    fixture->config.layout.window_pages = 2;
    free_pages_2_to_7(fixture);
}

static void prepare_all_free(struct fixture *fixture)
{
    prepare_free_pages(fixture);
    for (int i = 0; i < 16; i++)
        cr_assert_eq(cgdt_free(fixture->pool, slots[i]), 0);
}

static void prepare_online(struct fixture *fixture)
{
    prepare_empty(fixture);
    cr_assert_eq(cgdt_cpu_online(fixture->pool, 9, NULL), 0);
}

static int act_alloc(struct fixture *fixture)
{
    cgdt_slot_t slot = 99;
    const int result = cgdt_alloc(fixture->pool, &slot);

    MUST((result == 0) == (slot != CGDT_NO_SLOT), "alloc: %d and slot %x", result, slot);
    return result;
}

static int bulk(struct fixture *fixture, uint32_t n)
{
    cgdt_slot_t got[64];

    memset(got, 0xee, sizeof(got));
    const int result = cgdt_alloc_bulk(fixture->pool, n, got);
    for (uint32_t i = 0; i < n; i++)
        MUST((result == 0) == (got[i] != CGDT_NO_SLOT), "bulk: %d and slot %x", result, got[i]);
    return result;
}

static int act_bulk_in_place(struct fixture *fixture)
{
    return bulk(fixture, 10);
}

static int act_bulk_growing(struct fixture *fixture)
{
    return bulk(fixture, 36);
}

static int act_bulk_all(struct fixture *fixture)
{
    return bulk(fixture, 64);
}

static int act_seal(struct fixture *fixture)
{
    return cgdt_seal(fixture->pool);
}

static int act_trim(struct fixture *fixture)
{
    const int result = cgdt_trim(fixture->pool);

    return result < 0 ? result : 0;
}

static int act_reserve(struct fixture *fixture)
{
    return cgdt_reserve(fixture->pool, 56);
}

static int act_destroy(struct fixture *fixture)
{
    const int result = cgdt_pool_destroy(fixture->pool);

    /* fixture_close() wants a pool to destroy; making it must not fail. */
    fixture->faulty.fail_at = 0;
    if (result == 0)
        MUST(cgdt_pool_init(&fixture->pool, fixture->memory, fixture->bytes, &fixture->config) == 0,
             "init again");
    return result;
}

static int act_online(struct fixture *fixture)
{
    const int result = cgdt_cpu_online(fixture->pool, 3, NULL);
    cgdt_slot_t slot = 0;

    MUST(cgdt_cpu_slot(fixture->pool, 3, &slot) == (result == 0 ? 0 : -CGDT_ENOENT), "directory");
    return result;
}

static int act_offline(struct fixture *fixture)
{
    const int result = cgdt_cpu_offline(fixture->pool, 9);
    cgdt_slot_t slot = 0;

    MUST(cgdt_cpu_slot(fixture->pool, 9, &slot) == (result == 0 ? -CGDT_ENOENT : 0), "directory");
    return result;
}

static int act_free(struct fixture *fixture)
{
    return cgdt_free(fixture->pool, slots[1]);
}

static int act_write(struct fixture *fixture)
{
    cgdt_desc_t desc[20];

    for (uint32_t i = 0; i < 20; i++)
        desc[i] = mark(i);
    return cgdt_write(fixture->pool, slots[1], 5, desc, 20);
}

static int act_write_common(struct fixture *fixture)
{
    const cgdt_desc_t desc = mark(3);

    return cgdt_write_common(fixture->pool, 77, &desc, 1);
}

static int act_frames(struct fixture *fixture)
{
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t n, entries;

    return cgdt_frames(fixture->pool, slots[20], frames, &n, &entries);
}

static int act_check(struct fixture *fixture)
{
    return cgdt_check(fixture->pool, NULL);
}

static void must_be_unchanged(struct snapshot *before, const struct cgdt_pool_stats *stats,
                              struct fixture *fixture, const char *when)
{
    struct cgdt_pool_stats now = fixture_stats(fixture);

    MUST(now.mapped_pages == stats->mapped_pages && now.taken_slots == stats->taken_slots &&
             now.free_slots == stats->free_slots && now.sealed_pages == stats->sealed_pages &&
             now.held_pages == stats->held_pages && now.reserved_slots == stats->reserved_slots &&
             now.mapped_windows == stats->mapped_windows,
         "%s: the counts changed", when);
    MUST(snapshot_same_pages(before, fixture), "%s: the pages changed", when);
}

/* One run with the n-th operation of `kinds` failing. False: none was left to fail. */
static bool run(const struct scenario *scenario, uint32_t kinds, uint32_t n)
{
    struct fixture fixture;
    struct snapshot before;
    char when[80];

    (void)snprintf(when, sizeof(when), "%s, kinds %x, operation %u", scenario->name, kinds, n);
    scenario->prepare(&fixture);
    const struct cgdt_pool_stats stats = fixture_stats(&fixture);
    snapshot_take(&before, &fixture);
    faulty_arm(&fixture.faulty, kinds, n, CODE);
    const int result = scenario->act(&fixture);
    const bool fired = fixture.faulty.fired != 0;

    faulty_arm(&fixture.faulty, 0, 0, 0);
    if (fired && !(scenario->may_swallow && result == 0)) {
        MUST(result == CODE, "%s: returned %d", when, result);
        must_be_unchanged(&before, &stats, &fixture, when);
        fixture_must_be_sound(&fixture, when);
        MUST(scenario->act(&fixture) == 0, "%s: the next call failed", when);
    } else {
        (void)snapshot_same_pages(&before, &fixture);
        MUST(result == 0, "%s: returned %d, and nothing failed", when, result);
    }
    fixture_must_be_sound(&fixture, when);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
    return fired;
}

/*
 * Every operation, and every operation of one kind; at least `least` of them must have been there
 * to fail.
 */
static void run_all(const struct scenario *scenario, uint32_t least)
{
    uint32_t n = 1;

    while (run(scenario, FAULTY_ANY, n))
        n++;
    MUST(n > least, "%s: only %u operations could fail", scenario->name, n - 1);
    for (uint32_t kind = 0; kind < FAULTY_CAN_FAIL; kind++)
        for (n = 1; run(scenario, 1u << kind, n); n++)
            ;
}

#define FAULT_TEST(name, prepare, act, swallow, least)                                             \
    Test(faults, name)                                                                             \
    {                                                                                              \
        const struct scenario scenario = {#name, prepare, act, swallow};                           \
        run_all(&scenario, least);                                                                 \
    }

FAULT_TEST(alloc_on_a_new_page, prepare_empty, act_alloc, false, 2)
FAULT_TEST(alloc_on_a_page_in_use, prepare_used, act_alloc, false, 1)
FAULT_TEST(alloc_in_the_boot_phase, prepare_boot, act_alloc, false, 0)
FAULT_TEST(bulk_on_pages_in_use, prepare_used, act_bulk_in_place, false, 10)
FAULT_TEST(bulk_over_used_and_new_pages, prepare_used, act_bulk_growing, false, 15)
FAULT_TEST(bulk_on_new_pages, prepare_empty, act_bulk_all, false, 16)
FAULT_TEST(seal, prepare_boot, act_seal, false, 6)
FAULT_TEST(trim_of_pages, prepare_free_pages, act_trim, true, 6)
FAULT_TEST(trim_of_windows, prepare_free_windows, act_trim, true, 6)
FAULT_TEST(reserve, prepare_used, act_reserve, false, 2)
FAULT_TEST(destroy, prepare_all_free, act_destroy, false, 9)
FAULT_TEST(online, prepare_empty, act_online, false, 2)
FAULT_TEST(offline, prepare_online, act_offline, false, 2)
FAULT_TEST(free_of_a_slot, prepare_used, act_free, false, 1)
FAULT_TEST(write_to_a_slot, prepare_used, act_write, false, 1)
FAULT_TEST(write_to_the_common_page, prepare_used, act_write_common, false, 1)
FAULT_TEST(frames, prepare_used, act_frames, false, 2)
FAULT_TEST(check, prepare_used, act_check, false, 5)

Test(faults, init_with_a_common_page_leaves_nothing_mapped)
{
    for (uint32_t n = 1; n <= 2; n++) {
        struct fixture fixture;
        struct cgdt_pool *pool = NULL;
        static _Alignas(64) unsigned char memory[65536];

        prepare_common(&fixture);
        cr_assert(strict_open(&fixture.strict, 8, 2, false));
        faulty_open(&fixture.faulty, &strict_port, &fixture.strict);
        faulty_arm(&fixture.faulty, FAULTY_ANY, n, CODE);
        cr_assert_eq(cgdt_pool_init(&pool, memory, sizeof(memory), &fixture.config), CODE);
        cr_assert_null(pool);
        cr_assert_eq(fixture.strict.out, 0);
        cr_assert_eq(fixture.strict.breaches, 0, "%s", fixture.strict.first_breach);
        strict_close(&fixture.strict);
    }
}

/* Pages 7 to 2 are free; 6 stays. Page 7, which is above it, has gone by then. */
Test(faults, a_trim_stopped_at_one_page_gives_the_others_back)
{
    struct fixture fixture;

    prepare_free_windows(&fixture);
    faulty_arm(&fixture.faulty, 1u << FAULTY_UNSEAL, 2, CODE);
    cr_assert_eq(cgdt_trim(fixture.pool), 5);
    cr_assert_eq(strict_state_of(&fixture.strict, 6), STRICT_SEALED);
    cr_assert_eq(fixture_stats(&fixture).mapped_pages, 3);
    fixture_must_be_sound(&fixture, "half trimmed");
    faulty_arm(&fixture.faulty, 0, 0, 0);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

/*
 * What is left in slots[] after an undo that failed too belongs to the caller, and can be freed
 * later.
 */
Test(faults, a_slot_that_cannot_be_undone_stays_in_the_callers_hands)
{
    struct fixture fixture;
    cgdt_slot_t got[10];
    uint32_t left = 0;

    prepare_used(&fixture);
    const uint32_t owned = fixture_stats(&fixture).taken_slots;
    faulty_arm(&fixture.faulty, 1u << FAULTY_LIVE_WRITE, 4, CODE);
    fixture.faulty.from_then_on = true;
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 10, got), CODE);
    faulty_arm(&fixture.faulty, 0, 0, 0);
    for (int i = 0; i < 10; i++)
        if (got[i] != CGDT_NO_SLOT) {
            left++;
            cr_assert_eq(cgdt_free(fixture.pool, got[i]), 0, "%d", i);
        }
    cr_assert_eq(left, 3);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, owned);
    fixture_must_be_sound(&fixture, "after the frees");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

/*
 * A hypervisor that holds on to a page while a growth is undone: the page is held, and used again
 * later.
 */
Test(faults, a_page_that_cannot_leave_is_held_and_used_again)
{
    struct fixture fixture;
    cgdt_slot_t got[64];

    prepare_empty(&fixture);
    faulty_arm(&fixture.faulty, 1u << FAULTY_SEAL | 1u << FAULTY_UNSEAL, 3, CODE);
    fixture.faulty.from_then_on = true;
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 64, got), CODE);
    faulty_arm(&fixture.faulty, 0, 0, 0);
    cr_assert_eq(fixture_stats(&fixture).held_pages, 2);
    cr_assert_eq(fixture_stats(&fixture).mapped_pages, 0);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 64, got), 0);
    cr_assert_eq(fixture_stats(&fixture).held_pages, 0);
    cr_assert_eq(got[0], 1);
    fixture_must_be_sound(&fixture, "after the second try");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}
