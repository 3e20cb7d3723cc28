/* SPDX-License-Identifier: MIT */
/*
 * All CPUs come; most go, in random order; the pages that nobody is on leave; those that are left
 * move, one after the other, and pages leave behind them. The same seed makes the same pictures.
 */
#define _GNU_SOURCE
#include "map_moves.h"

#include "cgdt/cgdt.h"
#include "cgdt/port/fixed.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LEFT_OF_HUNDRED 5u
#define AGAINST         64u /* one in so many comes while most go */
#define OWN_ENTRY       1u
#define LIMIT           0x1000u /* of CPU 0's descriptor */

static const struct cgdt_layout layouts[STRESS_PAGE_PER_CPU] = {
    [STRESS_PAGE] = {32, CGDT_XEN_RESERVED_ENTRY, 1, false, CGDT_MODE_PAGED},
    [STRESS_WINDOW] = {32, CGDT_XEN_RESERVED_ENTRY, 14, false, CGDT_MODE_PAGED},
    [STRESS_COMMON] = {8, CGDT_XEN_RESERVED_ENTRY, 13, true, CGDT_MODE_PAGED},
};

struct moves {
    const struct map_moves *params;
    struct map_moves_result *result;
    struct cgdt_pool *pool;
    struct cgdt_fixed fixed;
    void *memory;
    bool *online;
    uint32_t n_pages;
    uint32_t cpus; /* online */
    uint64_t random;
    uint64_t events;
    uint64_t expected; /* events, so many or about */
    struct timespec began;
};

static bool is_over(const struct moves *moves)
{
    const atomic_bool *enough = moves->params->enough;

    return moves->result->violations != 0 || (enough != NULL && atomic_load(enough));
}

static void violation(struct moves *moves, const char *what, long got)
{
    if (moves->result->violations++ == 0)
        (void)snprintf(moves->result->first, sizeof(moves->result->first), "%s: %ld", what, got);
}

/* Whether it succeeded, as it has to. */
static bool must(struct moves *moves, const char *what, int result)
{
    if (result < 0)
        violation(moves, what, result);
    return result >= 0;
}

static uint32_t below(struct moves *moves, uint32_t bound)
{
    moves->random ^= moves->random << 13;
    moves->random ^= moves->random >> 7;
    moves->random ^= moves->random << 17;
    return (uint32_t)((moves->random >> 32) * bound >> 32);
}

static double seconds_since(const struct timespec *began)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - began->tv_sec) + (double)(now.tv_nsec - began->tv_nsec) / 1e9;
}

static uint32_t pages(const struct moves *moves)
{
    struct cgdt_pool_stats stats;

    cgdt_stats(moves->pool, &stats, sizeof(stats));
    return stats.mapped_pages;
}

/* So that all of it takes as long as it shall. */
static void pace(const struct moves *moves)
{
    const double due =
        moves->params->seconds * (double)moves->events / (double)(moves->expected + 1);
    const double early = due - seconds_since(&moves->began);
    struct timespec nap;

    if (early <= 0)
        return;
    nap.tv_sec = (time_t)early;
    nap.tv_nsec = (long)((early - (double)nap.tv_sec) * 1e9);
    (void)nanosleep(&nap, NULL);
}

static void show(struct moves *moves, const char *phase, bool now)
{
    const struct stress_progress progress = {.operations = moves->events,
                                             .seconds = seconds_since(&moves->began),
                                             .pages = moves->n_pages,
                                             .pool = moves->pool};

    if (!now)
        pace(moves);
    moves->params->show(moves->params->ctx, &progress, phase, now);
}

/* ---- what happens to a CPU ---------------------------------------------------------------- */

static cgdt_desc_t own(uint32_t cpu)
{
    cgdt_desc_t desc = 0;

    (void)cgdt_desc_segment(&desc, 0, LIMIT + cpu,
                            CGDT_DESC_WRITABLE | CGDT_DESC_DB | CGDT_DESC_DPL(3));
    return desc;
}

/* Its slot holds what it wrote there, wherever that is now. */
static void verify(struct moves *moves, uint32_t cpu)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;
    cgdt_desc_t found = 0;

    if (must(moves, "the slot of a CPU", cgdt_cpu_slot(moves->pool, cpu, &slot)) &&
        must(moves, "a read", cgdt_read(moves->pool, slot, OWN_ENTRY, &found, 1)) &&
        found != own(cpu))
        violation(moves, "a descriptor of another in the slot of CPU", (long)cpu);
}

static void come(struct moves *moves, uint32_t cpu)
{
    const cgdt_desc_t desc = own(cpu);
    cgdt_slot_t slot = CGDT_NO_SLOT;

    if (!must(moves, "online", cgdt_cpu_online(moves->pool, cpu, &slot)) ||
        !must(moves, "a write", cgdt_write(moves->pool, slot, OWN_ENTRY, &desc, 1)))
        return;
    moves->online[cpu] = true;
    moves->cpus++;
    moves->events++;
}

static void go(struct moves *moves, uint32_t cpu)
{
    verify(moves, cpu);
    if (!must(moves, "offline", cgdt_cpu_offline(moves->pool, cpu)))
        return;
    moves->online[cpu] = false;
    moves->cpus--;
    moves->events++;
}

