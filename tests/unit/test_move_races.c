/* SPDX-License-Identifier: MIT */
/*
 * A CPU that moves beside other CPUs' calls, each made certain as in test_races.c: the other's
 * whole call comes before the n-th atomic operation, for every n.
 */
#include "../../alloc/pool.h"

#include "fixture.h"

#define CPUS  32u /* 8 to a page */
#define MOVER 9u
#define ENTRY 20

static struct fixture fixture;
static cgdt_slot_t slot_of[CPUS];
static cgdt_slot_t rivals[CPUS];
static uint32_t n_rivals;
static int rivals_result;
static bool came; /* in the last move */

static struct rival {
    void (*go)(void);
    uint32_t before; /* the n-th operation, 1 up */
    uint32_t seen;
    bool came;
} rival;

void hook(enum hooked kind, const volatile void *at)
{
    (void)at;
    if (rival.go == NULL || rival.came || kind == HOOKED_DESCRIPTOR || ++rival.seen != rival.before)
        return;
    rival.came = true;
    rival.go();
}

static void arm(void (*go)(void), uint32_t before)
{
    rival = (struct rival){.go = go, .before = before};
    rivals_result = 99;
    n_rivals = 0;
}

/* CPUs 0 .. 4 on page 0, CPU 9 on page 1. */
static void open_pool(void)
{
    arm(NULL, 0);
    fixture_prepare(&fixture, 64, 2, CPUS);
    fixture_open_live(&fixture);
    fixture_bring_up(&fixture, 10, ENTRY, slot_of);
    for (uint32_t cpu = 5; cpu < 9; cpu++)
        MUST(cgdt_cpu_offline(fixture.pool, cpu) == 0, "CPU %u", cpu);
}

static void close_pool(void)
{
    arm(NULL, 0);
    fixture_end(&fixture);
}

/* Who is online has a table of its own that nobody else has, and nobody moves. */
static void each_cpu_has_its_table(uint32_t n)
{
    bool seen[CPUS] = {false};
    uint32_t owned = n_rivals;

    for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
        cgdt_slot_t slot;

        if (cgdt_cpu_slot(fixture.pool, cpu, &slot) != 0)
            continue;
        MUST(!seen[cgdt_slot_number(slot)], "%u: CPU %u shares %x", n, cpu, slot);
        seen[cgdt_slot_number(slot)] = true;
        MUST(fixture_slot(&fixture, slot)[ENTRY] == mark(cpu), "%u: CPU %u", n, cpu);
        MUST(cgdt_free(fixture.pool, slot) == -CGDT_EBUSY, "%u: CPU %u", n, cpu);
        MUST(cgdt_cpu_move_end(fixture.pool, cpu) == -CGDT_ENOENT, "%u: CPU %u", n, cpu);
        owned++;
    }
    MUST(fixture_stats(&fixture).taken_slots == owned, "%u: %u taken, %u owned", n,
         fixture_stats(&fixture).taken_slots, owned);
}

/* The whole move of CPU 9, with the rival before its n-th step; its first error. */
static int move_with(void (*go)(void), uint32_t n, const uint32_t *near, uint32_t n_near)
{
    cgdt_slot_t slot;

    open_pool();
    arm(go, n);
    int result = cgdt_cpu_move_begin(fixture.pool, MOVER, n_near, near, &slot);
    if (result == 0)
        result = cgdt_cpu_move_end(fixture.pool, MOVER);
    rival.go = NULL;
    came = rival.came;
    return result;
}

static void go_offline(void)
{
    rivals_result = cgdt_cpu_offline(fixture.pool, MOVER);
}

Test(move_races, a_cpu_goes_offline_or_it_moves_not_both_at_once)
{
    uint32_t offline = 0, refused = 0;

    for (uint32_t n = 1; n == 1 || came; n++) {
        const int result = move_with(go_offline, n, NULL, 0);

        MUST(rivals_result == 0 || rivals_result == -CGDT_EBUSY || !came, "%u", n);
        MUST(result == 0 ||
                 ((result == -CGDT_EBUSY || result == -CGDT_ENOENT) && rivals_result == 0),
             "%u: %d and %d", n, result, rivals_result);
        offline += rivals_result == 0;
        refused += rivals_result == -CGDT_EBUSY;
        each_cpu_has_its_table(n);
        close_pool();
    }
    cr_assert(offline > 1 && refused > 10, "%u and %u", offline, refused);
}

static void end_too(void)
{
    rivals_result = cgdt_cpu_move_end(fixture.pool, MOVER);
}

Test(move_races, of_two_that_end_a_move_one_does)
{
    uint32_t busy = 0;

    for (uint32_t n = 1; n == 1 || came; n++) {
        const int result = move_with(end_too, n, NULL, 0);

        MUST(result == 0 ? rivals_result != 0 : result == -CGDT_ENOENT && rivals_result == 0,
             "%u: %d and %d", n, result, rivals_result);
        busy += rivals_result == -CGDT_EBUSY;
        each_cpu_has_its_table(n);
        close_pool();
    }
    cr_assert_gt(busy, 3);
}

