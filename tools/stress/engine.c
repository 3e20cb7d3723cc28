/* SPDX-License-Identifier: MIT */
/* Set-up, threads, meetings and the end of a stress run; state.h names the other parts. */
#define _GNU_SOURCE
#include "state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUND_STEPS 65536u /* of all threads together, between two meetings */
#define SMALL_STEPS 2048u  /* the same for pools of at most SMALL_CPUS */
#define SMALL_CPUS  128u
#define VERIFY_PAGES                                                                               \
    256u /* pools of as many pages are verified at every meeting, larger ones less often */
#define TRIES    10000u /* of giving pages back while the port fails, before it recovers */
#define WATCH_NS 200000000

struct layout_row {
    const char *name;
    struct cgdt_layout layout;
};

static const struct layout_row layouts[STRESS_LAYOUTS] = {
    [STRESS_PAGE] = {"page", {32, CGDT_XEN_RESERVED_ENTRY, 1, false, CGDT_MODE_PAGED}},
    [STRESS_WINDOW] = {"window", {32, CGDT_XEN_RESERVED_ENTRY, 14, false, CGDT_MODE_PAGED}},
    [STRESS_COMMON] = {"common", {8, CGDT_XEN_RESERVED_ENTRY, 13, true, CGDT_MODE_PAGED}},
    [STRESS_PAGE_PER_CPU] = {"page-per-cpu",
                             {512, CGDT_XEN_RESERVED_ENTRY, 1, false, CGDT_MODE_PAGED}},
};

const char *stress_layout_name(enum stress_layout layout)
{
    return layout < STRESS_LAYOUTS ? layouts[layout].name : NULL;
}

static double seconds_so_far(const struct stress_run *run)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - run->began.tv_sec) +
           (double)(now.tv_nsec - run->began.tv_nsec) / 1e9;
}

static uint64_t cached_by_all(const struct stress_params *params)
{
    return (uint64_t)params->cache_slots * params->threads;
}

static bool cache_is_valid(const struct stress_params *params)
{
    return params->cache_slots == 0 ||
           (params->cache_slots >= 2 && params->cache_slots <= CGDT_CACHE_SLOTS &&
            (params->full || cached_by_all(params) <= params->cpus / 8));
}

static bool params_valid(const struct stress_params *params)
{
    return cache_is_valid(params) && params->threads >= 1 &&
           params->threads <= STRESS_MAX_THREADS && params->cpus >= 1 &&
           params->cpus <= STRESS_MAX_CPUS && params->layout < STRESS_LAYOUTS &&
           (params->layout != STRESS_PAGE_PER_CPU || params->cpus <= STRESS_MAX_CPUS_BY_PAGE) &&
           params->fault_rate >= 0 && params->fault_rate <= STRESS_MAX_FAULT_RATE &&
           (params->operations > 0 || params->seconds > 0) &&
           !(params->serialized && params->threads > 1);
}

/*
 * Half of the slots for the directory, half for the threads, but for those that may be in caches;
 * or more wanted by both than there is.
 */
static void share_out(struct stress_run *run)
{
    const struct stress_params *params = run->params;
    const uint32_t rest = params->cpus - (params->full ? 0 : (uint32_t)cached_by_all(params));
    const uint32_t for_threads = params->full ? rest : rest / 2;

    run->n_cpus = params->full ? rest : rest - for_threads;
    for (uint32_t i = 0; i < params->threads; i++)
        run->workers[i].quota =
            for_threads / params->threads + (i < for_threads % params->threads ? 1 : 0);
    const uint64_t steps = (uint64_t)params->cpus * 16 / params->threads;
    run->phase_steps = steps < 1024 ? 1024 : steps > 262144 ? 262144 : (uint32_t)steps;
}

static bool make_workers(struct stress_run *run)
{
    const uint32_t n = run->params->threads + 1; /* the last is the main thread */
    uint64_t seed = run->params->seed * 2 + 1;

    run->workers = aligned_alloc(64, n * sizeof(*run->workers));
    if (run->workers == NULL)
        return false;
    memset((void *)run->workers, 0, n * sizeof(*run->workers));
    share_out(run);
    for (uint32_t i = 0; i < n; i++) {
        struct stress_worker *worker = &run->workers[i];

        for (int mix = 0; mix < 8; mix++)
            (void)stress_random(&seed);
        worker->run = run;
        worker->id = i;
        worker->random = seed;
        worker->fault_random = seed * 0x9e3779b97f4a7c15u | 1u;
        worker->counter = i << 24;
        worker->held = calloc(worker->quota + 1, sizeof(*worker->held));
        if (worker->held == NULL)
            return false;
    }
    stress_self = &run->workers[n - 1];
    return true;
}

