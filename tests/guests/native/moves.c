/* SPDX-License-Identifier: MIT */
/* CPUs that move; see moves.h. */

#include "moves.h"

#include "console.h"
#include "cpuops.h"
#include "exit.h"
#include "gdtpool.h"
#include "nmi.h"
#include "report.h"
#include "tables.h"
#include "verify.h"

#define LEFT_OF_HUNDRED 5u

#define ENOUGH 96u /* CPUs, some of which have to move */

static uint32_t moved;   /* CPUs, in all rounds */
static uint32_t refused; /* those that were well where they were */
static uint32_t nmis;    /* that came to a CPU while it had the order to move */

/* The CPU goes on when an NMI has come, which CPU 0 sends until it has moved; 0 itself has none. */
static void take_an_nmi(const struct cpu *cpu)
{
    const uint32_t before = __atomic_load_n(&cpu->nmis, __ATOMIC_RELAXED);
    const struct wait wait = wait_begin("no NMI comes to a CPU that moves", cpu->id);

    while (cpu->id != 0 && __atomic_load_n(&cpu->nmis, __ATOMIC_RELAXED) == before)
        wait_step(&wait);
}

/*
 * Selectors mean the same in both tables and TR keeps its TSS, whose descriptor is busy in the copy
 * too; so GDTR is all there is to load, and an NMI may come between any two instructions.
 */
void moves_move(struct cpu *cpu)
{
    struct cgdt_pseudo_descriptor gdtr;
    cgdt_slot_t goal = CGDT_NO_SLOT;
    const int error = cgdt_cpu_move_begin(gdtpool, cpu->id, 0, NULL, &goal);

    if (error == -CGDT_EAGAIN) {
        refused++;
        return;
    }
    if (error != 0 || cgdt_gdtr(gdtpool, goal, &gdtr) != 0)
        guest_fatal("cgdt_cpu_move_begin", error);
    __atomic_store_n(&cpu->goal, goal, __ATOMIC_SEQ_CST);
    take_an_nmi(cpu); /* on the old table */
    cgdt_lgdt(&gdtr);
    take_an_nmi(cpu); /* on the new one */
    __atomic_store_n(&cpu->slot, goal, __ATOMIC_SEQ_CST);
    __atomic_store_n(&cpu->goal, CGDT_NO_SLOT, __ATOMIC_SEQ_CST);
    if (cgdt_cpu_move_end(gdtpool, cpu->id) != 0)
        guest_fatal("cgdt_cpu_move_end", cpu->id);
    take_an_nmi(cpu); /* and once the old one is zero */
    moved++;
}

static void look(uint32_t id)
{
    cpu_order(id, ORDER_LOOK);
    cpu_finish_order(id);
}

/* One after the other, each with NMIs until it has moved, and a whole look behind it. */
static void move_one(uint32_t id)
{
    if (id == 0) {
        moves_move(&cpus[0]);
        verify_look(&cpus[0], WHEN_ORDERED);
        return;
    }
    const struct wait wait = wait_begin("a CPU does not move", id);
    const uint32_t before = cpus[id].nmis;
    cpu_order(id, ORDER_MOVE);
    while (__atomic_load_n(&cpus[id].order, __ATOMIC_ACQUIRE) != ORDER_NONE) {
        (void)nmi_send(id);
        wait_step(&wait);
    }
    nmi_finish(id);
    nmis += cpus[id].nmis - before;
    look(id);
}

/* xorshift32; the state is never 0. */
static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* CPU 0 stays. How many are left. */
static uint32_t take_most_off(uint32_t nr, uint32_t *random)
{
    uint32_t left = 1;

    for (uint32_t id = 1; id < nr; id++) {
        if (next_random(random) % 100 < LEFT_OF_HUNDRED)
            left++;
        else
            cpu_offline(id);
    }
    return left;
}

static uint32_t pages(void)
{
    struct cgdt_pool_stats stats;

    cgdt_stats(gdtpool, &stats, sizeof(stats));
    return stats.mapped_pages;
}

static void trim(void)
{
    if (cgdt_trim(gdtpool) < 0)
        guest_fatal("cgdt_trim", 0);
}

/*
 * All but what the fullest pages hold; by the guest's own arithmetic. A last page that cannot have
 * as many as the others is kept last.
 */
static uint32_t reckon_moves(const struct args *args, uint32_t nr, uint32_t left)
{
    uint16_t on_page[MAX_CPUS + 1] = {0};
    const uint32_t slots = nr + args->spare;
    const uint32_t whole = slots / (512 / args->slot_entries);
    uint32_t moves = left;

    for (uint32_t id = 0; id < nr; id++)
        if (id == 0 || cpu_state(id) == STATE_ONLINE)
            on_page[tables_page(cpus[id].slot)]++;
    for (uint32_t kept = 0; kept < tables_pages(left); kept++) {
        uint32_t fullest = whole;
        for (uint32_t page = 0; page < whole; page++)
            fullest = on_page[page] != 0 && (fullest == whole || on_page[page] > on_page[fullest])
                          ? page
                          : fullest;
        moves -= on_page[fullest];
        on_page[fullest] = 0;
    }
    return moves;
}

static void pack(const struct args *args, uint32_t round, uint32_t nr, uint32_t left)
{
    uint32_t id = 0;
    const uint32_t at_first = pages();
    const uint32_t before = moved;

    trim();
    const uint32_t trimmed = pages();
    const uint32_t fewest = reckon_moves(args, nr, left);
    report_picture(args, nr, "most CPUs have gone, and pages that nobody is on");
    while (cgdt_cpu_crowded(gdtpool, 0, NULL, &id) == 0)
        move_one(id);
    trim();
    report_unless("pages once all have moved", pages(), tables_pages(left));
    report_unless("moves", moved - before, fewest);
    report_picture(args, nr, "those that are left have moved together");
    report_unless("the checker's answer", (uint32_t)cgdt_check(gdtpool, NULL), 0);
    for (id = 1; id < nr; id++) {
        if (cpu_state(id) == STATE_ONLINE)
            look(id);
    }
    console_printf("MOVES round=%u cpus=%u pages=%u trimmed=%u moves=%u moved=%u\n", round, left,
                   at_first, trimmed, moved - before, pages());
}

void moves_run(const struct args *args, uint32_t nr)
{
    uint32_t random = args->seed * 2654435761u | 1u;

    for (uint32_t round = 0; round < args->changes; round++) {
        pack(args, round, nr, take_most_off(nr, &random));
        for (uint32_t id = 1; id < nr; id++) {
            if (cpu_state(id) != STATE_ONLINE)
                cpu_online(id);
        }
    }
    report_unless("CPUs that were sent to move, and were well where they were", refused, 0);
    if (nr >= ENOUGH)
        report_unless("whether CPUs moved", moved != 0, 1);
    console_printf("MOVED cpus=%u nmis=%u\n", moved, nmis);
}
