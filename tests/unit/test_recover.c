/* SPDX-License-Identifier: MIT */
/*
 * CPUs that die inside a call, and cgdt_recover() afterwards. Each call dies before its n-th step,
 * for every n: a step is an atomic operation of the core, or the beginning or the end of a port
 * operation. What must hold then: dying_pool.h.
 */
#include <setjmp.h>
#include <stdio.h>

#include "../../alloc/pool.h"
#include "dying_pool.h"
#include "mortal_port.h"

#define CODE (-4321)

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

/*
 * What a kernel has to do first: the lock of a CPU that died is free, and the port takes for true
 * what the pool has noted of a page.
 */
static void clear_up(void)
{
    struct strict *strict = &dying.fixture.strict;

    strict->locked = false;
    strict->out = 0;
    for (uint32_t page = 0; page < strict->pages; page++) {
        const struct page_state state = cgdt_page_state_(&dying.fixture.pool->pages, page);

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
    const uint32_t before = fixture_stats(&dying.fixture).free_slots;
    struct snapshot all;

    if (refused) {
        faulty_arm(&dying.fixture.faulty, 1u << FAULTY_LIVE_WRITE, 1, CODE);
        dying.fixture.faulty.then_after = 2;
        const int result = cgdt_recover(dying.fixture.pool);
        MUST(dying.fixture.faulty.fired == 0 ? result >= 0 : result == CODE, "%s: %d", when,
             result);
        faulty_arm(&dying.fixture.faulty, 0, 0, 0);
        MUST(cgdt_recover(dying.fixture.pool) >= 0, "%s: the second", when);
    } else {
        const int result = cgdt_recover(dying.fixture.pool);
        const uint32_t regained = fixture_stats(&dying.fixture).free_slots - before;

        MUST(result == (int)regained, "%s: %d, not %u", when, result, regained);
    }
    snapshot_take(&all, &dying.fixture);
    MUST(cgdt_recover(dying.fixture.pool) == 0 && snapshot_same(&all, &dying.fixture), "%s: again",
         when);
}

static void offline(void)
{
    (void)cgdt_cpu_offline(dying.fixture.pool, 90);
}

/* One life. False: the call came to its end. */
static bool die(void (*prepare)(void), void (*act)(void), const char *name, uint32_t n,
                bool refused)
{
    char when[80];

    (void)snprintf(when, sizeof(when), "%s, pool %d, step %u%s", name, (int)dying.kind, n,
                   refused ? ", refused" : "");
    mortal_step = step;
    death.at = 0;
    dying.may_go = act == offline;
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
    MUST(!died || dying.fixture.strict.breaches == 0, "%s: %s", when,
         dying.fixture.strict.first_breach);
    if (died) {
        dying_must_be_whole(when);
        if (n % 2 != 0)
            dying_must_grow_to_its_ceiling(when);
        dying_cpus_must_come_and_go(when);
    }
    dying_close();
    return died;
}

static void die_at_every_step(void (*prepare)(void), void (*act)(void), const char *name,
                              uint32_t least)
{
    for (dying.kind = LIVE; dying.kind < KINDS; dying.kind++) {
        uint32_t n = 1;

        while (die(prepare, act, name, n, false))
            n++;
        MUST(dying.kind != LIVE || n > least, "%s has only %u steps", name, n - 1);
        for (n = 1; dying.kind == LIVE && die(prepare, act, name, n, true); n++)
            ;
    }
}

/* What a CPU does while it dies, as one expression. */
#define ACT(name, expression)                                                                      \
    static void name(void)                                                                         \
    {                                                                                              \
        (void)(expression);                                                                        \
    }

ACT(alloc_one, cgdt_alloc(dying.fixture.pool, &dying.got[0]))
ACT(alloc_nowait, cgdt_alloc_nowait(dying.fixture.pool, &dying.got[0]))
ACT(alloc_ten, cgdt_alloc_bulk(dying.fixture.pool, 10, dying.got))
/* 14 that are free and three new pages, over two windows. */
ACT(alloc_many, cgdt_alloc_bulk(dying.fixture.pool, 34, dying.got))
/* Of 14 that are free, into an empty cache; the lowest word has one. */
static void cache_alloc(void)
{
    (void)cgdt_cache_alloc(&dying.cache, &dying.got[0]);
    (void)cgdt_cache_alloc(&dying.cache, &dying.got[1]);
    (void)cgdt_cache_alloc(&dying.cache, &dying.got[2]);
}

/* Into a cache of four: the fifth drains it. */
static void cache_free(void)
{
    for (int i = 0; i < 5; i++)
        (void)cgdt_cache_free(&dying.cache, dying.given[i]);
}

ACT(cache_flush, cgdt_cache_flush(&dying.cache))
ACT(free_one, cgdt_free(dying.fixture.pool, dying.given[3]))
/* Of a full page, below all that are free. */
ACT(free_lowest, cgdt_free(dying.fixture.pool, dying.given[0]))
ACT(free_eight, cgdt_free_bulk(dying.fixture.pool, 8, dying.given))
ACT(online, cgdt_cpu_online(dying.fixture.pool, 7, NULL))
ACT(online_at, cgdt_cpu_online_at(dying.fixture.pool, 7, dying.given[3]))
ACT(trim, cgdt_trim(dying.fixture.pool))
ACT(reserve, cgdt_reserve(dying.fixture.pool, 80))
ACT(alloc_near, cgdt_alloc_near(dying.fixture.pool, 1, &dying.given[0], &dying.got[0]))
ACT(online_alone, cgdt_cpu_online_near(dying.fixture.pool, 7, 0, NULL, NULL))

/* Behind what every slot begins with, too: it gets a mark. */
static const cgdt_desc_t own[] = {DATA3, CODE64, DATA3, CODE64};

ACT(alloc_with, cgdt_alloc_with(dying.fixture.pool, DYING_MARKED - 1, own, 4, &dying.got[0]))
ACT(online_with, cgdt_cpu_online_with(dying.fixture.pool, 7, DYING_MARKED - 1, own, 4, NULL))

/* On a page of its own, with descriptors. */
static void online_for(void)
{
    const struct cgdt_request request = {.struct_bytes = sizeof(request),
                                         .first = DYING_MARKED - 1,
                                         .count = 4,
                                         .desc = own,
                                         .apart = 1};

    (void)cgdt_cpu_online_for(dying.fixture.pool, 7, &request, NULL);
}

/* Page 5 is not needed for 34 slots. */
static void move_there(void)
{
    (void)cgdt_cpu_move_begin(dying.fixture.pool, 90, 0, NULL, &dying.goal);
    (void)cgdt_cpu_move_end(dying.fixture.pool, 90);
}

static void move_and_back(void)
{
    (void)cgdt_cpu_move_begin(dying.fixture.pool, 90, 0, NULL, &dying.goal);
    (void)cgdt_cpu_move_abort(dying.fixture.pool, 90);
}

static void move_a_slot(void)
{
    (void)cgdt_move_begin(dying.fixture.pool, dying.given[7], 1, &dying.given[1], &dying.got[0]);
    (void)cgdt_free(dying.fixture.pool, dying.given[7]);
}

#define DEATH_TEST(name, prepare, act, least)                                                      \
    Test(recover, puts_all_right_after_a_death_in_##name)                                          \
    {                                                                                              \
        die_at_every_step(prepare, act, #name, least);                                             \
    }

DEATH_TEST(alloc, dying_open, alloc_one, 8)
DEATH_TEST(alloc_nowait, dying_open, alloc_nowait, 8)
DEATH_TEST(alloc_near, dying_open, alloc_near, 4)
DEATH_TEST(alloc_that_grows, dying_open_full, alloc_one, 30)
DEATH_TEST(alloc_with, dying_open, alloc_with, 8)
DEATH_TEST(alloc_with_that_grows, dying_open_full, alloc_with, 30)
DEATH_TEST(alloc_bulk, dying_open, alloc_ten, 60)
DEATH_TEST(alloc_bulk_that_grows, dying_open, alloc_many, 150)
DEATH_TEST(free, dying_open, free_one, 8)
DEATH_TEST(free_of_a_full_page, dying_open_full, free_lowest, 8)
DEATH_TEST(free_bulk, dying_open, free_eight, 60)
DEATH_TEST(cache_alloc, dying_open, cache_alloc, 8)
DEATH_TEST(cache_alloc_that_grows, dying_open_full, cache_alloc, 30)
DEATH_TEST(cache_free, dying_open, cache_free, 30)
DEATH_TEST(cache_flush, dying_open_cached, cache_flush, 8)
DEATH_TEST(online, dying_open, online, 8)
DEATH_TEST(online_that_grows, dying_open_full, online, 30)
DEATH_TEST(online_near_that_grows, dying_open, online_alone, 30)
DEATH_TEST(online_with, dying_open, online_with, 8)
DEATH_TEST(online_with_that_grows, dying_open_full, online_with, 30)
DEATH_TEST(online_for_that_grows, dying_open, online_for, 30)
DEATH_TEST(online_at, dying_open, online_at, 3)
DEATH_TEST(offline, dying_open, offline, 8)
DEATH_TEST(move, dying_open, move_there, 20)
DEATH_TEST(move_that_goes_back, dying_open, move_and_back, 20)
DEATH_TEST(move_without_the_directory, dying_open, move_a_slot, 10)
DEATH_TEST(trim, dying_open_trimmable, trim, 30)
DEATH_TEST(reserve, dying_open, reserve, 30)

/* CPU 2 dies in its offline right before the last step, when its slot is free already. */
static void die_after_freeing(void)
{
    death.steps = 0;
    death.at = 0xffffffff;
    cr_assert_eq(cgdt_cpu_offline(dying.fixture.pool, 2), 0);
    const uint32_t steps = death.steps;
    death.at = 0;
    cr_assert_eq(cgdt_cpu_online(dying.fixture.pool, 2, NULL), 0);
    death.steps = 0;
    death.at = steps;
    if (setjmp(death.where) == 0)
        (void)cgdt_cpu_offline(dying.fixture.pool, 2);
    cr_assert_eq(death.at, 0, "it did not die");
    cr_assert_eq(fixture_stats(&dying.fixture).free_slots, 1);
}

/* Until somebody recovers, another CPU uses that slot until its handles look the same again. */
Test(recover, takes_no_slot_from_a_cpu_that_has_the_handle_of_one_that_was_going)
{
    cgdt_slot_t old = CGDT_NO_SLOT, slot = CGDT_NO_SLOT;

    mortal_step = step;
    dying.kind = LIVE;
    dying_open_full();
    cr_assert_eq(cgdt_free(dying.fixture.pool, dying.given[0]), 0);
    cr_assert_eq(cgdt_cpu_online(dying.fixture.pool, 2, NULL), 0);
    die_after_freeing();
    cr_assert_eq(cgdt_cpu_slot(dying.fixture.pool, 2, &old), 0);
    for (int i = 0; i < 64 && slot != old; i++) {
        (void)cgdt_cpu_offline(dying.fixture.pool, 60);
        cr_assert_eq(cgdt_cpu_online(dying.fixture.pool, 60, &slot), 0);
    }
    cr_assert_eq(slot, old);
    dying_leave_mark(slot);
    cr_assert_eq(cgdt_recover(dying.fixture.pool), 0);
    cr_assert_eq(cgdt_cpu_slot(dying.fixture.pool, 2, &old), -CGDT_ENOENT);
    cr_assert_eq(cgdt_cpu_slot(dying.fixture.pool, 60, &slot), 0);
    cr_assert(slot == old && dying_has_mark(slot));
    dying_close();
}
