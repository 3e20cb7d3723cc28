/* SPDX-License-Identifier: MIT */
/*
 * Duels: all threads make the same call at the same moment, and exactly one may succeed. Nobody allocates in
 * between, so unlike in the engine's runs the losers' answers are known exactly.
 */
#define _GNU_SOURCE
#include "bodies.h"

#include "cgdt/cgdt.h"
#include "cgdt/port/fixed.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

/* What everybody does in a round, and the two answers that a loser may get. */
struct move {
    const char *name;
    int (*call)(struct cgdt_pool *pool, cgdt_slot_t *slot);
    int loser;
    int other_loser;
};

struct duel {
    struct cgdt_pool *pool;
    struct cgdt_fixed fixed;
    const struct move *move;
    uint32_t threads;
    cgdt_slot_t slot; /* what the move is about, and what the winner got */
    _Atomic uint64_t round;
    _Atomic uint32_t ready;
    _Atomic bool over;
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

static const struct move free_one = {"free", move_free, -CGDT_ESTALE, -CGDT_ESTALE};
static const struct move alloc_last = {"alloc", move_alloc, -CGDT_ENOSPC, -CGDT_ENOSPC};
static const struct move online = {"online", move_online, -CGDT_EEXIST, -CGDT_EBUSY};
static const struct move offline = {"offline", move_offline, -CGDT_ENOENT, -CGDT_EBUSY};

static void wait_for(_Atomic uint64_t *round, uint64_t value)
{
    for (uint32_t spins = 0; atomic_load_explicit(round, memory_order_acquire) != value; spins++) {
        if (spins > 1000)
            (void)sched_yield();
    }
}

static void *fight(void *arg)
{
    const struct fighter *fighter = arg;
    struct duel *duel = fighter->duel;
    const uint32_t id = fighter->id;

    for (uint64_t round = 1;; round++) {
        wait_for(&duel->round, round);
        if (duel->over)
            return NULL;
        duel->got[id] = duel->slot;
        duel->result[id] = duel->move->call(duel->pool, &duel->got[id]);
        atomic_fetch_add_explicit(&duel->ready, 1, memory_order_release);
    }
}

/* One round; the winner's handle goes to duel->slot. */
static bool exactly_one_wins(struct duel *duel, const struct move *move)
{
    uint32_t winners = 0;
    uint32_t strange = 0;

    duel->move = move;
    atomic_store_explicit(&duel->ready, 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&duel->round, 1, memory_order_release);
    while (atomic_load_explicit(&duel->ready, memory_order_acquire) != duel->threads)
        (void)sched_yield();
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
            "%s, round %" PRIu64 ": %" PRIu32 " winners, %" PRIu32 " answers not documented\n",
            move->name, duel->round, winners, strange);
    return false;
}

typedef bool round_fn(struct duel *duel);

static bool round_free(struct duel *duel)
{
    return cgdt_alloc(duel->pool, &duel->slot) == 0 && exactly_one_wins(duel, &free_one);
}

static bool round_cpu(struct duel *duel)
{
    return exactly_one_wins(duel, &online) && exactly_one_wins(duel, &offline);
}

static bool round_last(struct duel *duel)
{
    return exactly_one_wins(duel, &alloc_last) && cgdt_free(duel->pool, duel->slot) == 0;
}

static bool fight_rounds(struct duel *duel, uint64_t rounds, round_fn *one)
{
    struct fighter fighters[STRESS_MAX_THREADS];
    pthread_t threads[STRESS_MAX_THREADS];
    bool good = true;

    for (uint32_t i = 0; i < duel->threads; i++) {
        fighters[i] = (struct fighter){duel, i};
        if (pthread_create(&threads[i], NULL, fight, &fighters[i]) != 0)
            return false;
    }
    for (uint64_t i = 0; i < rounds && good; i++)
        good = one(duel);
    duel->over = true;
    atomic_fetch_add_explicit(&duel->round, 1, memory_order_release);
    for (uint32_t i = 0; i < duel->threads; i++)
        (void)pthread_join(threads[i], NULL);
    return good;
}

static int run_duel(const struct stress_params *params, round_fn *one)
{
    static _Alignas(4096) cgdt_desc_t page[CGDT_PAGE_ENTRIES];
    static _Alignas(CGDT_POOL_ALIGN) unsigned char memory[1024];
    static struct duel duel;
    const struct cgdt_config config = {.port = &cgdt_fixed_port,
                                       .port_ctx = &duel.fixed,
                                       .profile = CGDT_XEN_PV64,
                                       .max_cpus = 1, /* the only slot is the last one, too */
                                       .layout = {.slot_entries = 32,
                                                  .window_pages = 1,
                                                  .reserved_entry = CGDT_XEN_RESERVED_ENTRY}};

    duel.fixed = (struct cgdt_fixed){.pages = page, .count = 1};
    duel.threads = params->threads;
    if (cgdt_pool_init(&duel.pool, memory, sizeof(memory), &config) != 0 ||
        cgdt_seal(duel.pool) != 0)
        return 1;
    if (!fight_rounds(&duel, params->operations, one))
        return 1;
    return cgdt_pool_destroy(duel.pool) == 0 ? 0 : 1;
}

int stress_body_duel_free(const struct stress_params *params)
{
    return run_duel(params, round_free);
}

int stress_body_duel_cpu(const struct stress_params *params)
{
    return run_duel(params, round_cpu);
}

int stress_body_duel_last(const struct stress_params *params)
{
    return run_duel(params, round_last);
}
