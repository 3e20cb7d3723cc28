/* SPDX-License-Identifier: MIT */
/*
 * The order of events of mode=hotplug. All vCPUs are brought online once, on pages reserved before;
 * then the drivers begin. When all has happened that the run is for everything is looked at in
 * peace, and taken down to the last page.
 */

#include "hotplug.h"

#include "bringup.h"
#include "clock.h"
#include "console.h"
#include "driver.h"
#include "exit.h"
#include "gdtpool.h"
#include "hypercall.h"
#include "problem.h"
#include "race.h"
#include "sabotage.h"
#include "segment.h"
#include "traps.h"
#include "verify.h"
#include "watch.h"
#include "worker.h"

#define DRIVER_STACK_SIZE 16384
#define MOST_COMPLAINTS   5
#define ENOUGH            10u /* of each thing that happens by chance; mostly there are hundreds */
#define FEW               2u

static const struct args *args;
static struct cgdt_pool *pool;
static uint8_t stacks[MAX_DRIVERS][DRIVER_STACK_SIZE] __attribute__((aligned(16)));

/* What is in the verdict, gathered on the way. */
static struct {
    struct driver_counts drivers; /* to the end; cycles and windows: in their time */
    uint64_t nanoseconds;
    uint32_t grown_before; /* pages, in the beginning */
    uint32_t grown;
    int destroyed_too_early; /* control no-drop */
} found;

static void demand(const char *what, int64_t error)
{
    if (error != 0)
        guest_fatal(what, error);
}

/* ---- beginning ---------------------------------------------------------------------------- */

/* After a reserve nothing can fail, though the supply has no page to give any more. */
static void give_slots(void)
{
    demand("cgdt_seal", cgdt_seal(pool));
    demand("cgdt_reserve", cgdt_reserve(pool, args->nr));
    sabotage_stop_supply(true);
    for (uint32_t vcpu = 0; vcpu < args->nr; vcpu++) {
        cgdt_slot_t slot = CGDT_NO_SLOT;
        demand("cgdt_cpu_online", cgdt_cpu_online(pool, vcpu, &slot));
        worker_prepare(vcpu, slot, false);
    }
    sabotage_stop_supply(false);
    demand("cgdt_reserve 0", cgdt_reserve(pool, 0));
}

static void start_all(void)
{
    bringup_boot_cpu();
    worker_arrived(0);
    for (uint32_t vcpu = 1; vcpu < args->nr; vcpu++) {
        cpus[vcpu].start.run = vcpu < args->drivers ? driver_run : worker_run;
        if (vcpu < args->drivers)
            cpus[vcpu].stack = stacks[vcpu] + DRIVER_STACK_SIZE;
        demand("initialise", bringup_initialise(vcpu));
    }
    for (uint32_t vcpu = 1; vcpu < args->nr; vcpu++)
        demand("up", vcpu_up(vcpu));
    for (uint32_t vcpu = 1; vcpu < args->nr; vcpu++) {
        struct wait wait = clock_begin_wait("a vCPU does not come online", vcpu);
        while (worker_stage(vcpu) != STAGE_ONLINE)
            clock_wait(&wait);
    }
    console_printf("PROGRESS online=%u of %u\n", args->nr, args->nr);
}

/* ---- looking at everything, while nobody changes anything -------------------------------- */

static void check_cpu(uint32_t vcpu)
{
    const enum stage stage = worker_stage(vcpu);
    cgdt_slot_t slot = CGDT_NO_SLOT;
    const int answer = cgdt_cpu_slot(pool, vcpu, &slot);

    if (stage == STAGE_OFFLINE) {
        (void)problem_unless("directory on a CPU that is offline", answer, -CGDT_ENOENT);
        return;
    }
    (void)problem_unless("stage of an online CPU", stage, STAGE_ONLINE);
    (void)problem_unless("directory on a CPU that is online", answer, 0);
    (void)problem_unless("slot of a CPU that is online", slot, cpus[vcpu].slot);
    if (!worker_table_is_right(vcpu))
        problem("table of vCPU", vcpu);
}

/*
 * Tables that are right and lie at places of their own: none is given twice; owned ones are no more
 * than these.
 */
