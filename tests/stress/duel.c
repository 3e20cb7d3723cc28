/* SPDX-License-Identifier: MIT */
/*
 * Duels: all threads make the same call at the same moment, and exactly one may succeed. Nobody
 * allocates in between, so unlike in the engine's runs the losers' answers are known exactly.
 *
 * Whoever arrives last judges the round and prepares the next one, so that there are no more
 * threads than fighters. It would then always be ahead of the others, so everybody waits a random
 * while before the call.
 *
 * Who waits for a round sleeps, after a short look: on a busy machine a thread that only yields
 * comes back after everybody else's turn, and a round would take as long as all of these. A sleeper
 * that is woken is let in at once.
 */
#define _GNU_SOURCE
#include "bodies.h"

#include "cgdt/cgdt.h"
#include "cgdt/port/fixed.h"

#include <inttypes.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SPINS 20000u /* looks before a thread goes to sleep */

/* What everybody does in a round, and the two answers that a loser may get. */
struct move {
    const char *name;
    int (*call)(struct cgdt_pool *pool, cgdt_slot_t *slot);
    int loser;
    int other_loser;
};

/* Two moves in turns; a slot is taken before each, or the winner's given back after it. */
struct contest {
    struct move moves[2];
    bool alloc_before;
    bool free_after;
};

struct duel {
    struct cgdt_pool *pool;
    struct cgdt_fixed fixed;
    const struct contest *contest;
    const struct move *move;
    uint32_t threads;
    uint32_t rounds;
    cgdt_slot_t slot; /* what the move is about, and what the winner got */
    bool good;
    bool over;
    _Atomic uint32_t round; /* a futex */
    _Atomic uint32_t sleepers;
    _Atomic uint32_t arrived;
    int result[STRESS_MAX_THREADS];
    cgdt_slot_t got[STRESS_MAX_THREADS];
};

struct fighter {
    struct duel *duel;
    uint32_t id;
};

static int move_free(struct cgdt_pool *pool, cgdt_slot_t *slot)
{
    return cgdt_free(pool, *slot);
}

static int move_alloc(struct cgdt_pool *pool, cgdt_slot_t *slot)
{
    return cgdt_alloc(pool, slot);
}

static int move_online(struct cgdt_pool *pool, cgdt_slot_t *slot)
{
    return cgdt_cpu_online(pool, 0, slot);
}

static int move_offline(struct cgdt_pool *pool, cgdt_slot_t *slot)
{
    (void)slot;
    return cgdt_cpu_offline(pool, 0);
}

static const struct contest free_contest = {
    .moves = {{"free", move_free, -CGDT_ESTALE, -CGDT_ESTALE},
              {"free", move_free, -CGDT_ESTALE, -CGDT_ESTALE}},
    .alloc_before = true};
static const struct contest last_contest = {
    .moves = {{"alloc", move_alloc, -CGDT_ENOSPC, -CGDT_ENOSPC},
              {"alloc", move_alloc, -CGDT_ENOSPC, -CGDT_ENOSPC}},
    .free_after = true};
static const struct contest cpu_contest = {
    .moves = {{"online", move_online, -CGDT_EEXIST, -CGDT_EBUSY},
              {"offline", move_offline, -CGDT_ENOENT, -CGDT_EBUSY}}};

/* The round that is over; the winner's handle goes to duel->slot. */
static bool exactly_one_won(struct duel *duel, uint32_t round)
{
    const struct move *move = duel->move;
    uint32_t winners = 0;
    uint32_t strange = 0;

    for (uint32_t i = 0; i < duel->threads; i++) {
        if (duel->result[i] == 0) {
            duel->slot = duel->got[i];
            winners++;
        } else if (duel->result[i] != move->loser && duel->result[i] != move->other_loser) {
            strange++;
        }
    }
    if (winners == 1 && strange == 0)
        return true;
    fprintf(stderr,
            "%s, round %" PRIu32 ": %" PRIu32 " winners, %" PRIu32 " answers not documented\n",
            move->name, round, winners, strange);
    return false;
}

