/* SPDX-License-Identifier: MIT */
/*
 * vCPU 0 gives orders, one at a time; everybody else sleeps, is down, until there is one. So each
 * figure is of a moment at which nothing else happens.
 */

#include "moves.h"

#include "bringup.h"
#include "clock.h"
#include "console.h"
#include "exit.h"
#include "gdtpool.h"
#include "hypercall.h"
#include "mover.h"
#include "problem.h"
#include "report.h"
#include "samples.h"
#include "threads.h"
#include "traps.h"
#include "vcpu.h"
#include "verify.h"
#include "watch.h"
#include "worker.h"

#define LEFT_OF_HUNDRED   5u
#define FEWEST_LEFT       3u
#define AGAINST           64u /* one in so many comes back while most go */
#define ROUNDS            2u
#define ENOUGH            256u /* vCPUs, some of which have to move */
#define FEWEST_FREE_STACK 256u /* bytes */

enum errand {
    NOTHING,
    LOOK,
    MOVE,
    LEAVE
};

/* Room for an exception, too: of the first vCPUs, each fourth has it. */
#define LARGE_STACKS      256u
#define LARGE_STACK_BYTES 4096u
#define FOURTH            4u

static const struct args *args;
static uint8_t stacks[LARGE_STACKS][LARGE_STACK_BYTES] __attribute__((aligned(16)));
static struct cgdt_pool *pool;
static uint64_t random;
static uint32_t sent; /* to move, in all rounds */
static uint32_t rounds;
static uint32_t fewest_moves;
static uint32_t left_over; /* vCPUs online behind the last churn */

/* What is asked of a vCPU, from when vCPU 0 wakes it until it has done it. */
static struct {
    enum trouble trouble;
    bool with_thread;
    uint32_t order;
} asked;

static void demand(const char *what, int64_t error)
{
    if (error != 0)
        guest_fatal(what, error);
}

/* ---- everybody else ----------------------------------------------------------------------- */

/* A vCPU that is well where it is. */
static void ask_for_nothing(const struct cpu *cpu)
{
    cgdt_slot_t goal = CGDT_NO_SLOT;

    (void)problem_unless("a move of one that is well where it is",
                         cgdt_cpu_move_begin(pool, cpu->start.vcpu, 0, NULL, &goal), -CGDT_EAGAIN);
}

static void obey(struct cpu *cpu, uint32_t order)
{
    verify_again(cpu, ROUND_WOKEN);
    if (order == MOVE)
        mover_move(cpu, asked.trouble, asked.with_thread);
    else if (order == LOOK)
        ask_for_nothing(cpu);
}

static void stay(struct cpu *cpu)
{
    uint32_t order;

    mover_settle(cpu);
    worker_arrived(cpu->start.vcpu);
    do {
        vcpu_down_self(cpu->start.vcpu);
        order = __atomic_load_n(&asked.order, __ATOMIC_ACQUIRE);
        obey(cpu, order);
        if (order != LEAVE)
            __atomic_store_n(&asked.order, NOTHING, __ATOMIC_RELEASE);
    } while (order != LEAVE);
}

static void take_part(struct vcpu_start *start)
{
    struct cpu *cpu = &cpus[start->vcpu];

    verify_arrival(cpu);
    for (;;) {
        stay(cpu);
        mover_let_go(cpu);
        vcpu_down_self(start->vcpu);
        worker_come_back(cpu);
    }
}

/* ---- orders ------------------------------------------------------------------------------- */

static void wait_until_down(uint32_t vcpu)
{
    struct wait wait = clock_begin_wait("a vCPU does not go down", vcpu);

    while (vcpu_is_up(vcpu))
        clock_wait(&wait);
}

/* Nobody but its own vCPU can end a move of another, unless that is known to go no further. */
static void take_back(uint32_t vcpu)
{
    cgdt_slot_t goal = CGDT_NO_SLOT;

    (void)problem_unless("offline of one that moves", cgdt_cpu_offline(pool, vcpu), -CGDT_EBUSY);
    (void)problem_unless("a second move at a time", cgdt_cpu_move_begin(pool, 0, 0, NULL, &goal),
                         -CGDT_EBUSY);
    demand("cgdt_cpu_move_abort by another", cgdt_cpu_move_abort(pool, vcpu));
    mover_unstick();
}

static bool is_done(uint32_t vcpu, enum errand order)
{
    if (order == LEAVE)
        return worker_is_gone(vcpu);
    return __atomic_load_n(&asked.order, __ATOMIC_ACQUIRE) == NOTHING;
}

