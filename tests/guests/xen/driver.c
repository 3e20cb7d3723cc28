/* SPDX-License-Identifier: MIT */
/*
 * What a driver does, over and over: pick a worker, bring it online or take it offline, and now and
 * then trim or reserve. The drivers have no lock among them: the pool's CPU directory says who
 * wins. They look for each other too: one in a few picks is fought for by two drivers at the same
 * moment.
 */

#include "driver.h"

#include "clock.h"
#include "console.h"
#include "exit.h"
#include "gdtpool.h"
#include "hypercall.h"
#include "problem.h"
#include "race.h"
#include "verify.h"
#include "worker.h"

#define FEW           6 /* so few stay when most go, or are not yet there when most come */
#define MOST_TRIES    128
#define MOST_WATCHERS 4               /* workers that go on looking at their table, more or less */
#define RIVAL_NS      (20 * 1000000u) /* to wait for another driver */
#define AIM_NS        200000u         /* then both wait so long, to begin at the same moment */
#define TICK_SHIFT    10
#define PROGRESS_NS   (10ull * SECOND_NS)

enum chance {           /* one in so many */
    CHANCE_AGAINST = 8, /* against the direction in which most go */
    CHANCE_FIGHT = 16,  /* the pick is one that another driver makes too */
    CHANCE_HOLD = 16,   /* the worker is told to hold on */
    CHANCE_BREAK = 32,  /* Xen refuses to zero the slot, once */
    CHANCE_WATCH = 8,
    CHANCE_HOUSEKEEPING = 32
};

struct driver {
    uint32_t vcpu;
    uint64_t random;
    struct driver_counts counts;
} __attribute__((aligned(64)));

static struct driver drivers[MAX_DRIVERS];
static const struct args *args;
static struct cgdt_pool *pool;
static uint32_t begun;
static uint32_t stopped;
static uint32_t finished;  /* drivers */
static uint32_t shrinking; /* most go offline */
static uint32_t
    contested; /* a worker that waits for a second driver; 0: none, as vCPU 0 is a driver */
static uint32_t fight_at; /* when the two begin, by ticks() */
static int32_t watchers;

void driver_init(const struct args *arguments, struct cgdt_pool *in)
{
    args = arguments;
    pool = in;
    shrinking = 1; /* all are online when the drivers begin */
    for (uint32_t i = 0; i < args->drivers; i++)
        drivers[i] = (struct driver){.vcpu = i, .random = 0x9e3779b97f4a7c15u * (i + 1)};
}

/* ---- chance ------------------------------------------------------------------------------- */

/* xorshift64 */
static uint32_t below(struct driver *driver, uint32_t n)
{
    driver->random ^= driver->random << 13;
    driver->random ^= driver->random >> 7;
    driver->random ^= driver->random << 17;
    return (uint32_t)((driver->random >> 32) * n >> 32);
}

static bool happens(struct driver *driver, enum chance chance)
{
    return below(driver, (uint32_t)chance) == 0;
}

/* Not in a negative control: what that has broken on purpose shall be all that is unusual. */
static bool trouble(struct driver *driver, enum chance chance)
{
    return args->control == CONTROL_NONE && happens(driver, chance);
}

static uint32_t any_worker(struct driver *driver)
{
    return args->drivers + below(driver, args->nr - args->drivers);
}

/* One in the wanted stage, if it is found soon. */
static uint32_t choose(struct driver *driver, enum stage wanted)
{
    uint32_t vcpu = any_worker(driver);

    for (uint32_t tries = 0; tries < MOST_TRIES && worker_stage(vcpu) != wanted; tries++)
        vcpu = any_worker(driver);
    return vcpu;
}

/* Some microseconds each, and back to 0 after an hour: what all widths store at once. */
static uint32_t ticks(void)
{
    return (uint32_t)(clock_ns() >> TICK_SHIFT);
}

static void wait_for_the_fight(void)
{
    while ((int32_t)(ticks() - __atomic_load_n(&fight_at, __ATOMIC_SEQ_CST)) < 0)
        __builtin_ia32_pause();
}

/* A worker that another driver waits for to be fought for, or 0. */
static uint32_t join_fight(void)
{
    if (__atomic_load_n(&contested, __ATOMIC_SEQ_CST) == 0)
        return 0;
    __atomic_store_n(&fight_at, ticks() + (AIM_NS >> TICK_SHIFT), __ATOMIC_SEQ_CST);
    const uint32_t vcpu = __atomic_exchange_n(&contested, 0, __ATOMIC_SEQ_CST);
    if (vcpu != 0)
        wait_for_the_fight();
    return vcpu;
}

