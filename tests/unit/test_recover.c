/* SPDX-License-Identifier: MIT */
/*
 * CPUs that die inside a call, and cgdt_recover() afterwards. Each call dies before its n-th step,
 * for every n: a step is an atomic operation of the core, or the beginning or the end of a port
 * operation. What must hold then is counted here, from the handles that the callers have.
 */
#include <setjmp.h>
#include <stdio.h>

#include "../../alloc/pool.h"
#include "fixture.h"
#include "mortal_port.h"

#define CODE   (-4321)
#define CPUS   100
#define PAGES  13
#define MARKED 7 /* the entry in which a slot's owner leaves its mark */

static struct death {
    jmp_buf where;
    uint32_t at; /* the n-th step, 1 up; 0: nobody dies */
    uint32_t steps;
} death;

static void step(void)
{
    if (death.at == 0 || ++death.steps != death.at)
        return;
    death.at = 0;
    longjmp(death.where, 1);
}

void hook(enum hooked kind, const volatile void *at)
{
    (void)kind;
    (void)at;
    step();
}

static struct fixture fixture;
static cgdt_slot_t kept[CPUS]; /* owned before and after, whatever dies */
static uint32_t n_kept;
static cgdt_slot_t given[CPUS]; /* what the call that dies gives back */
static cgdt_slot_t got[CPUS];   /* what it is to fetch */
static struct cgdt_cache cache; /* of four slots, none at first */
static cgdt_slot_t stays;       /* CPU 0's */
static cgdt_slot_t goes;        /* CPU 90's */
static cgdt_slot_t goal;        /* where it moves to, if it does */
static bool may_go;             /* it was on its way offline */

static void leave_mark(cgdt_slot_t slot)
{
    const cgdt_desc_t desc = mark(cgdt_slot_number(slot));

    MUST(cgdt_write(fixture.pool, slot, MARKED, &desc, 1) == 0, "write");
}

static void keep(cgdt_slot_t slot)
{
    leave_mark(slot);
    kept[n_kept++] = slot;
}

static void close_pool(void)
{
    fixture_free_all(&fixture);
    MUST(cgdt_reserve(fixture.pool, 0) == 0, "reserve");
    MUST(cgdt_trim(fixture.pool) >= 0, "trim");
    MUST(fixture.strict.out == 0, "%u pages are out after trim", fixture.strict.out);
    fixture_close(&fixture);
}

/* What the pool is like. */
static enum {
    LIVE,
    BOOT,
    NATIVE,
    SERIALIZED,
    KINDS,
} kind;

static void open_fixture(void)
{
    fixture_prepare(&fixture, 64, 2, CPUS);
    fixture.config.port = &mortal_port;
    fixture.config.serialized = kind == SERIALIZED;
    if (kind == NATIVE)
        fixture_set_native(&fixture, CGDT_PROFILE_NATIVE64);
    if (kind == BOOT)
        fixture_open(&fixture);
    else
        fixture_open_live(&fixture);
}

/*
 * 6 pages in service: 24 slots are kept, 8 are in given[], CPUs 0 and 90 have one each, and 14 are
 * free.
 */
static void open_pool(void)
{
    cgdt_slot_t slots[40];

    mortal_step = step;
    death.at = 0;
    n_kept = 0;
    open_fixture();
    MUST(cgdt_alloc_bulk(fixture.pool, 40, slots) == 0, "bulk");
    MUST(cgdt_cpu_online(fixture.pool, 0, &stays) == 0, "online");
    MUST(cgdt_cpu_online(fixture.pool, 90, &goes) == 0, "online");
    leave_mark(stays);
    leave_mark(goes);
    goal = CGDT_NO_SLOT;
    MUST(cgdt_cache_init(&cache, CGDT_CACHE_BYTES(4), fixture.pool) == 0, "cache");
    memset(given, 0, sizeof(given));
    memset(got, 0, sizeof(got));
    for (uint32_t i = 0; i < 40; i++) {
        if (i % 5 == 2)
            MUST(cgdt_free(fixture.pool, slots[i]) == 0, "free");
        else if (i % 5 == 4)
            given[i / 5] = slots[i];
        else
            keep(slots[i]);
    }
}

static void open_full(void)
{
    open_pool();
    for (int i = 0; i < 14; i++)
        keep(fixture_alloc(&fixture));
}

/* Four of given[] are in the cache, and so they are nobody's. */
static void open_cached(void)
{
    open_pool();
    for (int i = 0; i < 4; i++)
        MUST(cgdt_cache_free(&cache, given[i * 2]) == 0, "free");
}