static void send(uint32_t vcpu, enum errand order)
{
    struct wait wait = clock_begin_wait("a vCPU does not obey", vcpu);

    wait_until_down(vcpu);
    __atomic_store_n(&asked.order, order, __ATOMIC_RELEASE);
    demand("up", vcpu_up(vcpu));
    while (!is_done(vcpu, order)) {
        if (mover_is_stuck(vcpu))
            take_back(vcpu);
        clock_wait(&wait);
    }
}

static void bring(uint32_t vcpu)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;

    demand("cgdt_cpu_online", cgdt_cpu_online(pool, vcpu, &slot));
    worker_prepare(vcpu, slot, false);
    wait_until_down(vcpu);
    demand("up", vcpu_up(vcpu));
}

static void wait_for_arrival(uint32_t vcpu)
{
    struct wait wait = clock_begin_wait("a vCPU does not come online", vcpu);

    while (worker_stage(vcpu) != STAGE_ONLINE)
        clock_wait(&wait);
}

static void free_slot(uint32_t vcpu)
{
    demand("cgdt_cpu_offline", cgdt_cpu_offline(pool, vcpu));
    worker_left(vcpu);
}

static void dismiss(uint32_t vcpu)
{
    send(vcpu, LEAVE);
    free_slot(vcpu);
}

/* ---- looking at everything ---------------------------------------------------------------- */

static uint32_t pages(void)
{
    struct cgdt_pool_stats stats;

    cgdt_stats(pool, &stats, sizeof(stats));
    (void)problem_unless("pages out of the supply", gdtpool_pages_out(),
                         stats.mapped_pages + stats.common_pages);
    return stats.mapped_pages;
}

static void see_all(uint32_t online)
{
    struct cgdt_pool_stats stats;

    cgdt_stats(pool, &stats, sizeof(stats));
    (void)problem_unless("slots taken", stats.taken_slots, online);
    (void)problem_unless("cgdt_check", cgdt_check(pool, NULL), 0);
    for (uint32_t vcpu = 0; vcpu < args->nr; vcpu++)
        if (worker_stage(vcpu) == STAGE_ONLINE && !worker_table_is_right(vcpu))
            problem("table of vCPU", vcpu);
}

/*
 * What the fullest pages hold stays; by the guest's own arithmetic. A last page that cannot have as
 * many as the others is kept last.
 */
static uint32_t reckon_moves(uint32_t online)
{
    static uint16_t on_page[MAX_VCPUS + 1];
    const uint32_t whole = args->nr / (CGDT_PAGE_ENTRIES / args->slot_entries);
    uint32_t stay_there = 0;

    for (uint32_t page = 0; page <= MAX_VCPUS; page++)
        on_page[page] = 0;
    for (uint32_t vcpu = 0; vcpu < args->nr; vcpu++)
        if (worker_stage(vcpu) == STAGE_ONLINE)
            on_page[tables_page(cpus[vcpu].place)]++;
    for (uint32_t kept = 0; kept < tables_pages(online); kept++) {
        uint32_t fullest = whole;
        for (uint32_t page = 0; page < whole; page++)
            fullest = on_page[page] != 0 && (fullest == whole || on_page[page] > on_page[fullest])
                          ? page
                          : fullest;
        stay_there += on_page[fullest];
        on_page[fullest] = 0;
    }
    return online - stay_there;
}

/* ---- the controls ------------------------------------------------------------------------- */

/* After each move: whether what was broken has been noticed. */
static void judge_control(uint32_t vcpu, uint32_t problems)
{
    const struct cpu *cpu = &cpus[vcpu];
    const bool kept_slot = args->control == CONTROL_KEPT_SLOT;

    if (args->control == CONTROL_NONE)
        return;
    if (kept_slot ? problem_count() == problems
                  : cpu->failed_step == STEP_NONE && threads_wrong() == 0)
        return;
    const char *text = verify_step_text(cpu->failed_step);
    if (kept_slot)
        text = "its old slot holds descriptors";
    else if (cpu->failed_step == STEP_NONE)
        text = "the thread on it finds another's segments, or none";
    console_printf("CONTROL %s caught: vCPU %u: %s\n", args->control_name, vcpu, text);
    guest_exit(GUEST_EXIT_CAUGHT);
}

/* ---- a round ------------------------------------------------------------------------------ */

