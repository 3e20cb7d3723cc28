/* SPDX-License-Identifier: MIT */
/*
 * The pool as a whole: trimmed, reserved and checked while others work; verified while they rest.
 */
#define _GNU_SOURCE
#include "state.h"

#include <stdio.h>

#define ORDER_SLOTS 64u /* to allocate in order at a meeting */

static bool trim(struct stress_worker *worker)
{
    stress_call(worker);
    const int result = cgdt_trim(worker->run->pool);
    const bool tells = result <= 0 && (worker->faults >> FAULT_UNSEAL & 1u) != 0;

    worker->counts.trim += result > 0 ? (uint64_t)result : 0;
    return stress_judge(worker, "trim", result, tells ? 0 : MAY_HIDE);
}

static bool reserve(struct stress_worker *worker, uint32_t draw)
{
    const uint32_t n = (draw & 3u) != 0 ? 0 : draw >> 2 & 63u;

    stress_call(worker);
    const int error = cgdt_reserve(worker->run->pool, n);
    worker->counts.reserve += error == 0;
    return stress_judge(worker, "reserve", error, MAY_NOSPC);
}

/*
 * While others are at work, a slot on its way in or out may look unowned and not zero. Nothing else
 * may.
 */
static bool check(struct stress_worker *worker, uint32_t draw)
{
    struct stress_run *run = worker->run;
    const uint32_t per_window = run->config.layout.window_pages;
    const uint32_t windows = (run->n_pages + per_window - 1) / per_window;
    struct cgdt_violation violation;
    char text[200];

    stress_call(worker);
    const int result =
        cgdt_check_window(run->pool, (uint32_t)((uint64_t)draw * windows >> 32), &violation);
    worker->counts.check++;
    if (!stress_judge(worker, "check", result, 0))
        return false;
    if (result != 1 || (violation.reason == CGDT_UNOWNED_NOT_ZERO &&
                        (run->params->threads > 1 || run->fault_limit != 0)))
        return true;
    (void)cgdt_violation_text(&violation, text, sizeof(text));
    stress_violation(worker, text, NULL);
    return false;
}

/* Counts of what changes meanwhile: no moment's, but none beyond what there can be. */
static bool count(struct stress_worker *worker)
{
    const struct stress_run *run = worker->run;
    struct cgdt_pool_stats stats;

    cgdt_stats(run->pool, &stats, sizeof(stats));
    if ((uint64_t)stats.free_slots + stats.taken_slots <= run->config.max_cpus &&
        stats.mapped_pages + stats.held_pages <= run->n_pages)
        return true;
    stress_violation(worker, "stats: more than there can be", NULL);
    return false;
}

bool stress_rare(struct stress_worker *worker, uint32_t draw)
{
    const uint32_t trims = worker->run->params->heavy_trim ? 512 : 8;

    if (draw >> 22 < trims)
        return trim(worker);
    if (draw >> 22 < trims + 4)
        return reserve(worker, draw);
    if (draw >> 22 < trims + 12)
        return check(worker, draw << 10);
    return draw >> 22 < trims + 16 ? count(worker) : true;
}

/*
 * Pages that the pool holds back may still have what a failed call left on them: nobody sees those.
 */
static bool is_held_back(const struct stress_run *run, const struct cgdt_violation *violation)
{
    uint64_t owned;

    return violation->reason == CGDT_UNOWNED_NOT_ZERO &&
           cgdt_page_taken(
               run->pool, violation->window * run->config.layout.window_pages + violation->position,
               &owned) == 0;
}

static void check_pool(struct stress_worker *worker)
{
    struct cgdt_violation violation;
    char text[200];
    const int result = cgdt_check(worker->run->pool, &violation);

    if (result == 0 || (result == 1 && is_held_back(worker->run, &violation)))
        return;
    if (result == 1)
        (void)cgdt_violation_text(&violation, text, sizeof(text));
    else
        (void)snprintf(text, sizeof(text), "cgdt_check answers %d", result);
    stress_violation(worker, text, NULL);
}

static void demand(struct stress_worker *worker, const char *what, uint64_t expected,
                   uint64_t found)
{
    if (expected != found)
        stress_violation(worker, what, &(struct stress_place){0, STRESS_NO_ENTRY, expected, found});
}

/* The next number after `number` that is free on a page in service; max_cpus if there is none. */
static uint32_t next_free(const struct stress_run *run, uint32_t number)
{
    const uint32_t colors = cgdt_colors(&run->config.layout);

    for (number++; number < run->config.max_cpus; number++) {
        uint64_t owned = 0;

        if (cgdt_page_taken(run->pool, number / colors, &owned) != 1)
            number |= colors - 1; /* the next page */
        else if ((owned >> number % colors & 1u) == 0)
            break;
    }
    return number;
}

/*
 * "The lowest free slot": with all threads at rest that is one particular slot, and so are those
 * after it. A summary that has lost sight of a free slot would give another one, or grow.
 */
static void verify_order(struct stress_worker *worker, uint32_t n)
{
    struct stress_run *run = worker->run;
    cgdt_slot_t slots[ORDER_SLOTS];
    uint32_t number = UINT32_MAX;
    uint32_t taken = 0;

    while (taken < n && taken < ORDER_SLOTS) {
        number = next_free(run, number);
        if (cgdt_alloc(run->pool, &slots[taken]) != 0) {
            stress_violation(worker, "alloc fails at rest", NULL);
            break;
        }
        const uint32_t found = cgdt_slot_number(slots[taken++]);
        if (found == number)
            continue;
        stress_violation(worker, "alloc at rest gives another slot than the lowest free one",
                         &(struct stress_place){slots[taken - 1], STRESS_NO_ENTRY, number, found});
        break;
    }
    while (taken > 0) {
        if (cgdt_free(run->pool, slots[--taken]) != 0)
            stress_violation(worker, "free fails at rest", NULL);
    }
}

void stress_verify_pool(struct stress_worker *worker)
{
    struct stress_run *run = worker->run;
    struct cgdt_pool_stats stats;
    uint64_t owned = 0;
    uint64_t listed = 0;

    for (uint32_t i = 0; i < run->params->threads; i++)
        owned += run->workers[i].n_held;
    for (uint32_t cpu = 0; cpu < run->n_cpus; cpu++)
        owned += atomic_load_explicit(&run->cpus[cpu].word, memory_order_relaxed) != 0;
    for (uint32_t slot = 0; slot < run->config.max_cpus; slot++)
        listed += atomic_load_explicit(&run->owners[slot], memory_order_relaxed) != STRESS_NOBODY;
    cgdt_stats(run->pool, &stats, sizeof(stats));
    demand(worker, "slots that threads and CPUs have, and the list of owners", owned, listed);
    demand(worker, "stats: owned slots", owned, stats.taken_slots);
    demand(worker, "stats: sealed pages", stats.mapped_pages, stats.sealed_pages);
    demand(worker, "pages that the port gave, and the pool's",
           atomic_load_explicit(&run->pages_out, memory_order_relaxed),
           stats.mapped_pages + stats.held_pages + stats.common_pages);
    if (run->fault_limit == 0)
        demand(worker, "held pages without a fault", 0, stats.held_pages);
    worker->faults_off = true;
    check_pool(worker);
    verify_order(worker, stats.free_slots);
    worker->faults_off = false;
}