/* The three highest of 9 pages are free. */
static void open_trimmable(void)
{
    open_pool();
    MUST(cgdt_reserve(fixture.pool, 72) == 0 && cgdt_reserve(fixture.pool, 0) == 0, "reserve");
}

/* Slots seen so far while the owners are counted. */
static bool seen[CPUS];
static uint32_t n_seen;

/* Whether the handle is its owner's; counts it then, and no slot may be counted twice. */
static bool count(cgdt_slot_t slot, const char *when)
{
    cgdt_desc_t desc;
    const int result = cgdt_read(fixture.pool, slot, MARKED, &desc, 1);

    if (result != 0) {
        MUST(slot == CGDT_NO_SLOT || result == -CGDT_ESTALE, "%s: %x: %d", when, slot, result);
        return false;
    }
    MUST(!seen[cgdt_slot_number(slot)], "%s: %x is owned twice", when, slot);
    seen[cgdt_slot_number(slot)] = true;
    n_seen++;
    return true;
}

static bool has_mark(cgdt_slot_t slot)
{
    return fixture_slot(&fixture, slot)[MARKED] == mark(cgdt_slot_number(slot));
}

static void count_cpus(const char *when)
{
    for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
        cgdt_slot_t slot = CGDT_NO_SLOT;
        const int result = cgdt_cpu_slot(fixture.pool, cpu, &slot);

        MUST(result == -CGDT_ENOENT || result == 0, "%s: CPU %u: %d", when, cpu, result);
        if (result != 0)
            MUST(cpu != 0 && (cpu != 90 || may_go), "%s: CPU %u lost its slot", when, cpu);
        else
            MUST(count(slot, when) && cgdt_free(fixture.pool, slot) == -CGDT_EBUSY,
                 "%s: CPU %u has %x", when, cpu, slot);
        MUST(result != 0 || (cpu == 0 && slot == stays) ||
                 (cpu == 90 && (slot == goes || slot == goal)),
             "%s: CPU %u came online", when, cpu);
        MUST(cpu != 90 || result != 0 ||
                 fixture_slot(&fixture, slot)[MARKED] == mark(cgdt_slot_number(goes)),
             "%s: CPU 90 has another table", when);
    }
}

/* Every slot in service is free, or exactly one of those that somebody has a handle for. */
static void no_slot_is_lost_or_given_twice(const char *when)
{
    memset(seen, 0, sizeof(seen));
    n_seen = 0;
    for (uint32_t i = 0; i < n_kept; i++)
        MUST(count(kept[i], when) && has_mark(kept[i]), "%s: %x is gone", when, kept[i]);
    for (uint32_t i = 0; i < CPUS; i++) {
        (void)count(given[i], when);
        (void)count(got[i], when);
    }
    count_cpus(when);
    const struct cgdt_pool_stats stats = fixture_stats(&fixture);
    MUST(stats.taken_slots == n_seen, "%s: %u taken, %u owned", when, stats.taken_slots, n_seen);
}

/* What cgdt_check() says before the next growth: nothing, or that a held page is not clean. */
static void check_finds_only_held_pages(const char *when)
{
    struct cgdt_violation violation = {0};
    uint64_t taken = 99;

    if (cgdt_check(fixture.pool, &violation) == 0)
        return;
    const uint32_t page = violation.window * 2 + violation.position;
    MUST(violation.reason == CGDT_UNOWNED_NOT_ZERO, "%s: reason %d", when, (int)violation.reason);
    MUST(cgdt_page_taken(fixture.pool, page, &taken) == 0, "%s: page %u serves", when, page);
}

/* The counts that only calls that grow would notice, and the tree above the free bits. */
static void the_pools_own_state_adds_up(const char *when)
{
    const struct cgdt_pool *pool = fixture.pool;
    const struct slotmap *map = &pool->map;
    const struct cgdt_pool_stats stats = fixture_stats(&fixture);
    uint32_t hole = 0;

    MUST(pool->served_slots == stats.free_slots + stats.taken_slots, "%s: served", when);
    MUST(pool->pages.serving == stats.mapped_pages, "%s: serving", when);
    for (uint64_t taken; hole < PAGES && cgdt_page_taken(pool, hole, &taken) == 1; hole++)
        MUST(map->end > hole, "%s: no walk comes to page %u", when, hole);
    MUST(pool->pages.first_hole == hole, "%s: hole %u, not %u", when, pool->pages.first_hole, hole);
    MUST(map->lookers == 0, "%s: somebody looks still", when);
    for (uint32_t word = 0; word < PAGES; word++)
        MUST(map->level[0][word] == 0 || ((map->level[1][word / 8] >> word % 8 & 1) != 0 &&
                                          (map->level[2][0] >> word / 8 & 1) != 0),
             "%s: the summary hides word %u", when, word);
}

