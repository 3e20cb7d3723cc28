/* SPDX-License-Identifier: MIT */
/*
 * What xl wants, done by vCPU 0: it reads cpu/N/availability and control/shutdown in xenstore. The
 * others look at their tables, each some times a second, and come and go as in hotplug mode; what
 * they do while they are saved is that too.
 */

#include "domu.h"

#include "bringup.h"
#include "clock.h"
#include "console.h"
#include "exit.h"
#include "gdtpool.h"
#include "hypercall.h"
#include "problem.h"
#include "report.h"
#include "restore.h"
#include "suspend.h"
#include "traps.h"
#include "verify.h"
#include "worker.h"
#include "xenstore.h"

#define WORKER_NS  400000u /* times the vCPUs: so all of them together look as often as few */
#define LEADER_NS  5000000u
#define SHUTDOWN   "control/shutdown"
#define CPU_FOLDER "cpu"
#define PATH_BYTES 40u

static const struct args *args;
static struct cgdt_pool *pool;
static bool asked[MAX_VCPUS]; /* its availability may be another */
static bool shutdown_asked;
static uint32_t saves;

static void demand(const char *what, int64_t error)
{
    if (error != 0)
        guest_fatal(what, error);
}

/* ---- every vCPU but 0 --------------------------------------------------------------------- */

static void stay(struct cpu *cpu)
{
    const struct worker *worker = &workers[cpu->start.vcpu];

    worker_arrived(cpu->start.vcpu);
    while (__atomic_load_n(&worker->order, __ATOMIC_SEQ_CST) == ORDER_STAY) {
        clock_sleep((uint64_t)WORKER_NS * args->nr);
        restore_self(cpu->start.vcpu);
        verify_again(cpu, ROUND_WATCHING);
    }
}

/* Also where a vCPU begins anew that was down when the guest was saved. */
static void run(struct vcpu_start *start)
{
    struct cpu *cpu = &cpus[start->vcpu];

    verify_arrival(cpu);
    for (;;) {
        stay(cpu);
        worker_let_go(start->vcpu);
        vcpu_down_self(start->vcpu);
        worker_come_back(cpu);
    }
}

/* ---- what xenstore says ------------------------------------------------------------------- */

static bool begins(const char *text, const char *with, const char **rest)
{
    while (*with != '\0')
        if (*text++ != *with++)
            return false;
    *rest = text;
    return true;
}

/* The folder itself: whichever is below it. */
static void on_event(const char *path)
{
    const char *rest;
    uint32_t vcpu = 0;

    if (begins(path, SHUTDOWN, &rest)) {
        shutdown_asked = true;
        return;
    }
    if (!begins(path, CPU_FOLDER, &rest))
        return;
    for (uint32_t i = 0; *rest == '\0' && i < args->nr; i++)
        asked[i] = true;
    if (*rest++ != '/')
        return;
    while (*rest >= '0' && *rest <= '9' && vcpu < MAX_VCPUS)
        vcpu = vcpu * 10 + (uint32_t)(*rest++ - '0');
    if (vcpu < args->nr)
        asked[vcpu] = true;
}

static void watch_all(void)
{
    xenstore_watch(CPU_FOLDER);
    xenstore_watch(SHUTDOWN);
}

