/* SPDX-License-Identifier: MIT */
/*
 * Turns: vCPU 0 counts them up, everybody else sleeps in a poll until the next one and then leaves.
 * In a round,
 *
 *   all are up, asleep      vCPU 0 asks Xen about each
 *   all look again, leave   no GDT, down
 *   all slots are freed     every other time, all pages go back and must be writable
 *   all get slots again     none the one that it had
 *   all come back, look     and sleep
 */

#include "rounds.h"

#include "bringup.h"
#include "clock.h"
#include "console.h"
#include "exit.h"
#include "gdtpool.h"
#include "hypercall.h"
#include "problem.h"
#include "traps.h"
#include "vcpu.h"
#include "verify.h"
#include "worker.h"

#define NAP_NS            20000000u /* a nap, and more where there are many to wake */
#define NAP_NS_PER_VCPU   200000u
#define FEWEST_FREE_STACK 256u /* bytes */

static const struct args *args;
static struct cgdt_pool *pool;
static uint32_t turn;
static uint32_t
    parked; /* in this turn, without vCPU 0; they come by adding, and never leave by subtracting */
static uint64_t nap_ns;

void rounds_init(const struct args *arguments, struct cgdt_pool *in)
{
    args = arguments;
    pool = in;
    if (args->mode != MODE_BRINGUP || args->rounds == 0)
        return;
    clock_init();
    nap_ns = NAP_NS + (uint64_t)args->nr * NAP_NS_PER_VCPU;
    worker_init(args, pool);
    gdtpool_on_quiesce(worker_quiesce);
}

/* ---- everybody else ----------------------------------------------------------------------- */

static void park(uint32_t until)
{
    __atomic_fetch_add(&parked, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) < until)
        clock_sleep(nap_ns);
}

_Noreturn void rounds_take_part(struct cpu *cpu)
{
    const uint32_t vcpu = cpu->start.vcpu;

    for (uint32_t next = 1;; next++) {
        park(next);
        verify_again(cpu, ROUND_PARKED);
        worker_let_go(vcpu);
        vcpu_down_self(vcpu);
        worker_come_back(cpu);
        worker_arrived(vcpu);
    }
}

/* ---- vCPU 0 ------------------------------------------------------------------------------- */

static void demand(const char *what, int64_t error)
{
    if (error != 0)
        guest_fatal(what, error);
}

static uint32_t count_up(void)
{
    uint32_t n = 0;

    for (uint32_t vcpu = 0; vcpu < args->nr; vcpu++)
        n += vcpu_is_up(vcpu);
    return n;
}

/* All are up, and nobody does anything: a moment to look at everything. */
static uint32_t see_all_parked(void)
{
    struct wait wait = clock_begin_wait("vCPUs do not park; so many do", parked);
    uint32_t seen = 0;

    while (__atomic_load_n(&parked, __ATOMIC_SEQ_CST) != (turn + 1) * (args->nr - 1)) {
        if (__atomic_load_n(&parked, __ATOMIC_SEQ_CST) != seen) {
            seen = __atomic_load_n(&parked, __ATOMIC_SEQ_CST);
            wait = clock_begin_wait("vCPUs do not park; so many do", seen);
        }
        clock_wait(&wait);
    }
    const uint32_t up = count_up();
    (void)problem_unless("vCPUs up at the same time", up, args->nr);
    (void)problem_unless("cgdt_check", cgdt_check(pool, NULL), 0);
    for (uint32_t vcpu = 0; vcpu < args->nr; vcpu++)
        if (!worker_table_is_right(vcpu))
            problem("table of vCPU", vcpu);
    return up;
}

static void see_all_off(void)
{
    __atomic_fetch_add(&turn, 1, __ATOMIC_SEQ_CST);
    verify_again(&cpus[0], ROUND_PARKED);
    worker_let_go(0);
    gdtpool_uses(0, NULL, 0);
    for (uint32_t vcpu = 1; vcpu < args->nr; vcpu++) {
        struct wait wait = clock_begin_wait("a vCPU does not leave", vcpu);
        while (!worker_is_gone(vcpu))
            clock_wait(&wait);
    }
}

