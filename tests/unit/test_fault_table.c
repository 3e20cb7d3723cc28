/* SPDX-License-Identifier: MIT */
/*
 * Every scenario x every layout x boot or live x every kind of port operation x every n: the n-th
 * operation of that kind fails. The call returns that error and has changed nothing (pages and
 * their states are compared byte by byte), what the port gave equals what it has, and the next call
 * works.
 *
 * Then pairs of faults: the n-th operation, and after it the first that would undo it, or all from
 * then on. Such a call may leave something behind, but nothing may be lost: see survives().
 */
#include <stdio.h>

#include "fixture.h"

#define CODE  (-4321) /* a hypervisor's own: must come through as it is */
#define SLOTS 64

enum layout {
    ONE_PAGE, /* windows of one page */
    THREE,    /* windows of three pages, the last one shorter */
    COMMON,   /* windows of two behind a common page */
    NATIVE,   /* LGDT */
    LAYOUTS,
};

static const char *const layout_names[] = {"page", "window", "common", "native"};

struct act {
    const char *name;
    int (*call)(struct fixture *fixture); /* 0 or the error of the one call under test */
    bool swallows; /* it may succeed in spite of a fault, having done what it could (trim) */
};

static cgdt_slot_t owned[SLOTS]; /* CGDT_NO_SLOT: freed again */

/*
 * 64 slots of 8 pages, 41 taken at first, then holes, and two CPUs online, of which number 40 is
 * alone on its page; nothing fails yet.
 */
static void prepare(struct fixture *fixture, enum layout layout, bool live)
{
    const uint8_t window_pages[] = {1, 3, 2, 3};

    fixture_prepare(fixture, 64, window_pages[layout], SLOTS);
    if (layout == COMMON)
        fixture_set_common(fixture);
    if (layout == NATIVE)
        fixture_set_native(fixture, CGDT_PROFILE_NATIVE64);
    fixture_open(fixture);
    memset(owned, 0, sizeof(owned));
    MUST(cgdt_cpu_online(fixture->pool, 9, &owned[0]) == 0, "online");
    MUST(cgdt_alloc_bulk(fixture->pool, 40, &owned[1]) == 0, "bulk");
    MUST(!live || cgdt_seal(fixture->pool) == 0, "seal");
    for (int i = 1; i < 41; i++)
        if (i % 3 == 0 || i >= 24) {
            MUST(i == 24 || cgdt_free(fixture->pool, owned[i]) == 0, "free");
            MUST(i != 24 || cgdt_cpu_online_at(fixture->pool, 40, owned[i]) == 0, "online");
            owned[i] = CGDT_NO_SLOT;
        }
}

static int call_alloc(struct fixture *fixture)
{
    cgdt_slot_t slot = 99;
    const int result = cgdt_alloc(fixture->pool, &slot);

    MUST((result == 0) == (slot != CGDT_NO_SLOT), "%d and slot %x", result, slot);
    return result;
}

static int near(struct fixture *fixture, uint32_t n)
{
    cgdt_slot_t slot = 99;
    const int result = cgdt_alloc_near(fixture->pool, n, &owned[2], &slot);

    MUST((result == 0) == (slot != CGDT_NO_SLOT), "%d and slot %x", result, slot);
    return result;
}

static int call_near(struct fixture *fixture)
{
    return near(fixture, 1);
}

/* On a page that is in service. */
static int call_alone(struct fixture *fixture)
{
    return near(fixture, 0);
}

static int is_online(struct fixture *fixture, int result)
{
    cgdt_slot_t slot = 99;

    MUST(cgdt_cpu_slot(fixture->pool, 3, &slot) == (result == 0 ? 0 : -CGDT_ENOENT), "directory");
    return result;
}

static int call_online_near(struct fixture *fixture)
{
    const uint32_t cpu = 9;

    return is_online(fixture, cgdt_cpu_online_near(fixture->pool, 3, 1, &cpu, NULL));
}

static const cgdt_desc_t own[] = {DATA3, CODE64};

static int call_with(struct fixture *fixture)
{
    cgdt_slot_t slot = 99;
    const int result = cgdt_alloc_with(fixture->pool, 7, own, 2, &slot);

    MUST((result == 0) == (slot != CGDT_NO_SLOT), "%d and slot %x", result, slot);
    return result;
}