/* One that should; false: there is none. */
static bool move_one(struct moves *moves)
{
    cgdt_slot_t slot;
    uint32_t cpu;

    if (is_over(moves) || cgdt_cpu_crowded(moves->pool, 0, NULL, &cpu) != 0 ||
        !must(moves, "a move", cgdt_cpu_move_begin(moves->pool, cpu, 0, NULL, &slot)) ||
        !must(moves, "the end of a move", cgdt_cpu_move_end(moves->pool, cpu)))
        return false;
    verify(moves, cpu);
    moves->result->moves++;
    moves->events++;
    return true;
}

/* ---- what happens ------------------------------------------------------------------------- */

static void all_come(struct moves *moves)
{
    for (uint32_t cpu = 0; cpu < moves->params->cpus && !is_over(moves); cpu++) {
        come(moves, cpu);
        show(moves, "CPUs come", false);
    }
    moves->result->pages = pages(moves);
    show(moves, "all CPUs are there", true);
}

static void most_go(struct moves *moves)
{
    const uint32_t share = moves->params->cpus * LEFT_OF_HUNDRED / 100;

    while (moves->cpus > (share != 0 ? share : 1) && !is_over(moves)) {
        const uint32_t cpu = below(moves, moves->params->cpus);
        const bool against = below(moves, AGAINST) == 0;

        if (against == moves->online[cpu])
            continue;
        if (against)
            come(moves, cpu);
        else
            go(moves, cpu);
        show(moves, "most CPUs go", false);
    }
    moves->result->left = moves->cpus;
    show(moves, "most CPUs have gone", true);
}

static void trim(struct moves *moves)
{
    (void)must(moves, "trim", cgdt_trim(moves->pool));
}

/* A picture each time that half of the pages have left. */
static void all_move(struct moves *moves)
{
    uint32_t shown;

    trim(moves);
    moves->result->trimmed = shown = pages(moves);
    show(moves, "pages that nobody is on have left", true);
    while (move_one(moves)) {
        trim(moves);
        const bool half = pages(moves) <= shown / 2;
        shown = half ? pages(moves) : shown;
        show(moves, "CPUs move together, and pages leave", half);
    }
    moves->result->moved = pages(moves);
    show(moves, "no CPU can move to a better place", true);
}

static void judge(struct moves *moves)
{
    const uint32_t colors = cgdt_colors(cgdt_pool_layout(moves->pool));

    if (is_over(moves))
        return;
    if (moves->result->moved != (moves->cpus + colors - 1) / colors)
        violation(moves, "more pages than the CPUs need", (long)moves->result->moved);
    if (cgdt_check(moves->pool, NULL) != 0)
        violation(moves, "the pool's pages are not fine", 1);
    for (uint32_t cpu = 0; cpu < moves->params->cpus; cpu++)
        if (moves->online[cpu])
            verify(moves, cpu);
}

static bool make_pool(struct moves *moves)
{
    const uint32_t cpus = moves->params->cpus;
    const struct cgdt_layout *layout = &layouts[moves->params->layout];
    const uint32_t colors = CGDT_PAGE_ENTRIES / layout->slot_entries;
    const struct cgdt_config config = {.struct_bytes = sizeof(struct cgdt_config),
                                       .port = &cgdt_fixed_port,
                                       .port_ctx = &moves->fixed,
                                       .layout = *layout,
                                       .profile = CGDT_PROFILE_XEN_PV64,
                                       .max_cpus = cpus};
    const size_t bytes = CGDT_POOL_BYTES(cpus, layout->slot_entries);

    moves->n_pages = (cpus + colors - 1) / colors;
    moves->fixed.count = moves->n_pages + (layout->common ? 1 : 0);
    moves->online = calloc(cpus, sizeof(*moves->online));
    if (moves->online == NULL || posix_memalign(&moves->memory, CGDT_POOL_ALIGN, bytes) != 0 ||
        posix_memalign(&moves->fixed.pages, CGDT_PAGE_BYTES,
                       (size_t)moves->fixed.count * CGDT_PAGE_BYTES) != 0)
        return false;
    for (uint32_t i = 0; i < moves->fixed.count * CGDT_PAGE_ENTRIES; i++)
        ((cgdt_desc_t *)moves->fixed.pages)[i] = 0;
    return cgdt_pool_init(&moves->pool, moves->memory, bytes, &config) == 0 &&
           cgdt_seal(moves->pool) == 0;
}

int map_moves_run(const struct map_moves *params, struct map_moves_result *result)
{
    struct moves moves = {.params = params,
                          .result = result,
                          .random = params->seed * 0x9e3779b97f4a7c15u | 1u,
                          .expected = 2 * (uint64_t)params->cpus};

    *result = (struct map_moves_result){0};
    (void)clock_gettime(CLOCK_MONOTONIC, &moves.began);
    const bool made = make_pool(&moves);
    if (made) {
        all_come(&moves);
        most_go(&moves);
        all_move(&moves);
        judge(&moves);
    } else {
        (void)snprintf(result->first, sizeof(result->first), "no memory for the pool");
    }
    result->seconds = seconds_since(&moves.began);
    free(moves.fixed.pages);
    free(moves.memory);
    free(moves.online);
    return !made ? 2 : result->violations != 0;
}
