/* SPDX-License-Identifier: MIT */
/* `cgdt map --moves`: pages follow the CPUs, an event at a time. */
#ifndef CGDT_TOOLS_MAP_MOVES_H
#define CGDT_TOOLS_MAP_MOVES_H

#include "../stress/engine.h"

#define MAP_MOVES_MAX_CPUS 65536u /* who moves next is asked of all of them */

struct map_moves {
    uint32_t cpus;
    enum stress_layout layout; /* not STRESS_PAGE_PER_CPU: there nobody can move together */
    uint64_t seed;
    double seconds; /* that it shall take, where somebody looks on; 0: no longer than it does */
    const atomic_bool *enough;

    /* After each event, with what is going on. `now`: it is the last one of its kind. */
    void (*show)(void *ctx, const struct stress_progress *progress, const char *phase, bool now);
    void *ctx;
};

/* What came of it, so far as it came. */
struct map_moves_result {
    uint32_t left;    /* CPUs, after most have gone */
    uint32_t pages;   /* of all CPUs */
    uint32_t trimmed; /* of those that are left, where they were */
    uint32_t moves;
    uint32_t moved; /* pages once all have moved */
    double seconds;
    uint64_t violations;
    char first[200];
};

/* 0: as it should be, or interrupted. 1: a violation. 2: could not run, result->first says why. */
int map_moves_run(const struct map_moves *params, struct map_moves_result *result);

#endif