static int call_online_with(struct fixture *fixture)
{
    return is_online(fixture, cgdt_cpu_online_with(fixture->pool, 3, 60, own, 2, NULL));
}

/* Both: on the page of CPU 9, or a new one. */
static int call_online_for(struct fixture *fixture)
{
    static const uint32_t cpu = 9;
    const struct cgdt_request request = {.struct_bytes = sizeof(request),
                                         .first = 7,
                                         .count = 2,
                                         .desc = own,
                                         .apart = 1,
                                         .near_count = 1,
                                         .near = &cpu};

    return is_online(fixture, cgdt_cpu_online_for(fixture->pool, 3, &request, NULL));
}

static int bulk(struct fixture *fixture, uint32_t n)
{
    cgdt_slot_t got[SLOTS];

    memset(got, 0xee, sizeof(got));
    const int result = cgdt_alloc_bulk(fixture->pool, n, got);
    for (uint32_t i = 0; i < n; i++)
        MUST((result == 0) == (got[i] != CGDT_NO_SLOT), "%d and slot %x", result, got[i]);
    return result;
}

static int call_bulk_in_place(struct fixture *fixture)
{
    return bulk(fixture, 20);
}

/* All that are left, so that no page can be gone round: 24 are free on pages in service. */
static int call_bulk_growing(struct fixture *fixture)
{
    return bulk(fixture, 46);
}

/* What is in the cache afterwards goes back, so that all can be freed. */
static int call_cache_alloc(struct fixture *fixture)
{
    struct cgdt_cache cache;
    cgdt_slot_t slot = 99;

    MUST(cgdt_cache_init(&cache, sizeof(cache), fixture->pool) == 0, "cache");
    const int result = cgdt_cache_alloc(&cache, &slot);
    MUST((result == 0) == (slot != CGDT_NO_SLOT), "%d and slot %x", result, slot);
    MUST(cgdt_cache_flush(&cache) == 0, "flush");
    return result;
}

static int call_cache_free(struct fixture *fixture)
{
    struct cgdt_cache cache;

    MUST(cgdt_cache_init(&cache, sizeof(cache), fixture->pool) == 0, "cache");
    const int result = cgdt_cache_free(&cache, owned[1]);
    MUST(cgdt_cache_flush(&cache) == 0, "flush");
    return result;
}

static int call_free(struct fixture *fixture)
{
    return cgdt_free(fixture->pool, owned[1]);
}

static int call_write(struct fixture *fixture)
{
    cgdt_desc_t descs[20];

    for (uint32_t i = 0; i < COUNT_OF(descs); i++)
        descs[i] = mark(i);
    return cgdt_write(fixture->pool, owned[2], 7, descs, COUNT_OF(descs));
}

static int call_write_common(struct fixture *fixture)
{
    const cgdt_desc_t descs[] = {mark(3), 0, mark(4)};

    return fixture->config.layout.common ? cgdt_write_common(fixture->pool, 500, descs, 3) : 0;
}

static int call_seal(struct fixture *fixture)
{
    return cgdt_seal(fixture->pool);
}

static int call_trim(struct fixture *fixture)
{
    const int result = cgdt_trim(fixture->pool);

    return result < 0 ? result : 0;
}

static int call_reserve(struct fixture *fixture)
{
    return cgdt_reserve(fixture->pool, SLOTS);
}

static int call_online(struct fixture *fixture)
{
    return is_online(fixture, cgdt_cpu_online(fixture->pool, 3, NULL));
}

static int call_offline(struct fixture *fixture)
{
    cgdt_slot_t slot = 99;
    const int result = cgdt_cpu_offline(fixture->pool, 9);

    MUST(cgdt_cpu_slot(fixture->pool, 9, &slot) == (result == 0 ? -CGDT_ENOENT : 0), "directory");
    return result;
}

/* CPU 40 has moved, or is where it was. */
static int call_move(struct fixture *fixture)
{
    cgdt_slot_t slot = 99, now = 99;
    int result = cgdt_cpu_move_begin(fixture->pool, 40, 0, NULL, &slot);

    MUST((result == 0) == (slot != 99), "%d and slot %x", result, slot);
    if (result != 0)
        return result;
    result = cgdt_cpu_move_end(fixture->pool, 40);
    MUST(cgdt_cpu_slot(fixture->pool, 40, &now) == 0, "directory");
    if (result == 0) {
        MUST(now == slot, "CPU 40 has %x, not %x", now, slot);
        return 0;
    }
    fixture->faulty.kinds = 0; /* one fault at a time */
    MUST(cgdt_cpu_move_abort(fixture->pool, 40) == 0, "abort");
    return result;
}

