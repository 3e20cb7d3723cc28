/* SPDX-License-Identifier: MIT */
/*
 * The e's of cgdt.h: two calls that change the same CPU's word or the same slot. The second comes
 * before the n-th atomic operation of the first, for every n; what both are told must be one of a
 * few pairs, and each of these must have been seen.
 */
#include "../../alloc/pool.h"

#include "fixture.h"

#define NEVER 1 /* no call says that */

static struct fixture fixture;
static cgdt_slot_t slot;  /* CPU 5's, or set aside for it */
static cgdt_slot_t other; /* set aside too */

/* The second call, and before which operation it comes. */
static struct rival {
    int (*call)(void);
    uint32_t before;
    uint32_t seen;
    int result;
    bool came;
} rival;

void hook(enum hooked kind, const volatile void *at)
{
    (void)at;
    if (rival.call == NULL || rival.came || kind == HOOKED_DESCRIPTOR ||
        ++rival.seen != rival.before)
        return;
    rival.came = true;
    rival.result = rival.call();
}

static int online(void)
{
    return cgdt_cpu_online(fixture.pool, 5, NULL);
}

static int offline(void)
{
    return cgdt_cpu_offline(fixture.pool, 5);
}

static int online_at(void)
{
    return cgdt_cpu_online_at(fixture.pool, 5, slot);
}

static int online_at_other_slot(void)
{
    return cgdt_cpu_online_at(fixture.pool, 5, other);
}

static int other_online_at(void)
{
    return cgdt_cpu_online_at(fixture.pool, 6, slot);
}

static int free_it(void)
{
    return cgdt_free(fixture.pool, slot);
}

static int free_bulk(void)
{
    cgdt_slot_t slots[2] = {other, slot};

    return cgdt_free_bulk(fixture.pool, 2, slots);
}

static void open_pool(void)
{
    rival.call = NULL;
    fixture_prepare(&fixture, 32, 2, 40);
    fixture_open_live(&fixture);
    other = fixture_alloc(&fixture);
}

/* CPU 5 is offline, and a slot is set aside. */
static void set_aside(void)
{
    open_pool();
    slot = fixture_alloc(&fixture);
}

static void bring_online(void)
{
    open_pool();
    MUST(cgdt_cpu_online(fixture.pool, 5, &slot) == 0, "online");
}

struct told {
    int first, second;
};

#define MOST 4

struct pair {
    void (*prepare)(void);
    int (*first)(void);
    int (*second)(void);
    struct told allowed[MOST]; /* as far as first is not NEVER */
};

/* All is well, and CPU 5 comes and goes. */
static void must_go_on(uint32_t n)
{
    rival.call = NULL;
    fixture_must_be_sound(&fixture, "after both");
    const int gone = offline();
    MUST(gone == 0 || gone == -CGDT_ENOENT, "operation %u: offline: %d", n, gone);
    MUST(online() == 0 && offline() == 0, "operation %u", n);
    fixture_free_all(&fixture);
    MUST(fixture_stats(&fixture).taken_slots == 0, "operation %u", n);
    fixture_close(&fixture);
}

static void run(const struct pair *pair)
{
    bool seen[MOST] = {false};

    for (uint32_t n = 1;; n++) {
        bool fine = false;

        pair->prepare();
        rival = (struct rival){.call = pair->second, .before = n};
        const int result = pair->first();
        const struct rival met = rival;
        must_go_on(n);
        if (!met.came)
            break;
        for (int i = 0; i < MOST && pair->allowed[i].first != NEVER; i++) {
            const bool same =
                pair->allowed[i].first == result && pair->allowed[i].second == met.result;

            seen[i] |= same;
            fine |= same;
        }
        MUST(fine, "operation %u: %d and %d", n, result, met.result);
    }
    for (int i = 0; i < MOST && pair->allowed[i].first != NEVER; i++)
        MUST(seen[i], "%d and %d never came", pair->allowed[i].first, pair->allowed[i].second);
}

#define PAIR_TEST(name, prepare, first, second, ...)                                               \
    Test(pairs, name)                                                                              \
    {                                                                                              \
        const struct pair pair = {prepare, first, second, {__VA_ARGS__, {NEVER, NEVER}}};          \
        run(&pair);                                                                                \
    }

PAIR_TEST(of_two_onlines_one_goes_on, set_aside, online, online, {0, -CGDT_EBUSY},
          {-CGDT_EEXIST, 0})