static int make_pool(struct stress_run *run)
{
    const struct stress_params *params = run->params;

    run->config = (struct cgdt_config){.struct_bytes = sizeof(struct cgdt_config),
                                       .layout = layouts[params->layout].layout,
                                       .profile = CGDT_PROFILE_XEN_PV64,
                                       .max_cpus = params->cpus,
                                       .serialized = params->serialized,
                                       .template_descs = stress_template,
                                       .template_entries = STRESS_TEMPLATE};
    run->owners = calloc(params->cpus, sizeof(*run->owners));
    run->cpus = calloc(params->cpus, sizeof(*run->cpus));
    if (run->owners == NULL || run->cpus == NULL || !make_workers(run))
        return -CGDT_ENOMEM;
    int error = stress_port_open(run);
    if (error < 0)
        return error;
    const size_t bytes = cgdt_pool_bytes(&run->config);
    run->memory = aligned_alloc(CGDT_POOL_ALIGN,
                                (bytes + CGDT_POOL_ALIGN - 1) / CGDT_POOL_ALIGN * CGDT_POOL_ALIGN);
    if (run->memory == NULL)
        return -CGDT_ENOMEM;
    error = cgdt_pool_init(&run->pool, run->memory, bytes, &run->config);
    if (error == 0)
        error = cgdt_seal(run->pool);
    for (uint32_t i = 0; error == 0 && i < params->threads; i++)
        error = stress_open_cache(&run->workers[i]);
    /* From here on only: a pool that cannot be made proves nothing. */
    run->fault_limit = (uint64_t)(params->fault_rate * 4294967296.0);
    return error;
}

static void dispose(struct stress_run *run)
{
    for (uint32_t i = 0; run->workers != NULL && i <= run->params->threads; i++)
        free(run->workers[i].held);
    free(run->workers);
    free((void *)run->owners);
    free(run->cpus);
    stress_port_close(run);
    free(run->memory);
}

static uint64_t operations_so_far(const struct stress_run *run)
{
    uint64_t operations = 0;

    for (uint32_t i = 0; i < run->params->threads; i++)
        operations += atomic_load_explicit(&run->workers[i].operations, memory_order_relaxed);
    return operations;
}

/*
 * All threads but this one wait: is it enough, and if not, how many steps until the next meeting?
 */
static void meet(struct stress_worker *worker, uint64_t round)
{
    struct stress_run *run = worker->run;
    const struct stress_params *params = run->params;
    const uint64_t operations = operations_so_far(run);
    uint64_t steps = (params->cpus > SMALL_CPUS ? ROUND_STEPS : SMALL_STEPS) / params->threads;

    run->finished =
        atomic_load_explicit(&run->stop, memory_order_relaxed) ||
        (params->enough != NULL && atomic_load_explicit(params->enough, memory_order_relaxed)) ||
        (params->operations != 0 && operations >= params->operations) ||
        (params->seconds > 0 && seconds_so_far(run) >= params->seconds);
    if (run->finished || round % (run->n_pages / VERIFY_PAGES + 1) == 0)
        if (!atomic_load_explicit(&run->stop, memory_order_relaxed))
            stress_verify_pool(worker);
    if (params->operations != 0 && operations < params->operations) {
        const uint64_t left = (params->operations - operations) / params->threads / 2 + 1;

        if (left < steps)
            steps = left;
    }
    run->round_steps = steps;
}