/* All free slots come, lowest first, with the template and nothing else. */
static void every_free_slot_comes(const char *when)
{
    const uint32_t n = fixture_stats(&fixture).free_slots;
    cgdt_slot_t slots[CPUS];
    uint32_t next = 0;

    for (uint32_t i = 0; i < n; i++) {
        MUST(cgdt_alloc_nowait(fixture.pool, &slots[i]) == 0, "%s: %u of %u", when, i, n);
        const uint32_t number = cgdt_slot_number(slots[i]);
        const cgdt_desc_t *desc = fixture_slot(&fixture, slots[i]);

        MUST(number >= next && !seen[number], "%s: slot %u", when, number);
        next = number + 1;
        for (uint32_t entry = 0; entry < 64; entry++)
            MUST(desc[entry] == (entry == 1   ? CODE64
                                 : entry == 2 ? DATA3
                                              : 0),
                 "%s: slot %u, entry %u", when, number, entry);
    }
    MUST(cgdt_free_bulk(fixture.pool, n, slots) == 0, "%s", when);
}

static void the_pool_grows_to_its_ceiling(const char *when)
{
    static cgdt_slot_t rest[CPUS];

    MUST(cgdt_alloc_bulk(fixture.pool, CPUS - n_seen, rest) == 0, "%s: bulk", when);
    fixture_must_be_sound(&fixture, when);
    MUST(cgdt_free_bulk(fixture.pool, CPUS - n_seen, rest) == 0, "%s: free", when);
}

static void each_cpu_comes_and_goes(const char *when)
{
    const uint32_t cpus[] = {0, 7, 90};

    for (size_t i = 0; i < COUNT_OF(cpus); i++) {
        (void)cgdt_cpu_offline(fixture.pool, cpus[i]);
        MUST(cgdt_cpu_online(fixture.pool, cpus[i], NULL) == 0, "%s: CPU %u", when, cpus[i]);
        MUST(cgdt_cpu_offline(fixture.pool, cpus[i]) == 0, "%s: CPU %u", when, cpus[i]);
    }
}

/*
 * What a kernel has to do first: the lock of a CPU that died is free, and the port takes for true
 * what the pool has noted of a page.
 */
static void clear_up(void)
{
    struct strict *strict = &fixture.strict;

    strict->locked = false;
    strict->out = 0;
    for (uint32_t page = 0; page < strict->pages; page++) {
        const struct page_state state = cgdt_page_state_(&fixture.pool->pages, page);

        if (state.view == NULL)
            memset(strict_page(strict, page), 0, CGDT_PAGE_BYTES);
        strict->state[page] = state.view == NULL ? STRICT_GONE
                              : state.sealed     ? STRICT_SEALED
                                                 : STRICT_PRIVATE;
        strict->out += state.view == NULL ? 0 : 1;
    }
}

static void recover(bool refused, const char *when)
{
    const uint32_t before = fixture_stats(&fixture).free_slots;
    struct snapshot all;

    if (refused) {
        faulty_arm(&fixture.faulty, 1u << FAULTY_LIVE_WRITE, 1, CODE);
        fixture.faulty.then_after = 2;
        const int result = cgdt_recover(fixture.pool);
        MUST(fixture.faulty.fired == 0 ? result >= 0 : result == CODE, "%s: %d", when, result);
        faulty_arm(&fixture.faulty, 0, 0, 0);
        MUST(cgdt_recover(fixture.pool) >= 0, "%s: the second", when);
    } else {
        const int result = cgdt_recover(fixture.pool);
        const uint32_t regained = fixture_stats(&fixture).free_slots - before;

        MUST(result == (int)regained, "%s: %d, not %u", when, result, regained);
    }
    snapshot_take(&all, &fixture);
    MUST(cgdt_recover(fixture.pool) == 0 && snapshot_same(&all, &fixture), "%s: again", when);
}

static void offline(void)
{
    (void)cgdt_cpu_offline(fixture.pool, 90);
}