/* vCPU 0 stays. A few come back while most go, so places are taken by others. */
static uint32_t churn(void)
{
    const uint32_t share = args->nr * LEFT_OF_HUNDRED / 100;
    const uint32_t wanted = share < FEWEST_LEFT ? FEWEST_LEFT : share;
    uint32_t online = args->nr;

    while (online > wanted) {
        const uint32_t vcpu = 1 + chance_below(&random, args->nr - 1);
        const bool against = chance_below(&random, AGAINST) == 0;

        if (!against && worker_stage(vcpu) == STAGE_ONLINE) {
            dismiss(vcpu);
            online--;
        } else if (against && worker_stage(vcpu) == STAGE_OFFLINE) {
            bring(vcpu);
            wait_for_arrival(vcpu);
            online++;
        }
    }
    return online;
}

static void move(uint32_t vcpu)
{
    const bool any = args->control == CONTROL_NONE;
    const uint32_t problems = problem_count();

    asked.trouble = any ? (enum trouble)(sent % NR_TROUBLES) : TROUBLE_NONE;
    if (vcpu == 0 && asked.trouble == TROUBLE_STUCK)
        asked.trouble = TROUBLE_NONE; /* who would take it back? */
    asked.with_thread = any ? sent / 2 % 2 == 0 : args->control == CONTROL_STALE_SAVED;
    if (vcpu == 0)
        obey(&cpus[0], MOVE);
    else
        send(vcpu, MOVE);
    sent++;
    judge_control(vcpu, problems);
    if (!worker_table_is_right(vcpu))
        problem("table of one that has moved, vCPU", vcpu);
}

static void trim(void)
{
    if (cgdt_trim(pool) < 0)
        guest_fatal("cgdt_trim", 0);
}

static void pack(uint32_t online)
{
    const uint32_t at_first = pages();
    const uint32_t before = sent;
    uint32_t vcpu = 0;

    trim();
    const uint32_t trimmed = pages();
    report_picture(args, pool, "most vCPUs have gone, and pages that nobody is on");
    const uint32_t fewest = reckon_moves(online);
    while (cgdt_cpu_crowded(pool, 0, NULL, &vcpu) == 0)
        move(vcpu);
    if (args->window_pages == 1)
        (void)problem_unless("moves", sent - before, fewest);
    trim();
    report_picture(args, pool, "those that are left have moved together");
    (void)problem_unless("pages once all have moved", pages(), tables_pages(online));
    see_all(online);
    for (vcpu = 1; vcpu < args->nr; vcpu++)
        if (worker_stage(vcpu) == STAGE_ONLINE)
            send(vcpu, LOOK);
    obey(&cpus[0], LOOK);
    fewest_moves += fewest;
    console_printf("MOVES round=%u cpus=%u pages=%u trimmed=%u moves=%u moved=%u\n", rounds, online,
                   at_first, trimmed, sent - before, pages());
}

static void bring_all_back(void)
{
    static bool came[MAX_VCPUS];

    for (uint32_t vcpu = 1; vcpu < args->nr; vcpu++) {
        came[vcpu] = worker_stage(vcpu) == STAGE_OFFLINE;
        if (came[vcpu])
            bring(vcpu);
    }
    for (uint32_t vcpu = 1; vcpu < args->nr; vcpu++)
        if (came[vcpu])
            wait_for_arrival(vcpu);
    see_all(args->nr);
    (void)problem_unless("pages once all are back", pages(), tables_pages(args->nr));
}

/* ---- beginning and end -------------------------------------------------------------------- */

static void start_all(void)
{
    demand("cgdt_seal", cgdt_seal(pool));
    for (uint32_t vcpu = 0; vcpu < args->nr; vcpu++) {
        cgdt_slot_t slot = CGDT_NO_SLOT;
        demand("cgdt_cpu_online", cgdt_cpu_online(pool, vcpu, &slot));
        worker_prepare(vcpu, slot, false);
    }
    bringup_boot_cpu();
    mover_settle(&cpus[0]);
    worker_arrived(0);
    for (uint32_t vcpu = 1; vcpu < args->nr; vcpu++) {
        cpus[vcpu].start.run = take_part;
        if (vcpu % FOURTH == 0 && vcpu / FOURTH < LARGE_STACKS)
            cpus[vcpu].stack = stacks[vcpu / FOURTH] + LARGE_STACK_BYTES;
        demand("initialise", bringup_initialise(vcpu));
    }
    for (uint32_t vcpu = 1; vcpu < args->nr; vcpu++)
        demand("up", vcpu_up(vcpu));
    for (uint32_t vcpu = 1; vcpu < args->nr; vcpu++)
        wait_for_arrival(vcpu);
    see_all(args->nr);
    console_printf("PROGRESS online=%u of %u\n", args->nr, args->nr);
}

