/* SPDX-License-Identifier: MIT */
/* Runs one scenario in every schedule, and looks at each one's end. */
#ifndef CGDT_TESTS_RUN_H
#define CGDT_TESTS_RUN_H

#include "scenario.h"

struct run {
    struct exploration_result result;
    unsigned states;   /* different states of memory at the end */
    unsigned outcomes; /* different answers and states */
};

struct how {
    unsigned bound;     /* preemptions, or UNBOUNDED */
    bool store_buffers; /* as struct exploration has them */
    bool again;         /* count only what the run before this one has not seen */
};

void run_scenario(const struct scenario *scenario, const struct how *how, struct run *run);

/* The calls of the last schedule and what they answered. */
void run_print_calls(FILE *to);

#endif