static bool same(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* cpu/N/availability; what is not said is "online". */
static bool is_wanted(uint32_t vcpu)
{
    char path[PATH_BYTES] = CPU_FOLDER "/";
    char value[16];
    uint32_t at = sizeof(CPU_FOLDER);
    uint32_t unit = 1;

    while (vcpu / unit >= 10)
        unit *= 10;
    for (; unit != 0; unit /= 10)
        path[at++] = (char)('0' + vcpu / unit % 10);
    for (const char *rest = "/availability"; *rest != '\0';)
        path[at++] = *rest++;
    path[at] = '\0';
    return !xenstore_read(path, value, sizeof(value)) || same(value, "online");
}

/* ---- on- and offline ---------------------------------------------------------------------- */

static void bring_in(uint32_t vcpu)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;

    demand("cgdt_cpu_online", cgdt_cpu_online(pool, vcpu, &slot));
    worker_prepare(vcpu, slot, true);
    if (!restore_has_context(vcpu)) {
        cpus[vcpu].start.run = run;
        demand("initialise", bringup_initialise(vcpu));
        restore_began(vcpu);
    }
    demand("up", vcpu_up(vcpu));
    struct wait wait = clock_begin_wait("a vCPU does not come online", vcpu);
    while (worker_stage(vcpu) != STAGE_ONLINE)
        clock_wait(&wait);
}

static void take_out(uint32_t vcpu)
{
    struct wait wait = clock_begin_wait("a vCPU does not leave", vcpu);

    __atomic_store_n(&workers[vcpu].stage, STAGE_LEAVING, __ATOMIC_SEQ_CST);
    worker_order(vcpu, ORDER_LEAVE);
    while (!worker_is_gone(vcpu))
        clock_wait(&wait);
    demand("cgdt_cpu_offline", cgdt_cpu_offline(pool, vcpu));
    worker_left(vcpu);
}

/* Whether anything became different. */
static bool follow(void)
{
    bool changed = false;

    for (uint32_t vcpu = 1; vcpu < args->nr; vcpu++) {
        if (!asked[vcpu])
            continue;
        asked[vcpu] = false;
        const bool wanted = is_wanted(vcpu);
        if (wanted == (worker_stage(vcpu) == STAGE_ONLINE))
            continue;
        changed = true;
        if (wanted)
            bring_in(vcpu);
        else
            take_out(vcpu);
    }
    if (changed && cgdt_trim(pool) < 0)
        problem("cgdt_trim", 0);
    return changed;
}

/* ---- looking at everything ---------------------------------------------------------------- */

static void check_pool(struct cgdt_pool_stats *stats)
{
    struct cgdt_violation violation;
    char text[256];

    if (cgdt_check(pool, &violation) != 0) {
        (void)cgdt_violation_text(&violation, text, sizeof(text));
        problem(text, 1);
    }
    cgdt_stats(pool, stats, sizeof(*stats));
    (void)problem_unless("taken slots", stats->taken_slots, workers_online());
    (void)problem_unless("sealed pages", stats->sealed_pages, stats->mapped_pages);
    (void)problem_unless("pages out of the supply", gdtpool_pages_out(),
                         stats->mapped_pages + stats->common_pages);
    (void)problem_unless("failsafe callbacks", traps_failsafe_count(), 0);
    (void)problem_unless("event callbacks", traps_event_count(), 0);
}

static uint32_t rounds_of(uint32_t vcpu)
{
    return __atomic_load_n(&cpus[vcpu].rounds, __ATOMIC_ACQUIRE);
}

/* All vCPUs that are online look twice more, at least. */
static void await_looks(void)
{
    static uint32_t before[MAX_VCPUS];

    for (uint32_t vcpu = 0; vcpu < args->nr; vcpu++)
        before[vcpu] = rounds_of(vcpu);
    for (uint32_t vcpu = 1; vcpu < args->nr; vcpu++) {
        struct wait wait = clock_begin_wait("a vCPU does not look at its table", vcpu);
        while (worker_stage(vcpu) == STAGE_ONLINE && rounds_of(vcpu) < before[vcpu] + 2)
            clock_wait(&wait);
    }
    verify_again(&cpus[0], ROUND_WATCHING);
}

struct tally {
    uint32_t online;
    uint32_t verified; /* of these, the ones that always found everything right */
    uint32_t failures; /* of all */
    uint32_t pages;
};

static struct tally look_at_all(void)
{
    struct tally tally = {.online = 0};
    struct cgdt_pool_stats stats;