/* The same worker for two drivers at the same moment; or for one, if no other comes in time. */
static uint32_t offer_fight(struct driver *driver)
{
    const uint32_t vcpu = any_worker(driver);
    const uint64_t since = clock_ns();
    uint32_t expected = 0;

    if (!__atomic_compare_exchange_n(&contested, &expected, vcpu, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST))
        return vcpu;
    while (__atomic_load_n(&contested, __ATOMIC_SEQ_CST) == vcpu && clock_ns() - since < RIVAL_NS)
        xen_yield();
    expected = vcpu;
    if (!__atomic_compare_exchange_n(&contested, &expected, 0, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST))
        wait_for_the_fight();
    return vcpu;
}

/* ---- online ------------------------------------------------------------------------------- */

static bool chooses_to_watch(struct driver *driver)
{
    if (!trouble(driver, CHANCE_WATCH) ||
        __atomic_load_n(&watchers, __ATOMIC_RELAXED) >= MOST_WATCHERS)
        return false;
    __atomic_fetch_add(&watchers, 1, __ATOMIC_RELAXED);
    return true;
}

static void bring_in(struct driver *driver, uint32_t vcpu)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;
    const int error = cgdt_cpu_online(pool, vcpu, &slot);

    driver->counts.online_busy += error == -CGDT_EBUSY;
    driver->counts.online_exists += error == -CGDT_EEXIST;
    if (error == -CGDT_EBUSY || error == -CGDT_EEXIST)
        return;
    if (error != 0)
        guest_fatal("cgdt_cpu_online", error);
    worker_prepare(vcpu, slot, chooses_to_watch(driver));
    const uint32_t life = worker_life(vcpu);
    struct wait wait = clock_begin_wait("a worker does not come online", vcpu);
    if (vcpu_up(vcpu) != 0)
        guest_fatal("up", vcpu);
    /* It may have gone again, and even come again, before this one looks. */
    while (worker_stage(vcpu) == STAGE_COMING && worker_life(vcpu) == life)
        clock_wait(&wait);
}

/* ---- offline ------------------------------------------------------------------------------ */

static void must_have_kept(uint32_t vcpu)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;

    (void)problem_unless("directory after a failed offline", cgdt_cpu_slot(pool, vcpu, &slot), 0);
    (void)problem_unless("slot after a failed offline", slot, cpus[vcpu].slot);
    if (!worker_table_is_right(vcpu))
        problem("table after a failed offline of vCPU", vcpu);
}

/* Any driver may try, whoever told the worker to leave; of all that do, one succeeds. */
static int offline(struct driver *driver, uint32_t vcpu)
{
    const bool watched = workers[vcpu].watches;
    const uint32_t asked = worker_asked(vcpu);
    const int error = cgdt_cpu_offline(pool, vcpu);

    if (error == 0 && worker_asked(vcpu) == asked && args->control != CONTROL_EARLY_FREE)
        guest_fatal("offline did not ask whether its CPU had let go", vcpu);
    if (error == 0) {
        driver->counts.cycles++;
        worker_left(vcpu);
        if (watched)
            __atomic_fetch_sub(&watchers, 1, __ATOMIC_RELAXED);
    } else if (error == -CGDT_EBUSY) {
        driver->counts.offline_busy++;
    } else if (error == -CGDT_ENOENT) {
        driver->counts.offline_gone++;
    } else if (error == -XEN_EINVAL) {
        driver->counts.rolled_back++;
        must_have_kept(vcpu);
        worker_roll_back(vcpu);
    } else {
        guest_fatal("cgdt_cpu_offline", error);
    }
    return error;
}

/* A worker that has been told to leave in this life leaves, by this driver or by another. */
static void see_off(struct driver *driver, uint32_t vcpu, uint32_t life)
{
    struct wait wait = clock_begin_wait("a worker does not leave", vcpu);

    while (!worker_is_over(vcpu, life)) {
        if (!worker_is_gone(vcpu) || offline(driver, vcpu) != 0)
            clock_wait(&wait);
    }
}