static int call_move_back(struct fixture *fixture)
{
    cgdt_slot_t slot = 99, old = 99, now = 99;

    MUST(cgdt_cpu_slot(fixture->pool, 40, &old) == 0, "directory");
    int result = cgdt_cpu_move_begin(fixture->pool, 40, 0, NULL, &slot);
    if (result != 0)
        return result;
    result = cgdt_cpu_move_abort(fixture->pool, 40);
    MUST(cgdt_cpu_slot(fixture->pool, 40, &now) == 0 && now == old, "directory");
    if (result == 0)
        return 0;
    fixture->faulty.kinds = 0;
    MUST(cgdt_cpu_move_abort(fixture->pool, 40) == 0, "abort again");
    return result;
}

static int call_frames(struct fixture *fixture)
{
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t n, entries;

    if (fixture->config.layout.mode == CGDT_MODE_NATIVE || fixture_stats(fixture).sealed_pages == 0)
        return 0; /* -CGDT_ENOTSUP, -CGDT_EPERM: other tests */
    return cgdt_frames(fixture->pool, owned[20], frames, &n, &entries);
}

static int call_behind(struct fixture *fixture)
{
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t n, entries;

    if (!fixture->config.layout.common || fixture_stats(fixture).sealed_pages == 0)
        return 0; /* likewise */
    return cgdt_frames_behind(fixture->pool, owned[20], 9, frames, &n, &entries);
}

static int call_common_frame(struct fixture *fixture)
{
    cgdt_frame_t frame;

    if (!fixture->config.layout.common || fixture_stats(fixture).sealed_pages == 0)
        return 0; /* likewise */
    return cgdt_common_frame(fixture->pool, &frame, NULL);
}

static int call_check(struct fixture *fixture)
{
    return cgdt_check(fixture->pool, NULL);
}

static int call_describe(struct fixture *fixture)
{
    char text[400];
    const int length = cgdt_describe(fixture->pool, 0, text, sizeof(text));

    return length < 0 ? length : 0;
}

/*
 * Everything is freed first, so that only the call itself can fail; then there must be a pool
 * again.
 */
static int call_destroy(struct fixture *fixture)
{
    const struct faulty armed = fixture->faulty;

    fixture->faulty.kinds = 0;
    fixture_free_all(fixture);
    fixture->faulty = armed;
    const int result = cgdt_pool_destroy(fixture->pool);
    if (result == 0) {
        fixture->faulty.kinds = 0;
        MUST(cgdt_pool_init(&fixture->pool, fixture->memory, fixture->bytes, &fixture->config) == 0,
             "init again");
    }
    return result;
}

static const struct act acts[] = {
    {"alloc", call_alloc, false},
    {"near", call_near, false},
    {"near nobody", call_alone, false},
    {"with", call_with, false},
    {"bulk on pages in use", call_bulk_in_place, false},
    {"bulk over used and new pages", call_bulk_growing, false},
    {"free", call_free, false},
    {"alloc through a cache", call_cache_alloc, false},
    {"free through a cache", call_cache_free, false},
    {"write", call_write, false},
    {"common write", call_write_common, false},
    {"seal", call_seal, false},
    {"trim", call_trim, true},
    {"reserve", call_reserve, false},
    {"online", call_online, false},
    {"online near", call_online_near, false},
    {"online with", call_online_with, false},
    {"online with, near", call_online_for, false},
    {"offline", call_offline, false},
    {"move", call_move, false},
    {"move and back", call_move_back, false},
    {"frames", call_frames, false},
    {"frames behind", call_behind, false},
    {"common frame", call_common_frame, false},
    {"check", call_check, false},
    {"describe", call_describe, false},
};

static const struct act destroy = {"destroy", call_destroy, false};

static void finish(struct fixture *fixture)
{
    faulty_arm(&fixture->faulty, 0, 0, 0);
    fixture_free_all(fixture);
    fixture_close(fixture); /* frames out = frames in */
}