static void *work(void *arg)
{
    struct stress_worker *worker = arg;
    struct stress_run *run = worker->run;

    stress_self = worker;
    for (uint64_t round = 0;; round++) {
        if (pthread_barrier_wait(&run->barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            meet(worker, round);
        (void)pthread_barrier_wait(&run->barrier);
        if (run->finished)
            break;
        stress_steps(worker, run->round_steps);
        stress_flush_cache(worker);
    }
    if (!atomic_load_explicit(&run->stop, memory_order_relaxed))
        stress_drain(worker);
    stress_flush_cache(worker);
    return NULL;
}

/* Occupancy of every `pages` / STRESS_MAP_CELLS pages in a row. */
static void draw_map(const struct stress_run *run, struct stress_progress *progress)
{
    static const char shades[] = ".:-=+*#";
    const uint32_t colors = cgdt_colors(&run->config.layout);
    const uint32_t cells = run->n_pages < STRESS_MAP_CELLS ? run->n_pages : STRESS_MAP_CELLS;

    for (uint32_t cell = 0; cell < cells; cell++) {
        const uint32_t first = (uint32_t)((uint64_t)cell * run->n_pages / cells);
        const uint32_t end = (uint32_t)((uint64_t)(cell + 1) * run->n_pages / cells);
        uint32_t mapped = 0;
        uint32_t owned = 0;

        for (uint32_t page = first; page < end; page++) {
            uint64_t bits = 0;

            mapped += cgdt_page_taken(run->pool, page, &bits) > 0;
            owned += (uint32_t)__builtin_popcountll(bits);
        }
        progress->map[cell] =
            mapped == 0 ? ' ' : shades[(uint64_t)owned * 6 / ((uint64_t)colors * (end - first))];
        progress->mapped_pages += mapped;
        progress->taken_slots += owned;
    }
}

static void watch(const struct stress_run *run)
{
    const struct stress_params *params = run->params;
    struct stress_progress progress = {.operations = operations_so_far(run),
                                       .seconds = seconds_so_far(run)};

    if (params->operations != 0)
        progress.share = (double)progress.operations / (double)params->operations;
    if (params->seconds > 0 && progress.seconds / params->seconds > progress.share)
        progress.share = progress.seconds / params->seconds;
    if (progress.share > 1)
        progress.share = 1;
    if (!params->serialized) { /* there even looking would have to be serialised */
        draw_map(run, &progress);
        progress.pages = run->n_pages;
        progress.pool = run->pool;
    }
    params->watch(params->watch_ctx, &progress);
}

/* Wait for a thread, and show meanwhile how it goes. */
static void await(const struct stress_run *run, pthread_t thread)
{
    for (;;) {
        struct timespec until;

        if (run->params->watch == NULL) {
            (void)pthread_join(thread, NULL);
            return;
        }
        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += WATCH_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (pthread_timedjoin_np(thread, NULL, &until) != ETIMEDOUT)
            return;
        watch(run);
    }
}

/* Threads from the first to the last; this one watches. */
static bool run_threads(struct stress_run *run)
{
    const uint32_t n = run->params->threads;
    pthread_t threads[STRESS_MAX_THREADS];

    (void)pthread_barrier_init(&run->barrier, NULL, n);
    (void)clock_gettime(CLOCK_MONOTONIC, &run->began);
    for (uint32_t i = 0; i < n; i++) {
        if (pthread_create(&threads[i], NULL, work, &run->workers[i]) != 0)
            return false; /* the others wait at the barrier for ever: the caller must exit */
    }
    for (uint32_t i = 0; i < n; i++)
        await(run, threads[i]);
    (void)pthread_barrier_destroy(&run->barrier);
    return true;
}

/* Everything was freed: all pages must leave, and the pool with the last page. */
static void finish(struct stress_run *run)
{
    struct stress_worker *worker = &run->workers[run->params->threads];
    struct cgdt_pool_stats stats;
    int result = 0;
    uint32_t tries = 0;

    stress_verify_pool(worker);
    (void)cgdt_reserve(run->pool, 0);
    do {
        worker->faults_off = tries++ > TRIES;
        stress_call(worker);
        result = cgdt_trim(run->pool);
        if (!stress_judge(worker, "trim at the end", result, MAY_HIDE))
            return;
        worker->counts.trim += result > 0 ? (uint64_t)result : 0;
        cgdt_stats(run->pool, &stats, sizeof(stats));
    } while (worker->faults != 0 && stats.mapped_pages + stats.held_pages != 0);
    if (stats.taken_slots != 0 || stats.mapped_pages != 0 || stats.held_pages != 0)
        stress_violation(worker, "pages left after the last trim",
                         &(struct stress_place){.entry = STRESS_NO_ENTRY,
                                                .found = stats.mapped_pages + stats.held_pages});
    for (tries = 0, result = -1; result != 0;) {
        worker->faults_off = tries++ > TRIES;
        stress_call(worker);
        result = cgdt_pool_destroy(run->pool);
        if (!stress_judge(worker, "destroy", result, 0))
            return;
    }
    const uint32_t out = atomic_load_explicit(&run->pages_out, memory_order_relaxed);
    if (out != 0 || (run->hosted != NULL && cgdt_hosted_pages_out(run->hosted) != 0))
        stress_violation(worker, "frames that never came back",
                         &(struct stress_place){.entry = STRESS_NO_ENTRY, .found = out});
}

static void add_counts(struct stress_counts *sum, const struct stress_counts *counts)
{
    const uint64_t *from = (const uint64_t *)counts;
    uint64_t *to = (uint64_t *)sum;

    for (size_t i = 0; i < sizeof(*sum) / sizeof(uint64_t); i++)
        to[i] += from[i];
}

static int cannot_run(struct stress_result *result, const char *why, int error)
{
    (void)snprintf(result->first, sizeof(result->first), "%s: %s (%d)", why, cgdt_error_text(error),
                   error);
    return 2;
}

int stress_run(const struct stress_params *params, struct stress_result *result)
{
    struct stress_run run = {.params = params, .result = result};

    memset(result, 0, sizeof(*result));
    if (!params_valid(params))
        return cannot_run(result, "parameters", -CGDT_EINVAL);
    (void)pthread_mutex_init(&run.report, NULL);
    (void)pthread_mutex_init(&run.patience, NULL);
    const int error = make_pool(&run);
    if (error < 0) {
        dispose(&run);
        return cannot_run(result, "no pool", error);
    }
    if (!run_threads(&run))
        return cannot_run(result, "no threads", -CGDT_ENOMEM);
    result->seconds = seconds_so_far(&run);
    if (result->violations == 0)
        finish(&run);
    for (uint32_t i = 0; i <= params->threads; i++)
        add_counts(&result->counts, &run.workers[i].counts);
    result->operations = stress_operations(&result->counts);
    dispose(&run);
    return result->violations == 0 ? 0 : 1;
}