/* It holds on: it keeps its slot, whoever asks, and stays. */
static void ask_in_vain(struct driver *driver, uint32_t vcpu)
{
    struct wait wait = clock_begin_wait("a worker does not answer", vcpu);

    worker_order(vcpu, ORDER_HOLD);
    while (worker_stage(vcpu) != STAGE_HOLDING)
        clock_wait(&wait);
    const int error = cgdt_cpu_offline(pool, vcpu);
    if (problem_unless("offline of a CPU that holds on", error, -CGDT_EBUSY))
        driver->counts.refused++;
    must_have_kept(vcpu);
    worker_order(vcpu, ORDER_STAY);
}

/* Control early-free: its slot goes while it uses it. */
static void take_away(struct driver *driver, uint32_t vcpu)
{
    struct wait wait = clock_begin_wait("a worker does not leave", vcpu);

    (void)offline(driver, vcpu);
    worker_order(vcpu, ORDER_LEAVE);
    while (!worker_is_gone(vcpu))
        clock_wait(&wait);
    (void)worker_quiesce(vcpu);
}

/* Another driver has told it to leave, or to hold on: perhaps this one is faster. */
static void follow(struct driver *driver, uint32_t vcpu)
{
    struct wait wait = clock_begin_wait("a worker does not answer", vcpu);

    while (worker_stage(vcpu) == STAGE_LEAVING)
        clock_wait(&wait);
    const uint32_t life = worker_life(vcpu);
    if (offline(driver, vcpu) == -XEN_EINVAL)
        see_off(driver, vcpu, life);
}

static void take_out(struct driver *driver, uint32_t vcpu)
{
    uint32_t expected = STAGE_ONLINE;

    if (!__atomic_compare_exchange_n(&workers[vcpu].stage, &expected, STAGE_LEAVING, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        if (args->control != CONTROL_EARLY_FREE)
            follow(driver, vcpu);
        return;
    }
    if (args->control == CONTROL_EARLY_FREE) {
        take_away(driver, vcpu);
        return;
    }
    if (trouble(driver, CHANCE_HOLD)) {
        ask_in_vain(driver, vcpu);
        return;
    }
    if (trouble(driver, CHANCE_BREAK))
        worker_break_slot(vcpu);
    const uint32_t life = worker_life(vcpu);
    worker_order(vcpu, ORDER_LEAVE);
    see_off(driver, vcpu, life);
}

void driver_send_off(void)
{
    /* All are told before the first is waited for: with two processors a wake-up can take long. */
    for (uint32_t vcpu = args->drivers; vcpu < args->nr; vcpu++) {
        if (worker_stage(vcpu) != STAGE_ONLINE)
            continue;
        __atomic_store_n(&workers[vcpu].stage, STAGE_LEAVING, __ATOMIC_SEQ_CST);
        worker_order(vcpu, ORDER_LEAVE);
    }
    for (uint32_t vcpu = args->drivers; vcpu < args->nr; vcpu++)
        if (worker_stage(vcpu) != STAGE_OFFLINE)
            see_off(&drivers[0], vcpu, worker_life(vcpu));
}

/* ---- pages -------------------------------------------------------------------------------- */

static void trim(struct driver *driver)
{
    const int result = cgdt_trim(pool);

    if (result > 0)
        driver->counts.pages_trimmed += (uint64_t)result;
    else if (result < 0)
        driver->counts.trims_failed++;
}

/* -CGDT_ENOSPC: there are not so many slots under the ceiling. */
static void reserve(struct driver *driver, uint32_t n)
{
    const int error = cgdt_reserve(pool, n);

    driver->counts.reserves++;
    if (error != 0 && error != -CGDT_ENOSPC)
        guest_fatal("cgdt_reserve", error);
}

static void keep_house(struct driver *driver)
{
    if (below(driver, 2) == 0)
        trim(driver);
    else
        reserve(driver, below(driver, 2) * below(driver, args->nr + 8));
    xen_yield();
    verify_again(&cpus[driver->vcpu], ROUND_WATCHING);
}

/* When few are left, or all but few, the other direction becomes the usual one. */
static void turn(struct driver *driver)
{
    const int32_t workers_here = (int32_t)(args->nr - args->drivers);
    const int32_t online = workers_online() - (int32_t)args->drivers;
    uint32_t before = __atomic_load_n(&shrinking, __ATOMIC_RELAXED);

    if (before != 0 ? online > FEW : online < workers_here - FEW)
        return;
    if (!__atomic_compare_exchange_n(&shrinking, &before, before ^ 1u, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST))
        return;
    driver->counts.turns++;
    if (before != 0) {
        reserve(driver, 0);
        trim(driver);
    }
}

/* ---- all of it ---------------------------------------------------------------------------- */

/* Xen lets a PV guest ask the processor itself, which names itself by its APIC id. */
static uint32_t physical_cpu(void)
{
    uint32_t a = 1;
    uint32_t b;
    uint32_t c = 0;
    uint32_t d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return b >> 24;
}

static void step(struct driver *driver)
{
    const bool out =
        (__atomic_load_n(&shrinking, __ATOMIC_RELAXED) != 0) != happens(driver, CHANCE_AGAINST);
    uint32_t vcpu = join_fight();

    if (vcpu == 0)
        vcpu = trouble(driver, CHANCE_FIGHT) ? offer_fight(driver)
                                             : choose(driver, out ? STAGE_ONLINE : STAGE_OFFLINE);
    const enum stage stage = worker_stage(vcpu);

    driver->counts.pcpus |= (uint64_t)1 << (physical_cpu() & 63u);
    if (stage == STAGE_OFFLINE || stage == STAGE_COMING)
        bring_in(driver, vcpu);
    else
        take_out(driver, vcpu);
    if (happens(driver, CHANCE_HOUSEKEEPING))
        keep_house(driver);
    turn(driver);
}

static bool goes_on(void)
{
    return __atomic_load_n(&stopped, __ATOMIC_RELAXED) == 0 && problem_count() == 0;
}

void driver_run(struct vcpu_start *start)
{
    struct driver *driver = &drivers[start->vcpu];
    const struct worker *self = &workers[start->vcpu];

    verify_arrival(&cpus[start->vcpu]);
    gdtpool_uses(start->vcpu, self->frames, self->entries);
    worker_arrived(start->vcpu);
    while (__atomic_load_n(&begun, __ATOMIC_ACQUIRE) == 0) {
        clock_doze();
        if (start->vcpu == 1)
            race_write();
    }
    while (goes_on())
        step(driver);
    xen_yield();
    verify_again(&cpus[start->vcpu], ROUND_LAST);
    __atomic_fetch_add(&finished, 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&self->order, __ATOMIC_SEQ_CST) != ORDER_LEAVE)
        clock_doze();
    worker_let_go(start->vcpu);
    vcpu_down_self(start->vcpu);
}