static void check_all(void)
{
    struct cgdt_violation violation;
    struct cgdt_pool_stats stats;
    char text[256];

    if (cgdt_check(pool, &violation) != 0) {
        (void)cgdt_violation_text(&violation, text, sizeof(text));
        problem(text, 1);
    }
    for (uint32_t vcpu = 0; vcpu < args->nr; vcpu++)
        check_cpu(vcpu);
    cgdt_stats(pool, &stats, sizeof(stats));
    (void)problem_unless("owned slots", stats.taken_slots, workers_online());
    (void)problem_unless("sealed pages", stats.sealed_pages, stats.mapped_pages);
    (void)problem_unless("held pages", stats.held_pages, 0);
    (void)problem_unless("pages out of the supply", gdtpool_pages_out(),
                         stats.mapped_pages + stats.common_pages);
}

/* ---- how long ---------------------------------------------------------------------------- */

static uint32_t bits(uint64_t mask)
{
    uint32_t n = 0;

    for (; mask != 0; mask &= mask - 1)
        n++;
    return n;
}

/* What the run is for, as long as it has not happened. A run without is no success. */
static const char *missing(const struct driver_counts *drivers)
{
    const bool by_chance = args->control == CONTROL_NONE;
    const bool collide = by_chance && args->drivers > 1;
    const bool early_free = args->control == CONTROL_EARLY_FREE;
    const struct {
        const char *what;
        uint64_t n;
        uint64_t least;
    } events[] = {
        {"cycles", drivers->cycles, args->cycles},
        {"turns", drivers->turns, FEW},
        {"processors of the machine", bits(drivers->pcpus), args->pcpus},
        {"tables lost in use", traps_failsafe_count(), early_free},
        {"trims that fail", drivers->trims_failed, args->control == CONTROL_NO_DROP},
        {"pages trimmed", drivers->pages_trimmed, by_chance * ENOUGH},
        {"pages grown", gdtpool_counts().grown - found.grown_before, by_chance * ENOUGH},
        {"CPUs that hold on", drivers->refused, by_chance * ENOUGH},
        {"offlines rolled back", drivers->rolled_back, by_chance * ENOUGH},
        {"collisions online", drivers->online_busy + drivers->online_exists, collide * ENOUGH},
        {"collisions offline", drivers->offline_busy + drivers->offline_gone, collide * ENOUGH},
    };

    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        if (events[i].n < events[i].least)
            return events[i].what;
    return NULL;
}

/* ---- the end ------------------------------------------------------------------------------ */

static void settle(void)
{
    for (uint32_t vcpu = args->drivers; vcpu < args->nr; vcpu++) {
        struct wait wait = clock_begin_wait("a worker does not settle", vcpu);
        while (worker_stage(vcpu) != STAGE_OFFLINE && worker_stage(vcpu) != STAGE_ONLINE)
            clock_wait(&wait);
    }
}

/*
 * Of each window that the drivers use, the pages up to the highest that they are on are left, and
 * no other.
 */
static void trim_all(void)
{
    struct cgdt_pool_stats stats;
    uint32_t pages = 0;

    demand("cgdt_reserve 0", cgdt_reserve(pool, 0));
    (void)cgdt_trim(pool);
    for (uint32_t i = 0; i < args->drivers; i++) {
        bool highest = true;

        /*
         * Of several drivers in one window the one on the highest page counts, the first of those.
         */
        for (uint32_t j = 0; j < args->drivers; j++)
            if (j != i && tables_window(cpus[i].place) == tables_window(cpus[j].place))
                highest &=
                    tables_position(cpus[j].place) < tables_position(cpus[i].place) ||
                    (tables_position(cpus[j].place) == tables_position(cpus[i].place) && i < j);
        pages += highest ? tables_position(cpus[i].place) + 1 : 0;
    }
    cgdt_stats(pool, &stats, sizeof(stats));
    if (args->control == CONTROL_NONE)
        (void)problem_unless("pages that are left", stats.mapped_pages, pages);
}

static void dismiss_drivers(void)
{
    for (uint32_t vcpu = 1; vcpu < args->drivers; vcpu++) {
        struct wait wait = clock_begin_wait("a driver does not leave", vcpu);
        __atomic_store_n(&workers[vcpu].order, ORDER_LEAVE, __ATOMIC_SEQ_CST);
        while (!worker_is_gone(vcpu))
            clock_wait(&wait);
        demand("cgdt_cpu_offline of a driver", cgdt_cpu_offline(pool, vcpu));
        worker_left(vcpu);
    }
    xen_yield();
    verify_again(&cpus[0], ROUND_LAST);
    worker_let_go(0);
    demand("cgdt_cpu_offline of vCPU 0", cgdt_cpu_offline(pool, 0));
    worker_left(0);
}

/*
 * Control no-drop: Xen holds the pages, so the pool must not lose them; until their users let go at
 * last.
 */
