/* SPDX-License-Identifier: MIT */
/*
 * Every scenario x every layout x boot or live x every kind of port operation x every n: the n-th
 * operation of that kind fails. The call returns that error and has changed nothing (pages and
 * their states are compared byte by byte), what the port gave equals what it has, and the next call
 * works.
 */
#include <stdio.h>

#include "fault_pool.h"

struct act {
    const char *name;
    int (*call)(struct fixture *fixture); /* 0 or the error of the one call under test */
    bool swallows; /* it may succeed in spite of a fault, having done what it could (trim) */
};

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
    const int result = cgdt_alloc_near(fixture->pool, n, &fault_owned[2], &slot);

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
    cgdt_slot_t got[FAULT_SLOTS];

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
    const int result = cgdt_cache_free(&cache, fault_owned[1]);
    MUST(cgdt_cache_flush(&cache) == 0, "flush");
    return result;
}

static int call_free(struct fixture *fixture)
{
    return cgdt_free(fixture->pool, fault_owned[1]);
}

static int call_write(struct fixture *fixture)
{
    cgdt_desc_t descs[20];

    for (uint32_t i = 0; i < COUNT_OF(descs); i++)
        descs[i] = mark(i);
    return cgdt_write(fixture->pool, fault_owned[2], 7, descs, COUNT_OF(descs));
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
    return cgdt_reserve(fixture->pool, FAULT_SLOTS);
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
    return cgdt_frames(fixture->pool, fault_owned[20], frames, &n, &entries);
}

static int call_behind(struct fixture *fixture)
{
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t n, entries;

    if (!fixture->config.layout.common || fixture_stats(fixture).sealed_pages == 0)
        return 0; /* likewise */
    return cgdt_frames_behind(fixture->pool, fault_owned[20], 9, frames, &n, &entries);
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

/*
 * One run with the n-th operation of `kinds` failing. False: there were not so many. The pool's own
 * memory is compared by what it means: a stale bit of the summary is no change.
 */
static bool run(const struct act *act, enum fault_layout layout, bool live, uint32_t kinds,
                uint32_t n)
{
    struct fixture fixture;
    struct snapshot before;
    char when[120];

    (void)snprintf(when, sizeof(when), "%s, %s, %s, kinds %x, operation %u", act->name,
                   fault_layout_names[layout], live ? "live" : "boot", kinds, n);
    fault_pool_open(&fixture, layout, live);
    if (act == &destroy)
        fixture_free_all(&fixture);
    const struct cgdt_pool_stats stats = fixture_stats(&fixture);
    snapshot_take(&before, &fixture);
    faulty_arm(&fixture.faulty, kinds, n, FAULT_CODE);
    const int result = act->call(&fixture);
    const bool fired = fixture.faulty.fired != 0;

    faulty_arm(&fixture.faulty, 0, 0, 0);
    MUST(result == (fired && !(act->swallows && result == 0) ? FAULT_CODE : 0), "%s: %d", when,
         result);
    const bool same = snapshot_same_pages(&before, &fixture);
    if (result != 0) {
        const struct cgdt_pool_stats now = fixture_stats(&fixture);

        MUST(same, "%s: pages changed", when);
        MUST(memcmp(&stats, &now, sizeof(now)) == 0, "%s: the counts changed", when);
        fixture_must_be_sound(&fixture, when);
        MUST(act->call(&fixture) == 0, "%s: the next call failed", when);
    }
    fixture_must_be_sound(&fixture, when);
    fault_pool_close(&fixture);
    return fired;
}

/* How many faults were met. */
static uint32_t run_all(const struct act *act, enum fault_layout layout, bool live)
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
            met += run_all(&acts[i], (enum fault_layout)layout, live);
        met += run_all(&destroy, (enum fault_layout)layout, live);
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
            fault_pool_open(&fixture, (enum fault_layout)layout, true);
            snapshot_take(&before, &fixture);
            faulty_arm(&fixture.faulty, FAULTY_ANY, 1, FAULT_CODE);
            const int result = acts[i].call(&fixture);
            const bool fired = fixture.faulty.fired != 0;
            const bool same = snapshot_same(&before, &fixture);
            MUST(!fired || result == FAULT_CODE, "%s: %d", acts[i].name, result);
            MUST(!fired || same, "%s, %s: memory changed", acts[i].name,
                 fault_layout_names[layout]);
            fault_pool_close(&fixture);
        }
}