static void report_progress(uint64_t since, const char *missing)
{
    console_printf("PROGRESS seconds=%" PRIu64 " cycles=%" PRIu64 " online=%d, still to come: %s\n",
                   (clock_ns() - since) / SECOND_NS, driver_sum().cycles, workers_online(),
                   missing == NULL ? "nothing" : missing);
}

void driver_lead(driver_missing *missing)
{
    const uint64_t since = clock_ns();
    const uint64_t wanted = (uint64_t)args->seconds * SECOND_NS;
    uint64_t next = since + PROGRESS_NS;

    __atomic_store_n(&begun, 1, __ATOMIC_RELEASE);
    while (goes_on()) {
        const struct driver_counts sum = driver_sum();
        const char *still_missing = missing(&sum);
        if (still_missing == NULL && clock_ns() - since >= wanted)
            break;
        step(&drivers[0]);
        if (clock_ns() >= next) {
            report_progress(since, still_missing);
            next += PROGRESS_NS;
        }
    }
    __atomic_store_n(&stopped, 1, __ATOMIC_RELEASE);
    struct wait wait = clock_begin_wait("drivers do not stop", 0);
    while (__atomic_load_n(&finished, __ATOMIC_ACQUIRE) != args->drivers - 1)
        clock_wait(&wait);
}

struct driver_counts driver_sum(void)
{
    struct driver_counts sum = {.cycles = 0};

    for (uint32_t i = 0; i < args->drivers; i++) {
        const struct driver_counts *counts = &drivers[i].counts;

        sum.cycles += counts->cycles;
        sum.online_busy += counts->online_busy;
        sum.online_exists += counts->online_exists;
        sum.offline_busy += counts->offline_busy;
        sum.offline_gone += counts->offline_gone;
        sum.refused += counts->refused;
        sum.rolled_back += counts->rolled_back;
        sum.pages_trimmed += counts->pages_trimmed;
        sum.trims_failed += counts->trims_failed;
        sum.reserves += counts->reserves;
        sum.turns += counts->turns;
        sum.pcpus |= counts->pcpus;
    }
    return sum;
}
