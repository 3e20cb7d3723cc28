/* SPDX-License-Identifier: MIT */
/*
 * cgdt-bench: every case, by the name that --benchmark_filter takes. tools/bench runs them all and judges.
 */
#define _GNU_SOURCE

#include "cases.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void give_up(void)
{
    fputs("cgdt-bench: no memory for the list of cases\n", stderr);
    exit(1);
}

static struct bench_case *add(struct case_list *list, case_run *run, const void *arg,
                              const char *format, va_list args)
{
    char *name;

    if (list->n == list->room) {
        list->room = list->room == 0 ? 64 : 2 * list->room;
        list->cases = realloc(list->cases, list->room * sizeof(*list->cases));
    }
    if (list->cases == NULL || vasprintf(&name, format, args) < 0)
        give_up();
    list->cases[list->n] = (struct bench_case){.name = name, .run = run, .arg = arg};
    return &list->cases[list->n++];
}

struct bench_case *case_add(struct case_list *list, case_run *run, const void *arg,
                            const char *format, ...)
{
    struct bench_case *added;
    va_list args;

    va_start(args, format);
    added = add(list, run, arg, format, args);
    va_end(args);
    return added;
}

struct bench_case *case_add_peer(struct case_list *list, case_run *run, struct peer_case about,
                                 const char *format, ...)
{
    struct peer_case *kept = malloc(sizeof(*kept));
    struct bench_case *added;
    va_list args;

    if (kept == NULL)
        give_up();
    *kept = about;
    va_start(args, format);
    added = add(list, run, kept, format, args);
    va_end(args);
    return added;
}

/* What of a figure is the loop's: by the inline countdown that all cases have, and by a call per iteration. */
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