/*
 * One run with the n-th operation of `kinds` failing. False: there were not so many. The pool's own
 * memory is compared by what it means: a stale bit of the summary is no change.
 */
static bool run(const struct act *act, enum layout layout, bool live, uint32_t kinds, uint32_t n)
{
    struct fixture fixture;
    struct snapshot before;
    char when[120];

    (void)snprintf(when, sizeof(when), "%s, %s, %s, kinds %x, operation %u", act->name,
                   layout_names[layout], live ? "live" : "boot", kinds, n);
    prepare(&fixture, layout, live);
    if (act == &destroy)
        fixture_free_all(&fixture);
    const struct cgdt_pool_stats stats = fixture_stats(&fixture);
    snapshot_take(&before, &fixture);
    faulty_arm(&fixture.faulty, kinds, n, CODE);
    const int result = act->call(&fixture);
    const bool fired = fixture.faulty.fired != 0;

    faulty_arm(&fixture.faulty, 0, 0, 0);
    MUST(result == (fired && !(act->swallows && result == 0) ? CODE : 0), "%s: %d", when, result);
    const bool same = snapshot_same_pages(&before, &fixture);
    if (result != 0) {
        const struct cgdt_pool_stats now = fixture_stats(&fixture);

        MUST(same, "%s: pages changed", when);
        MUST(memcmp(&stats, &now, sizeof(now)) == 0, "%s: the counts changed", when);
        fixture_must_be_sound(&fixture, when);
        MUST(act->call(&fixture) == 0, "%s: the next call failed", when);
    }
    fixture_must_be_sound(&fixture, when);
    finish(&fixture);
    return fired;
}

/* How many faults were met. */
static uint32_t run_all(const struct act *act, enum layout layout, bool live)
{
    uint32_t met = 0;

    for (uint32_t kind = 0; kind <= FAULTY_CAN_FAIL; kind++) {
        const uint32_t kinds = kind == FAULTY_CAN_FAIL ? FAULTY_ANY : 1u << kind;

        for (uint32_t n = 1; run(act, layout, live, kinds, n); n++)
            met++;
    }
    return met;
}

static void run_phase(bool live, uint32_t least)
{
    uint32_t met = 0;

    for (int layout = 0; layout < LAYOUTS; layout++) {
        for (size_t i = 0; i < COUNT_OF(acts); i++)
            met += run_all(&acts[i], (enum layout)layout, live);
        met += run_all(&destroy, (enum layout)layout, live);
    }
    cr_assert_gt(met, least, "only %u faults could be made", met);
}

Test(fault_table, every_operation_of_every_call_in_the_boot_phase)
{
    run_phase(false, 200);
}

Test(fault_table, every_operation_of_every_call_in_the_live_phase)
{
    run_phase(true, 700);
}

/*
 * Every byte of the pool's own memory too, for the calls that have no reason to touch it when they
 * fail.
 */
Test(fault_table, a_call_that_fails_at_its_first_operation_has_not_touched_a_byte)
{
    for (int layout = 0; layout < LAYOUTS; layout++)
        for (size_t i = 0; i < COUNT_OF(acts); i++) {
            struct fixture fixture;
            struct snapshot before;

            if (acts[i].swallows)
                continue;
            prepare(&fixture, (enum layout)layout, true);
            snapshot_take(&before, &fixture);
            faulty_arm(&fixture.faulty, FAULTY_ANY, 1, CODE);
            const int result = acts[i].call(&fixture);
            const bool fired = fixture.faulty.fired != 0;
            const bool same = snapshot_same(&before, &fixture);
            MUST(!fired || result == CODE, "%s: %d", acts[i].name, result);
            MUST(!fired || same, "%s, %s: memory changed", acts[i].name, layout_names[layout]);
            finish(&fixture);
        }
}

/* Slots that a failed bulk could not undo are in got[], and nowhere else. */
static int bulk_keeping(struct fixture *fixture, uint32_t n, cgdt_slot_t *got)
{
    memset(got, 0xee, n * sizeof(*got));
    return cgdt_alloc_bulk(fixture->pool, n, got);
}

/*
 * After a fault and a second one in its undoing: whatever stays owned is in the caller's hands and
 * can be freed; whatever page stays is counted as held and leaves, clean, with a later call; nobody
 * else's slot has changed.
 */
