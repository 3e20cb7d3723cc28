/* SPDX-License-Identifier: MIT */
/* Bodies that run the engine of `cgdt stress`; bodies.h says what each claims. */
#include "bodies.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MOST_RUNS 1000u /* then it is not the machine */
#define SEED_STEP 1000u

static int run(const struct stress_params *params, struct stress_result *result)
{
    const int status = stress_run(params, result);

    printf("%s %s: %" PRIu64 " operations in %.1f s, %" PRIu64 " faults, %" PRIu64
           " pages trimmed, %" PRIu64 " times full, %" PRIu64 " races lost\n",
           stress_layout_name(params->layout), params->hosted ? "hosted" : "fixed",
           result->operations, result->seconds, result->counts.faults, result->counts.trim,
           result->counts.full, result->counts.lost);
    if (status != 0)
        fprintf(stderr, "%s (seed %" PRIu64 ")\n", result->first, params->seed);
    return status;
}

/* What has happened in one or more runs. */
static void add(struct stress_counts *sum, const struct stress_counts *counts)
{
    sum->online += counts->online;
    sum->stale += counts->stale;
    sum->lost += counts->lost;
    sum->full += counts->full;
    sum->cached += counts->cached;
    sum->moved += counts->moved;
    sum->trim += counts->trim;
    sum->faults += counts->faults;
}

/* There are pages to move between, and CPUs enough that some have to. */
static bool may_move(const struct stress_params *params)
{
    return params->cpus > 128 && params->layout != STRESS_PAGE_PER_CPU;
}

/* A run that never met what it was to stress proves nothing. What is missing, or NULL. */
static const char *missing(const struct stress_params *params, const struct stress_counts *sum)
{
    const struct {
        const char *what;
        bool wanted;
        uint64_t count;
    } events[] = {
        {"CPU online", true, sum->online},
        {"stale handle", true, sum->stale},
        {"CPU that two threads wanted", params->threads > 1, sum->lost},
        {"full pool", params->full, sum->full},
        {"slot through a cache", params->cache_slots != 0, sum->cached},
        {"slot that moved", may_move(params), sum->moved},
        {"window given back", params->heavy_trim, sum->trim},
        {"fault", params->fault_rate > 0, sum->faults},
    };

    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        if (events[i].wanted && events[i].count == 0)
            return events[i].what;
    return NULL;
}

/* On a busy machine threads meet less often: again, with other seeds, until they have. */
int stress_body_run(const struct stress_params *params)
{
    struct stress_params again = *params;
    struct stress_counts sum = {0};
    struct stress_result result;

    for (uint32_t runs = 0; runs < MOST_RUNS; runs++, again.seed += SEED_STEP) {
        if (run(&again, &result) != 0)
            return 1;
        add(&sum, &result.counts);
        if (missing(params, &sum) == NULL)
            return 0;
    }
    fprintf(stderr, "%u runs had no %s\n", MOST_RUNS, missing(params, &sum));
    return 1;
}

int stress_body_repeats(const struct stress_params *params)
{
    struct stress_result first;
    struct stress_result second;

    if (run(params, &first) != 0 || run(params, &second) != 0)
        return 1;
    if (memcmp(&first.counts, &second.counts, sizeof(first.counts)) == 0)
        return 0;
    fputs("the same seed gave another run\n", stderr);
    return 1;
}