Test(move_races, while_a_move_is_being_ended_another_end_is_busy)
{
    cgdt_slot_t slot;
    uint32_t busy = 0;

    do {
        open_pool();
        MUST(cgdt_cpu_move_begin(fixture.pool, MOVER, 0, NULL, &slot) == 0, "begin");
        arm(end_too, busy + 2); /* behind the first one, which it is ended by */
        MUST(cgdt_cpu_move_end(fixture.pool, MOVER) == 0, "%u", busy);
        came = rival.came;
        MUST(!came || rivals_result == -CGDT_EBUSY, "%u: %d", busy, rivals_result);
        busy += came;
        close_pool();
    } while (came);
    cr_assert_gt(busy, 3);
}

static void begin_it(void)
{
    cgdt_slot_t slot;

    rivals_result = cgdt_cpu_move_begin(fixture.pool, 20, 0, NULL, &slot);
}

Test(move_races, a_cpu_that_is_coming_does_not_move_and_keeps_no_other_from_it)
{
    cgdt_slot_t slot;
    uint32_t busy = 0;

    do {
        open_pool();
        arm(begin_it, busy + 2); /* behind the first one, by which it is coming */
        MUST(cgdt_cpu_online(fixture.pool, 20, NULL) == 0, "%u", busy);
        came = rival.came;
        MUST(!came || rivals_result == -CGDT_EBUSY, "%u: %d", busy, rivals_result);
        busy += came;
        rival.go = NULL;
        MUST(cgdt_cpu_move_begin(fixture.pool, MOVER, 0, NULL, &slot) == 0, "%u: begin", busy);
        close_pool();
    } while (came);
    cr_assert_gt(busy, 3);
}

static void begin_another(void)
{
    cgdt_slot_t slot;

    rivals_result = cgdt_cpu_move_begin(fixture.pool, 4, 0, NULL, &slot);
}

Test(move_races, while_a_cpu_begins_to_move_no_other_one_does)
{
    uint32_t busy = 0;

    for (uint32_t n = 1; n == 1 || came; n++) {
        MUST(move_with(begin_another, n, NULL, 0) == 0, "%u", n);
        busy += rivals_result == -CGDT_EBUSY;
        /* Before the first step, and behind the last one: it is well where it is. */
        MUST(!came || rivals_result == -CGDT_EBUSY || rivals_result == -CGDT_EAGAIN, "%u: %d", n,
             rivals_result);
        MUST(n < 3 || !came || rivals_result == -CGDT_EBUSY, "%u: %d", n, rivals_result);
        close_pool();
    }
    cr_assert_gt(busy, 10);
}

static void take_all(void)
{
    while (cgdt_alloc_nowait(fixture.pool, &rivals[n_rivals]) == 0)
        n_rivals++;
}

Test(move_races, a_cpu_whose_place_is_taken_meanwhile_stays_where_it_is)
{
    uint32_t again = 0;

    for (uint32_t n = 1; n == 1 || came; n++) {
        const int result = move_with(take_all, n, NULL, 0);

        MUST(result == 0 || result == -CGDT_EAGAIN, "%u: %d", n, result);
        again += result == -CGDT_EAGAIN;
        each_cpu_has_its_table(n);
        close_pool();
    }
    cr_assert_gt(again, 10);
}

static void take_one(void)
{
    n_rivals = cgdt_alloc_nowait(fixture.pool, &rivals[0]) == 0;
}

Test(move_races, of_two_that_want_one_slot_one_gets_the_next)
{
    for (uint32_t n = 1; n == 1 || came; n++) {
        const int result = move_with(take_one, n, NULL, 0);

        MUST(result == 0, "%u: %d", n, result);
        each_cpu_has_its_table(n);
        close_pool();
    }
}

/* All of the kind go, and one of another has the page to itself. */
static void change_kind(void)
{
    for (uint32_t cpu = 0; cpu < 5; cpu++)
        (void)cgdt_cpu_offline(fixture.pool, cpu);
    (void)cgdt_cpu_online_near(fixture.pool, 20, 0, NULL, NULL);
}

Test(move_races, a_cpu_does_not_come_to_a_page_that_another_kind_has_meanwhile)
{
    const uint32_t near[] = {0, 1, 2, 3, 4, MOVER};
    const cgdt_desc_t desc = mark(20);
    uint32_t stayed = 0;

    for (uint32_t n = 1; n == 1 || came; n++) {
        const int result = move_with(change_kind, n, near, COUNT_OF(near));
        cgdt_slot_t its = CGDT_NO_SLOT, other = CGDT_NO_SLOT;

        MUST(result == 0 || result == -CGDT_EAGAIN, "%u: %d", n, result);
        stayed += result != 0;
        (void)cgdt_cpu_slot(fixture.pool, MOVER, &its);
        if (cgdt_cpu_slot(fixture.pool, 20, &other) == 0) {
            MUST(cgdt_slot_number(its) / 8 != cgdt_slot_number(other) / 8, "%u: together", n);
            MUST(cgdt_write(fixture.pool, other, ENTRY, &desc, 1) == 0, "%u", n);
        }
        each_cpu_has_its_table(n);
        close_pool();
    }
    cr_assert_gt(stayed, 3);
}