static void end_all(void)
{
    for (uint32_t vcpu = 1; vcpu < args->nr; vcpu++)
        dismiss(vcpu);
    xen_yield();
    verify_again(&cpus[0], ROUND_LAST);
    mover_let_go(&cpus[0]);
    gdtpool_uses(0, NULL, 0);
    free_slot(0);
    demand("cgdt_pool_destroy", cgdt_pool_destroy(pool));
    (void)problem_unless("every page takes a store", gdtpool_supply_is_writable(), true);
    if (vcpu_stack_spare() < FEWEST_FREE_STACK)
        problem("bytes left of a vCPU's stack", vcpu_stack_spare());
}

static uint32_t count_verified(void)
{
    uint32_t verified = 0;

    for (uint32_t vcpu = 0; vcpu < args->nr; vcpu++) {
        const struct cpu *cpu = &cpus[vcpu];

        if (cpu->failed_step != STEP_NONE)
            console_printf("FAILED vcpu=%u %s: %s (read 0x%" PRIx64 ")\n", vcpu,
                           verify_round_text(cpu->failed_round), verify_step_text(cpu->failed_step),
                           cpu->read_id);
        verified += cpu->failed_step == STEP_NONE && cpu->rounds >= 2 * workers[vcpu].ins;
    }
    return verified;
}

static _Noreturn void judge(void)
{
    const struct mover_counts counts = mover_counts();
    const uint32_t verified = count_verified();

    (void)problem_unless("moves that were done", counts.moves, sent);
    if (args->nr >= ENOUGH) {
        (void)problem_unless("whether vCPUs moved", counts.moves != 0, 1);
        (void)problem_unless("whether threads came along", counts.with_thread != 0, 1);
        (void)problem_unless("whether one moved in an exception", counts.in_trap != 0, 1);
    }
    for (uint32_t trouble = TROUBLE_COPY; trouble < NR_TROUBLES; trouble++)
        if (counts.moves >= 2 * NR_TROUBLES)
            (void)problem_unless("whether there was trouble of a kind",
                                 counts.troubles[trouble] != 0, 1);
    (void)problem_unless("looks of threads that were wrong", threads_wrong(), 0);
    (void)problem_unless("set_gdt in moves", (int64_t)counts.set_gdt, counts.moves);
    (void)problem_unless("event callbacks", traps_event_count(), 0);
    console_printf("MOVED n=%u fewest=%u with_tls=%u in_trap=%u hypercalls=%" PRIu64
                   " copy=%" PRIu64 " set_gdt=%" PRIu64 " zero=%" PRIu64 " "
                   "descriptors=%" PRIu64 " most=%u refused=%u,%u,%u,%u taken_back=%u stack=%u\n",
                   counts.moves, fewest_moves, counts.with_thread, counts.in_trap,
                   counts.copy + counts.set_gdt + counts.zero, counts.copy, counts.set_gdt,
                   counts.zero, counts.descriptors, counts.most, counts.troubles[TROUBLE_COPY],
                   counts.troubles[TROUBLE_SET_GDT], counts.troubles[TROUBLE_BACK],
                   counts.troubles[TROUBLE_END], counts.troubles[TROUBLE_STUCK],
                   vcpu_stack_spare());
    const bool pass = problem_count() == 0 && verified == args->nr && traps_failsafe_count() == 0;
    console_printf("RESULT mode=move cpus=%u verified=%u left=%u moves=%u hypercalls_per_move=%u "
                   "failsafe=%u layout=%s host=" HOST_NAME " %s\n",
                   args->nr, verified, left_over, counts.moves, counts.most, traps_failsafe_count(),
                   args->layout_name, pass ? "PASS" : "FAIL");
    if (args->control != CONTROL_NONE) {
        console_printf("CONTROL %s MISSED\n", args->control_name);
        guest_exit(GUEST_EXIT_FAIL);
    }
    guest_exit(pass ? GUEST_EXIT_PASS : GUEST_EXIT_FAIL);
}

_Noreturn void moves_run(const struct args *arguments, struct cgdt_pool *in)
{
    args = arguments;
    pool = in;
    random = args->seed;
    clock_init();
    worker_init(args, pool);
    mover_init(args, pool);
    gdtpool_on_quiesce(worker_quiesce);
    start_all();
    while (rounds++ < (args->rounds != 0 ? args->rounds : ROUNDS)) {
        left_over = churn();
        pack(left_over);
        bring_all_back();
    }
    end_all();
    judge();
}