static void free_slot(uint32_t vcpu)
{
    cgdt_slot_t slot;

    if (cgdt_cpu_slot(pool, vcpu, &slot) == 0) {
        demand("cgdt_cpu_offline", cgdt_cpu_offline(pool, vcpu));
        worker_left(vcpu);
        return;
    }
    /* One that bringup allocated in bulk, without the directory. */
    demand("quiesce", worker_quiesce(vcpu));
    demand("cgdt_free", cgdt_free(pool, cpus[vcpu].slot));
    worker_left(vcpu);
}

/* Without an owner nothing keeps a page: Xen must let go of all of them. */
static void give_pages_back(void)
{
    struct cgdt_pool_stats stats;

    cgdt_stats(pool, &stats, sizeof(stats));
    (void)problem_unless("owned slots without a vCPU", stats.taken_slots, 0);
    (void)problem_unless("pages trimmed", cgdt_trim(pool), stats.mapped_pages);
    (void)problem_unless("pages out after a trim", gdtpool_pages_out(), args->common);
}

/* Its place in this round: all others than in the round before, for two vCPUs or more. */
static uint32_t rotated(uint32_t vcpu, uint32_t round)
{
    const uint64_t shift = (uint64_t)round * (args->nr / 4 + 1);

    return (uint32_t)((vcpu + shift) % args->nr);
}

/* How many have another slot than before. */
static uint32_t give_slots(uint32_t round)
{
    uint32_t moved = 0;

    demand("cgdt_reserve", cgdt_reserve(pool, args->nr));
    for (uint32_t i = 0; i < args->nr; i++) {
        const uint32_t vcpu = rotated(i, round);
        const uint32_t before = cpus[vcpu].place;
        cgdt_slot_t slot = CGDT_NO_SLOT;

        demand("cgdt_cpu_online", cgdt_cpu_online(pool, vcpu, &slot));
        worker_prepare(vcpu, slot, false);
        moved += cpus[vcpu].place != before;
    }
    demand("cgdt_reserve 0", cgdt_reserve(pool, 0));
    return moved;
}

static void bring_all_back(void)
{
    worker_come_back(&cpus[0]);
    gdtpool_uses(0, workers[0].frames, workers[0].entries);
    worker_arrived(0);
    for (uint32_t vcpu = 1; vcpu < args->nr; vcpu++)
        demand("up", vcpu_up(vcpu));
}

static void play(uint32_t round)
{
    for (uint32_t vcpu = 0; vcpu < args->nr; vcpu++)
        free_slot(vcpu);
    if (round % 2 != 0)
        give_pages_back();
    const uint32_t moved = give_slots(round);
    if (args->nr > 1)
        (void)problem_unless("vCPUs with another slot", moved, args->nr);
    bring_all_back();
    const uint32_t up = see_all_parked();
    console_printf("ROUND n=%u offline=%u moved=%u online=%u pages=%u failsafe=%u\n", round,
                   args->nr, moved, up, gdtpool_pages_out(), traps_failsafe_count());
}

static void end(void)
{
    for (uint32_t vcpu = 0; vcpu < args->nr; vcpu++)
        free_slot(vcpu);
    (void)problem_unless("cgdt_pool_destroy", cgdt_pool_destroy(pool), 0);
    (void)problem_unless("every page takes a store", gdtpool_supply_is_writable(), true);
    if (vcpu_stack_spare() < FEWEST_FREE_STACK)
        problem("bytes left of a vCPU's stack", vcpu_stack_spare());
    console_printf("PAGES writable=%u of %u out=%u STACK spare=%u\n",
                   gdtpool_supply_is_writable() ? gdtpool_counts().most_out : 0,
                   gdtpool_counts().most_out, gdtpool_pages_out(), vcpu_stack_spare());
}

void rounds_run(void)
{
    for (uint32_t vcpu = 0; vcpu < args->nr; vcpu++)
        worker_adopt(vcpu);
    const uint32_t up = see_all_parked();
    console_printf("PARKED up=%u of %u, asleep in a poll at the same time\n", up, args->nr);
    for (uint32_t round = 1; round <= args->rounds; round++) {
        see_all_off();
        play(round);
    }
    see_all_off();
    end();
}