    await_looks();
    for (uint32_t vcpu = 0; vcpu < args->nr; vcpu++) {
        const struct cpu *cpu = &cpus[vcpu];

        tally.failures += cpu->failed_step != STEP_NONE;
        if (worker_stage(vcpu) != STAGE_ONLINE)
            continue;
        if (!worker_table_is_right(vcpu))
            problem("table of vCPU", vcpu);
        tally.online++;
        tally.verified += cpu->failed_step == STEP_NONE;
    }
    check_pool(&stats);
    tally.failures += problem_count();
    tally.pages = stats.mapped_pages + stats.common_pages;
    return tally;
}

static void complain(void)
{
    for (uint32_t vcpu = 0; vcpu < args->nr; vcpu++)
        if (cpus[vcpu].failed_step != STEP_NONE)
            console_printf("FAILED vcpu=%u %s: %s (read 0x%" PRIx64 ")\n", vcpu,
                           verify_round_text(cpus[vcpu].failed_round),
                           verify_step_text(cpus[vcpu].failed_step), cpus[vcpu].read_id);
}

static void say(void)
{
    static uint32_t round;
    const struct tally tally = look_at_all();

    complain();
    console_printf("VERIFIED round=%u online=%u verified=%u failures=%u saves=%u gdt_pages=%u\n",
                   ++round, tally.online, tally.verified, tally.failures, saves, tally.pages);
}

/* ---- the order of events ------------------------------------------------------------------ */

static _Noreturn void finish(void)
{
    const struct tally tally = look_at_all();
    const bool ok =
        tally.failures == 0 && tally.verified == args->nr && args->control == CONTROL_NONE;

    report_map(args, pool);
    if (args->control != CONTROL_NONE)
        console_printf("CONTROL %s MISSED\n", args->control_name);
    console_printf("RESULT cpus=%u online=%u verified=%u gdt_pages=%u page_per_cpu=%u failsafe=%u "
                   "saves=%u layout=%s host=xen-domu %s\n",
                   args->nr, tally.online, tally.verified, tally.pages, args->nr,
                   traps_failsafe_count(), saves, args->layout_name, ok ? "PASS" : "FAIL");
    guest_exit(ok ? GUEST_EXIT_PASS : GUEST_EXIT_FAIL);
}

/* Whether there was a save, or nearly. The toolstack waits for the empty answer. */
static bool answer_shutdown(void)
{
    char value[16];

    shutdown_asked = false;
    if (!xenstore_read(SHUTDOWN, value, sizeof(value)) || value[0] == '\0')
        return false;
    xenstore_write(SHUTDOWN, "");
    if (!same(value, "suspend"))
        finish();
    restore_prepare();
    if (suspend_now()) {
        restore_all();
        saves++;
        watch_all();
    }
    return true;
}

static void begin(const struct start_info *info)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;

    if ((info->flags & SIF_INITDOMAIN) != 0)
        guest_fatal("mode=domu is for a guest that is no dom0", 0);
    clock_init();
    worker_init(args, pool);
    restore_init(args, pool);
    gdtpool_on_quiesce(worker_quiesce);
    suspend_init(info);
    xenstore_init(info, on_event);
    demand("cgdt_seal", cgdt_seal(pool));
    demand("cgdt_cpu_online", cgdt_cpu_online(pool, 0, &slot));
    worker_prepare(0, slot, true);
    bringup_boot_cpu();
    worker_arrived(0);
    watch_all();
}

_Noreturn void domu_run(const struct start_info *info, const struct args *arguments,
                        struct cgdt_pool *in)
{
    args = arguments;
    pool = in;
    begin(info);
    for (;;) {
        bool changed = false;

        xenstore_poll();
        if (shutdown_asked)
            changed = answer_shutdown();
        changed |= follow();
        if (changed)
            say();
        clock_sleep(LEADER_NS);
        verify_again(&cpus[0], ROUND_WATCHING);
    }
}