/* One life. False: the call came to its end. */
static bool die(void (*prepare)(void), void (*act)(void), const char *name, uint32_t n,
                bool refused)
{
    char when[80];

    (void)snprintf(when, sizeof(when), "%s, pool %d, step %u%s", name, (int)kind, n,
                   refused ? ", refused" : "");
    may_go = act == offline;
    prepare();
    death.steps = 0;
    death.at = n;
    const bool died = setjmp(death.where) != 0;
    if (!died)
        act();
    death.at = 0;
    if (died)
        clear_up();
    recover(died && refused, when);
    MUST(!died || fixture.strict.breaches == 0, "%s: %s", when, fixture.strict.first_breach);
    if (died) {
        no_slot_is_lost_or_given_twice(when);
        check_finds_only_held_pages(when);
        the_pools_own_state_adds_up(when);
        every_free_slot_comes(when);
        if (n % 2 != 0)
            the_pool_grows_to_its_ceiling(when);
        each_cpu_comes_and_goes(when);
    }
    close_pool();
    return died;
}

static void die_at_every_step(void (*prepare)(void), void (*act)(void), const char *name,
                              uint32_t least)
{
    for (kind = LIVE; kind < KINDS; kind++) {
        uint32_t n = 1;

        while (die(prepare, act, name, n, false))
            n++;
        MUST(kind != LIVE || n > least, "%s has only %u steps", name, n - 1);
        for (n = 1; kind == LIVE && die(prepare, act, name, n, true); n++)
            ;
    }
}

/* What a CPU does while it dies, as one expression. */
#define ACT(name, expression)                                                                      \
    static void name(void)                                                                         \
    {                                                                                              \
        (void)(expression);                                                                        \
    }

ACT(alloc_one, cgdt_alloc(fixture.pool, &got[0]))
ACT(alloc_nowait, cgdt_alloc_nowait(fixture.pool, &got[0]))
ACT(alloc_ten, cgdt_alloc_bulk(fixture.pool, 10, got))
/* 14 that are free and three new pages, over two windows. */
ACT(alloc_many, cgdt_alloc_bulk(fixture.pool, 34, got))
/* Of 14 that are free, into an empty cache; the lowest word has one. */
static void cache_alloc(void)
{
    (void)cgdt_cache_alloc(&cache, &got[0]);
    (void)cgdt_cache_alloc(&cache, &got[1]);
    (void)cgdt_cache_alloc(&cache, &got[2]);
}

/* Into a cache of four: the fifth drains it. */
static void cache_free(void)
{
    for (int i = 0; i < 5; i++)
        (void)cgdt_cache_free(&cache, given[i]);
}

ACT(cache_flush, cgdt_cache_flush(&cache))
ACT(free_one, cgdt_free(fixture.pool, given[3]))
/* Of a full page, below all that are free. */
ACT(free_lowest, cgdt_free(fixture.pool, given[0]))
ACT(free_eight, cgdt_free_bulk(fixture.pool, 8, given))
ACT(online, cgdt_cpu_online(fixture.pool, 7, NULL))
ACT(online_at, cgdt_cpu_online_at(fixture.pool, 7, given[3]))
ACT(trim, cgdt_trim(fixture.pool))
ACT(reserve, cgdt_reserve(fixture.pool, 80))
ACT(alloc_near, cgdt_alloc_near(fixture.pool, 1, &given[0], &got[0]))
ACT(online_alone, cgdt_cpu_online_near(fixture.pool, 7, 0, NULL, NULL))

/* Behind what every slot begins with, too: it gets a mark. */
static const cgdt_desc_t own[] = {DATA3, CODE64, DATA3, CODE64};

ACT(alloc_with, cgdt_alloc_with(fixture.pool, MARKED - 1, own, 4, &got[0]))
ACT(online_with, cgdt_cpu_online_with(fixture.pool, 7, MARKED - 1, own, 4, NULL))

/* On a page of its own, with descriptors. */
static void online_for(void)
{
    const struct cgdt_request request = {
        .struct_bytes = sizeof(request), .first = MARKED - 1, .count = 4, .desc = own, .apart = 1};

    (void)cgdt_cpu_online_for(fixture.pool, 7, &request, NULL);
}

/* Page 5 is not needed for 34 slots. */
static void move_there(void)
{
    (void)cgdt_cpu_move_begin(fixture.pool, 90, 0, NULL, &goal);
    (void)cgdt_cpu_move_end(fixture.pool, 90);
}