static void survives(struct fixture *fixture, cgdt_slot_t *got, uint32_t n, uint32_t before,
                     const char *when)
{
    uint32_t left = 0;

    faulty_arm(&fixture->faulty, 0, 0, 0);
    for (uint32_t i = 0; i < n; i++)
        left += got[i] != CGDT_NO_SLOT ? 1u : 0u;
    const struct cgdt_pool_stats stats = fixture_stats(fixture);
    MUST(stats.taken_slots == before + left, "%s: %u owned, %u before, %u left", when,
         stats.taken_slots, before, left);
    MUST(fixture->strict.out == stats.mapped_pages + stats.held_pages + stats.common_pages,
         "%s: %u pages out", when, fixture->strict.out);
    for (uint32_t i = 0; i < n; i++)
        MUST(got[i] == CGDT_NO_SLOT || cgdt_free(fixture->pool, got[i]) == 0, "%s: free", when);
    MUST(cgdt_alloc_bulk(fixture->pool, SLOTS - before, got) == 0, "%s: all that is left", when);
    MUST(fixture_stats(fixture).held_pages == 0, "%s: still held", when);
    fixture_must_be_sound(fixture, when);
    for (int i = 0; i < 24; i++)
        MUST(owned[i] == CGDT_NO_SLOT || fixture_slot(fixture, owned[i])[1] == CODE64,
             "%s: slot %x was damaged", when, owned[i]);
}

/* The n-th operation fails, and of `second` the first after it, or all. False: nothing failed. */
static bool run_pair(enum layout layout, uint32_t want, uint32_t n, uint32_t gap, bool all)
{
    struct fixture fixture;
    cgdt_slot_t got[SLOTS];
    char when[120];

    (void)snprintf(when, sizeof(when), "bulk of %u, %s, operation %u and %u later%s", want,
                   layout_names[layout], n, gap, all ? ", all" : "");
    prepare(&fixture, layout, true);
    const uint32_t before = fixture_stats(&fixture).taken_slots;
    faulty_arm(&fixture.faulty, FAULTY_ANY, n, CODE);
    fixture.faulty.then_after = gap;
    fixture.faulty.then_all = all;
    const int result = bulk_keeping(&fixture, want, got);
    const bool fired = fixture.faulty.fired != 0;
    MUST((result < 0) == fired, "%s: %d", when, result);
    if (fired)
        survives(&fixture, got, want, before, when);
    finish(&fixture);
    return fired;
}

Test(fault_pairs, a_bulk_whose_undoing_fails_too_loses_nothing)
{
    uint32_t met = 0;

    for (int layout = 0; layout < LAYOUTS; layout++)
        for (uint32_t want = 20; want <= 46; want += 26)
            for (uint32_t gap = 1; gap <= 3; gap++)
                for (uint32_t n = 1; run_pair((enum layout)layout, want, n, gap, false) ||
                                     run_pair((enum layout)layout, want, n, gap, true);
                     n++)
                    met++;
    cr_assert_gt(met, 200);
}

/* The same for trim, which undoes nothing: what cannot leave has stayed as it was. */
Test(fault_pairs, a_trim_that_fails_twice_loses_nothing)
{
    uint32_t met = 0;

    for (int layout = 0; layout < LAYOUTS; layout++)
        for (uint32_t gap = 0; gap <= 3; gap++)
            for (uint32_t n = 1;; n++) {
                struct fixture fixture;
                cgdt_slot_t got[SLOTS];
                char when[80];

                (void)snprintf(when, sizeof(when), "trim, %s, operation %u and %u later",
                               layout_names[layout], n, gap);
                prepare(&fixture, (enum layout)layout, true);
                const uint32_t before = fixture_stats(&fixture).taken_slots;
                faulty_arm(&fixture.faulty, FAULTY_ANY, n, CODE);
                fixture.faulty.then_after = gap;
                fixture.faulty.then_all = gap == 1;
                (void)cgdt_trim(fixture.pool);
                const bool fired = fixture.faulty.fired != 0;
                if (fired)
                    survives(&fixture, got, 0, before, when);
                finish(&fixture);
                if (!fired)
                    break;
                met++;
            }
    cr_assert_gt(met, 20);
}