PAIR_TEST(of_two_offlines_one_goes_on, bring_online, offline, offline, {0, -CGDT_EBUSY},
          {-CGDT_EBUSY, 0}, {-CGDT_ENOENT, 0})
PAIR_TEST(an_offline_during_an_online_is_busy_or_has_nothing_to_do, set_aside, online, offline,
          {0, -CGDT_ENOENT}, {0, -CGDT_EBUSY})
PAIR_TEST(an_online_that_meets_the_end_of_the_cpus_time_is_busy, bring_online, online, offline,
          {0, 0}, {-CGDT_EBUSY, 0})
PAIR_TEST(an_online_during_an_offline_is_busy_or_has_nothing_to_do, bring_online, offline, online,
          {0, -CGDT_EEXIST}, {0, -CGDT_EBUSY})
PAIR_TEST(an_offline_after_an_online_takes_what_that_gave, set_aside, offline, online, {0, 0})
PAIR_TEST(a_free_meets_an_online_at, set_aside, free_it, online_at, {-CGDT_EBUSY, 0},
          {0, -CGDT_ESTALE})
PAIR_TEST(a_free_bulk_meets_an_online_at, set_aside, free_bulk, online_at, {-CGDT_EBUSY, 0},
          {0, -CGDT_ESTALE})
PAIR_TEST(an_online_at_meets_a_free, set_aside, online_at, free_it, {0, -CGDT_EBUSY},
          {-CGDT_ESTALE, 0})
PAIR_TEST(of_two_cpus_that_want_a_slot_one_gets_it, set_aside, online_at, other_online_at,
          {0, -CGDT_EBUSY}, {-CGDT_EBUSY, 0})
PAIR_TEST(of_two_slots_for_a_cpu_one_is_taken, set_aside, online_at, online_at_other_slot,
          {0, -CGDT_EBUSY}, {-CGDT_EEXIST, 0})
PAIR_TEST(an_online_at_meets_an_online, set_aside, online_at, online, {0, -CGDT_EBUSY},
          {-CGDT_EEXIST, 0})
PAIR_TEST(an_online_meets_an_online_at, set_aside, online, online_at, {0, -CGDT_EBUSY},
          {-CGDT_EEXIST, 0})
PAIR_TEST(an_offline_does_not_notice_a_free, bring_online, offline, free_it, {0, -CGDT_EBUSY},
          {0, -CGDT_ESTALE})
PAIR_TEST(a_free_that_the_cpus_offline_overtakes_is_stale, bring_online, free_it, offline,
          {-CGDT_ESTALE, 0})
PAIR_TEST(an_offline_does_not_notice_an_online_at, bring_online, offline, other_online_at,
          {0, -CGDT_EBUSY}, {0, -CGDT_ESTALE})
PAIR_TEST(an_online_at_of_a_cpus_slot_is_busy_and_afterwards_stale, bring_online, other_online_at,
          offline, {-CGDT_EBUSY, 0}, {-CGDT_ESTALE, 0})

/* Another CPU's free begins before operation `from` and is given up before operation `to`. */
static uint32_t from, to;

static int begin_and_give_up(void)
{
    const uint32_t generation = slot >> CGDT_SLOT_GENERATION_SHIFT;

    rival.came = false; /* it comes before each operation */
    rival.before = rival.seen + 1;
    if (rival.seen == from)
        return cgdt_slotmap_release_begin_(&fixture.pool->map, cgdt_slot_number(slot), generation,
                                           0, &(uint8_t){0})
                   ? 0
                   : 1;
    if (rival.seen == to)
        cgdt_slotmap_release_abort_(&fixture.pool->map, cgdt_slot_number(slot), generation, 0);
    return 0;
}

Test(pairs, a_free_that_meets_one_that_the_port_refuses_is_stale_or_goes_on)
{
    uint32_t stale = 0;

    for (from = 1; from <= 3; from++)
        for (to = from + 1; to <= 4; to++) {
            set_aside();
            rival = (struct rival){.call = begin_and_give_up, .before = 1};
            const int result = free_it();
            rival.call = NULL;
            MUST(result == 0 || result == -CGDT_ESTALE, "%u to %u: %d", from, to, result);
            stale += result != 0 ? 1 : 0;
            if (result != 0)
                cgdt_slotmap_release_abort_(&fixture.pool->map, cgdt_slot_number(slot), 0, 0);
            must_go_on(from);
        }
    cr_assert_gt(stale, 0);
}
