/* SPDX-License-Identifier: MIT */
/*
 * cgdt-bench: every case, by the name that --benchmark_filter takes. tools/bench runs them all and
 * judges.
 */
#include "cases.h"

#include <string.h>

/*
 * What of a figure is the loop's: by the inline countdown that all cases have, and by a call per
 * iteration.
 */
static void run_countdown(struct bench_state *state, const void *arg)
{
    while (bench_next(state))
        bench_keep(arg);
}

static void run_call(struct bench_state *state, const void *arg)
{
    while (bench_batch(state, 1))
        bench_keep(arg);
}

int main(int argc, char **argv)
{
    struct case_list list = {NULL, 0, 0};

    if (argc == 4 && strcmp(argv[1], "--fresh") == 0)
        return fresh_main(argv[2], argv[3]);
    bench_context("core", "-O2 -mgeneral-regs-only, compiler " __VERSION__);
    bench_context("pool", "live, 32 descriptors to a slot, template of 8, windows of 14 pages");
    case_add(&list, run_countdown, &list, "overhead/countdown");
    case_add(&list, run_call, &list, "overhead/call");
    cases_alloc(&list);
    cases_threads(&list);
    cases_content(&list);
    cases_checker(&list);
    cases_walk(&list);
    cases_growth(&list);
    cases_fresh(&list);
    return bench_main(argc, argv, list.cases, list.n);
}