static void move_and_back(void)
{
    (void)cgdt_cpu_move_begin(fixture.pool, 90, 0, NULL, &goal);
    (void)cgdt_cpu_move_abort(fixture.pool, 90);
}

static void move_a_slot(void)
{
    (void)cgdt_move_begin(fixture.pool, given[7], 1, &given[1], &got[0]);
    (void)cgdt_free(fixture.pool, given[7]);
}

#define DEATH_TEST(name, prepare, act, least)                                                      \
    Test(recover, puts_all_right_after_a_death_in_##name)                                          \
    {                                                                                              \
        die_at_every_step(prepare, act, #name, least);                                             \
    }

DEATH_TEST(alloc, open_pool, alloc_one, 8)
DEATH_TEST(alloc_nowait, open_pool, alloc_nowait, 8)
DEATH_TEST(alloc_near, open_pool, alloc_near, 4)
DEATH_TEST(alloc_that_grows, open_full, alloc_one, 30)
DEATH_TEST(alloc_with, open_pool, alloc_with, 8)
DEATH_TEST(alloc_with_that_grows, open_full, alloc_with, 30)
DEATH_TEST(alloc_bulk, open_pool, alloc_ten, 60)
DEATH_TEST(alloc_bulk_that_grows, open_pool, alloc_many, 150)
DEATH_TEST(free, open_pool, free_one, 8)
DEATH_TEST(free_of_a_full_page, open_full, free_lowest, 8)
DEATH_TEST(free_bulk, open_pool, free_eight, 60)
DEATH_TEST(cache_alloc, open_pool, cache_alloc, 8)
DEATH_TEST(cache_alloc_that_grows, open_full, cache_alloc, 30)
DEATH_TEST(cache_free, open_pool, cache_free, 30)
DEATH_TEST(cache_flush, open_cached, cache_flush, 8)
DEATH_TEST(online, open_pool, online, 8)
DEATH_TEST(online_that_grows, open_full, online, 30)
DEATH_TEST(online_near_that_grows, open_pool, online_alone, 30)
DEATH_TEST(online_with, open_pool, online_with, 8)
DEATH_TEST(online_with_that_grows, open_full, online_with, 30)
DEATH_TEST(online_for_that_grows, open_pool, online_for, 30)
DEATH_TEST(online_at, open_pool, online_at, 3)
DEATH_TEST(offline, open_pool, offline, 8)
DEATH_TEST(move, open_pool, move_there, 20)
DEATH_TEST(move_that_goes_back, open_pool, move_and_back, 20)
DEATH_TEST(move_without_the_directory, open_pool, move_a_slot, 10)
DEATH_TEST(trim, open_trimmable, trim, 30)
DEATH_TEST(reserve, open_pool, reserve, 30)

/* CPU 2 dies in its offline right before the last step, when its slot is free already. */
static void die_after_freeing(void)
{
    death.steps = 0;
    death.at = 0xffffffff;
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 2), 0);
    const uint32_t steps = death.steps;
    death.at = 0;
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 2, NULL), 0);
    death.steps = 0;
    death.at = steps;
    if (setjmp(death.where) == 0)
        (void)cgdt_cpu_offline(fixture.pool, 2);
    cr_assert_eq(death.at, 0, "it did not die");
    cr_assert_eq(fixture_stats(&fixture).free_slots, 1);
}

/* Until somebody recovers, another CPU uses that slot until its handles look the same again. */
Test(recover, takes_no_slot_from_a_cpu_that_has_the_handle_of_one_that_was_going)
{
    cgdt_slot_t old = CGDT_NO_SLOT, slot = CGDT_NO_SLOT;

    kind = LIVE;
    open_full();
    cr_assert_eq(cgdt_free(fixture.pool, given[0]), 0);
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 2, NULL), 0);
    die_after_freeing();
    cr_assert_eq(cgdt_cpu_slot(fixture.pool, 2, &old), 0);
    for (int i = 0; i < 64 && slot != old; i++) {
        (void)cgdt_cpu_offline(fixture.pool, 60);
        cr_assert_eq(cgdt_cpu_online(fixture.pool, 60, &slot), 0);
    }
    cr_assert_eq(slot, old);
    leave_mark(slot);
    cr_assert_eq(cgdt_recover(fixture.pool), 0);
    cr_assert_eq(cgdt_cpu_slot(fixture.pool, 2, &old), -CGDT_ENOENT);
    cr_assert_eq(cgdt_cpu_slot(fixture.pool, 60, &slot), 0);
    cr_assert(slot == old && has_mark(slot));
    close_pool();
}
