/* SPDX-License-Identifier: MIT */
/* Bodies that run the engine of `cgdt stress`; bodies.h says what each claims. */
#include "bodies.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

/* A run that never met what it was to stress proves nothing. */
static int demand(bool wanted, uint64_t count, const char *what)
{
    if (!wanted || count != 0)
        return 0;
    fprintf(stderr, "the run had no %s\n", what);
    return 1;
}

int stress_body_run(const struct stress_params *params)
{
    struct stress_result result;

    if (run(params, &result) != 0)
        return 1;
    return demand(true, result.counts.online, "CPU online") |
           demand(true, result.counts.stale, "stale handle") |
           demand(params->threads > 1, result.counts.lost, "CPU that two threads wanted") |
           demand(params->full, result.counts.full, "full pool") |
           demand(params->heavy_trim, result.counts.trim, "window given back") |
           demand(params->fault_rate > 0, result.counts.faults, "fault");
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