static void drop_at_last(void)
{
    struct cgdt_pool_stats before;
    struct cgdt_pool_stats after;

    cgdt_stats(pool, &before, sizeof(before));
    found.destroyed_too_early = cgdt_pool_destroy(pool);
    if (found.destroyed_too_early == 0)
        return;
    cgdt_stats(pool, &after, sizeof(after));
    (void)problem_unless("mapped pages", after.mapped_pages, before.mapped_pages);
    (void)problem_unless("sealed pages", after.sealed_pages, before.mapped_pages);
    (void)problem_unless("free slots", after.free_slots, before.free_slots);
    check_all();
    for (uint32_t vcpu = args->drivers; vcpu < args->nr; vcpu++)
        worker_order(vcpu, ORDER_DROP);
    for (uint32_t vcpu = args->drivers; vcpu < args->nr; vcpu++) {
        struct wait wait = clock_begin_wait("a worker does not drop its GDT", vcpu);
        while (!worker_is_gone(vcpu))
            clock_wait(&wait);
    }
}

static void end(void)
{
    settle();
    check_all();
    driver_send_off();
    check_all();
    trim_all();
    check_all();
    dismiss_drivers();
    (void)problem_unless("CPUs online at the end", workers_online(), 0);
    if (args->control == CONTROL_NO_DROP)
        drop_at_last();
    if (found.destroyed_too_early != 0 || args->control != CONTROL_NO_DROP)
        (void)problem_unless("cgdt_pool_destroy", cgdt_pool_destroy(pool), 0);
    (void)problem_unless("pages out at the end", gdtpool_pages_out(), 0);
    (void)problem_unless("every page takes a store", gdtpool_supply_is_writable(), true);
}

/* ---- verdict ------------------------------------------------------------------------------ */

struct tally {
    uint32_t online;   /* CPUs that were online at least once */
    uint32_t verified; /* of these, the ones that always found everything right */
    uint32_t first_failed;
    uint64_t looks;
};

static void complain(uint32_t vcpu)
{
    const struct cpu *cpu = &cpus[vcpu];

    console_printf("FAILED vcpu=%u %s: %s (read 0x%" PRIx64 ")\n", vcpu,
                   verify_round_text(cpu->failed_round), verify_step_text(cpu->failed_step),
                   cpu->read_id);
}

static struct tally count_cpus(void)
{
    struct tally tally = {.first_failed = UINT32_MAX};
    uint32_t complaints = 0;

    for (uint32_t vcpu = 0; vcpu < args->nr; vcpu++) {
        const struct worker *worker = &workers[vcpu];

        (void)problem_unless("online as often as offline", worker->ins, worker->outs);
        (void)problem_unless("asked as often as answered", worker->asked,
                             (int64_t)worker->outs + worker->kept);
        tally.online += worker->ins > 0;
        tally.looks += cpus[vcpu].rounds;
        /* Two looks each time it came. */
        tally.verified += cpus[vcpu].failed_step == STEP_NONE && worker->ins > 0 &&
                          cpus[vcpu].rounds >= 2 * worker->ins;
        if (cpus[vcpu].failed_step == STEP_NONE)
            continue;
        if (tally.first_failed == UINT32_MAX)
            tally.first_failed = vcpu;
        if (complaints++ < MOST_COMPLAINTS)
            complain(vcpu);
    }
    return tally;
}

static void check_counts(const struct driver_counts *drivers)
{
    (void)problem_unless("rolled back", (int64_t)drivers->rolled_back, sabotage_writes_refused());
    (void)problem_unless("trims failed", (int64_t)drivers->trims_failed, 0);
    (void)problem_unless("unseal refused", watch_unseal_refused(), 0);
    (void)problem_unless("failsafe callbacks", traps_failsafe_count(), 0);
}