/* All others wait: judge round number `round`, 0 for none yet, and prepare the next. */
static void referee(struct duel *duel, uint32_t round)
{
    if (round > 0) {
        duel->good = exactly_one_won(duel, round);
        if (duel->good && duel->contest->free_after)
            duel->good = cgdt_free(duel->pool, duel->slot) == 0;
    }
    duel->over = !duel->good || round == duel->rounds;
    duel->move = &duel->contest->moves[round % 2];
    if (!duel->over && duel->contest->alloc_before)
        duel->good = cgdt_alloc(duel->pool, &duel->slot) == 0;
    atomic_store_explicit(&duel->arrived, 0, memory_order_relaxed);
    /* Sequentially consistent, as in sleep_until_round(): one of the two sees the other. */
    atomic_store(&duel->round, round + 1);
    if (atomic_load(&duel->sleepers) != 0)
        (void)syscall(SYS_futex, &duel->round, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static void sleep_until_round(struct duel *duel, uint32_t round)
{
    atomic_fetch_add(&duel->sleepers, 1);
    /* The system looks once more whether it is still the round before. */
    while (atomic_load(&duel->round) != round)
        (void)syscall(SYS_futex, &duel->round, FUTEX_WAIT_PRIVATE, round - 1, NULL, NULL, 0);
    atomic_fetch_sub(&duel->sleepers, 1);
}

static void wait_for_round(struct duel *duel, uint32_t round)
{
    for (uint32_t spins = 0; spins < SPINS; spins++)
        if (atomic_load_explicit(&duel->round, memory_order_acquire) == round)
            return;
    sleep_until_round(duel, round);
}

static void dawdle(uint32_t *random)
{
    *random = *random * 1664525u + 1013904223u;
    for (uint32_t i = *random >> 25; i > 0; i--)
        __asm__ volatile("" ::: "memory");
}

static void *fight(void *arg)
{
    const struct fighter *fighter = arg;
    struct duel *duel = fighter->duel;
    const uint32_t id = fighter->id;
    uint32_t random = id;

    for (uint32_t round = 0;; round++) {
        if (atomic_fetch_add_explicit(&duel->arrived, 1, memory_order_acq_rel) == duel->threads - 1)
            referee(duel, round);
        wait_for_round(duel, round + 1);
        if (duel->over)
            return NULL;
        duel->got[id] = duel->slot;
        dawdle(&random);
        duel->result[id] = duel->move->call(duel->pool, &duel->got[id]);
    }
}

/*
 * On one processor they would take turns and never meet. Best effort: where it fails they meet less
 * often.
 */
static void keep_apart(pthread_t thread, uint32_t id)
{
    cpu_set_t allowed;
    cpu_set_t one;
    uint32_t skip;

    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0 || CPU_COUNT(&allowed) == 0)
        return;
    skip = id % (uint32_t)CPU_COUNT(&allowed);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &allowed) || skip-- > 0)
            continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        (void)pthread_setaffinity_np(thread, sizeof(one), &one);
        return;
    }
}

static bool fight_rounds(struct duel *duel)
{
    struct fighter fighters[STRESS_MAX_THREADS];
    pthread_t threads[STRESS_MAX_THREADS];

    duel->good = true;
    for (uint32_t i = 0; i < duel->threads; i++) {
        fighters[i] = (struct fighter){duel, i};
        if (pthread_create(&threads[i], NULL, fight, &fighters[i]) != 0)
            return false;
        keep_apart(threads[i], i);
    }
    for (uint32_t i = 0; i < duel->threads; i++)
        (void)pthread_join(threads[i], NULL);
    return duel->good;
}

static int run_duel(const struct stress_params *params, const struct contest *contest)
{
    static _Alignas(4096) cgdt_desc_t page[CGDT_PAGE_ENTRIES];
    static _Alignas(CGDT_POOL_ALIGN) unsigned char memory[1024];
    static struct duel duel;
    const struct cgdt_config config = {.struct_bytes = sizeof(struct cgdt_config),
                                       .port = &cgdt_fixed_port,
                                       .port_ctx = &duel.fixed,
                                       .profile = CGDT_PROFILE_XEN_PV64,
                                       .max_cpus = 1, /* the only slot is the last one, too */
                                       .layout = {.slot_entries = 32,
                                                  .window_pages = 1,
                                                  .reserved_entry = CGDT_XEN_RESERVED_ENTRY}};

    duel.fixed = (struct cgdt_fixed){.pages = page, .count = 1};
    duel.contest = contest;
    duel.threads = params->threads;
    duel.rounds = (uint32_t)(params->operations + 1) / 2 * 2; /* who came online goes offline */
    if (cgdt_pool_init(&duel.pool, memory, sizeof(memory), &config) != 0 ||
        cgdt_seal(duel.pool) != 0)
        return 1;
    if (!fight_rounds(&duel))
        return 1;
    return cgdt_pool_destroy(duel.pool) == 0 ? 0 : 1;
}

int stress_body_duel_free(const struct stress_params *params)
{
    return run_duel(params, &free_contest);
}

int stress_body_duel_cpu(const struct stress_params *params)
{
    return run_duel(params, &cpu_contest);
}

int stress_body_duel_last(const struct stress_params *params)
{
    return run_duel(params, &last_contest);
}
