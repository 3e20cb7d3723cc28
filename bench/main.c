/* SPDX-License-Identifier: MIT */
/*
 * cgdt-bench: every case, by the name that --benchmark_filter takes. tools/bench runs them all and judges.
 */
#define _GNU_SOURCE

#include "cases.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

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

/* An empty loop and one with a store: what of a figure is the loop's. */
static void run_empty(struct bench_state *state, const void *arg)
{
    while (bench_next(state))
        bench_keep(arg);
}

int main(int argc, char **argv)
{
    struct case_list list = {NULL, 0, 0};

    case_add(&list, run_empty, &list, "overhead/bench_next");
    cases_alloc(&list);
    return bench_main(argc, argv, list.cases, list.n);
}