static void print_counts(const struct driver_counts *drivers, const struct tally *tally)
{
    const uint64_t milliseconds = found.nanoseconds / 1000000u + 1;

    console_printf("LOOKS n=%" PRIu64 " TURNS n=%" PRIu64 " RESERVES n=%" PRIu64
                   " HYPERCALLS update_descriptor=%" PRIuPTR " "
                   "multicall=%" PRIuPTR " batched=%" PRIuPTR " update_va_mapping=%" PRIuPTR
                   " undone=%" PRIuPTR "\n",
                   tally->looks, drivers->turns, drivers->reserves,
                   gdtpool_xen.counts.update_descriptor, gdtpool_xen.counts.multicall,
                   gdtpool_xen.counts.batched, gdtpool_xen.counts.update_va_mapping,
                   gdtpool_xen.counts.undone);
    console_printf(
        "COLLISIONS online_busy=%" PRIu64 " online_exists=%" PRIu64 " offline_busy=%" PRIu64 " "
        "offline_gone=%" PRIu64 "\n",
        drivers->online_busy, drivers->online_exists, drivers->offline_busy, drivers->offline_gone);
    console_printf("HOTPLUG cycles=%" PRIu64 " seconds=%" PRIu64 ".%" PRIu64 " rate=%" PRIu64
                   "/s drivers=%u pcpus=%u "
                   "pages_trimmed=%" PRIu64 " pages_grown=%u refused=%" PRIu64
                   " rolled_back=%" PRIu64 " "
                   "collisions=%" PRIu64 " failsafe=%u\n",
                   drivers->cycles, milliseconds / 1000, milliseconds / 100 % 10,
                   drivers->cycles * 1000 / milliseconds, args->drivers, bits(drivers->pcpus),
                   drivers->pages_trimmed, found.grown, drivers->refused, drivers->rolled_back,
                   drivers->online_busy + drivers->online_exists + drivers->offline_busy +
                       drivers->offline_gone,
                   traps_failsafe_count());
}

/* Whether what the control broke was noticed, and nothing else was wrong. */
static _Noreturn void judge_control(const struct driver_counts *drivers, const struct tally *tally)
{
    const bool no_drop = args->control == CONTROL_NO_DROP;
    const uint32_t failed = args->nr - tally->verified;
    const uint32_t failsafe = traps_failsafe_count();
    const bool caught =
        no_drop ? failed == 0 && failsafe == 0 && drivers->trims_failed > 0 &&
                      watch_unseal_refused() > 0 && found.destroyed_too_early == -XEN_EBUSY
                : failed > 0 && failsafe > 0 && tally->first_failed >= args->drivers;

    if (!caught || problem_count() != 0) {
        console_printf("CONTROL %s MISSED\n", args->control_name);
        guest_exit(GUEST_EXIT_FAIL);
    }
    if (no_drop)
        console_printf("CONTROL %s caught: Xen kept %u pages from being made writable, %" PRIu64
                       " trims "
                       "failed, destroy %d with the pool intact, 0 once all had dropped\n",
                       args->control_name, watch_unseal_refused(), drivers->trims_failed,
                       found.destroyed_too_early);
    else
        console_printf("CONTROL %s caught: %u of %u CPUs lost their table while they used it "
                       "(vCPU %u: %s), failsafe=%u\n",
                       args->control_name, failed, args->nr, tally->first_failed,
                       verify_step_text(cpus[tally->first_failed].failed_step), failsafe);
    guest_exit(GUEST_EXIT_CAUGHT);
}

static _Noreturn void judge(void)
{
    const struct driver_counts *drivers = &found.drivers;
    const struct tally tally = count_cpus();

    if (args->control == CONTROL_NONE)
        check_counts(drivers);
    (void)problem_unless("event callbacks", traps_event_count(), 0);
    print_counts(drivers, &tally);
    const bool pass =
        problem_count() == 0 && tally.verified == args->nr && traps_failsafe_count() == 0;
    console_printf("RESULT cpus=%u online=%u verified=%u gdt_pages=%u page_per_cpu=%u failsafe=%u "
                   "layout=%s host=" HOST_NAME " %s\n",
                   args->nr, tally.online, tally.verified, gdtpool_counts().most_out, args->nr,
                   traps_failsafe_count(), args->layout_name, pass ? "PASS" : "FAIL");
    if (args->control != CONTROL_NONE)
        judge_control(drivers, &tally);
    guest_exit(pass ? GUEST_EXIT_PASS : GUEST_EXIT_FAIL);
}

_Noreturn void hotplug_run(const struct args *arguments, struct cgdt_pool *in)
{
    args = arguments;
    pool = in;
    clock_init();
    worker_init(args, pool);
    driver_init(args, pool);
    gdtpool_on_quiesce(worker_quiesce);
    give_slots();
    start_all();
    check_all();
    if (args->control == CONTROL_NO_INTRODUCE)
        race_judge(args);
    found.grown_before = gdtpool_counts().grown;
    const uint64_t since = clock_ns();
    driver_lead(missing);
    found.nanoseconds = clock_ns() - since;
    found.grown = gdtpool_counts().grown - found.grown_before;
    const uint64_t cycles = driver_sum().cycles;
    const uint64_t pages_trimmed = driver_sum().pages_trimmed;
    end();
    found.drivers = driver_sum();
    found.drivers.cycles = cycles;
    found.drivers.pages_trimmed = pages_trimmed;
    judge();
}
