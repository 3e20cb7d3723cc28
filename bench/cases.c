/* SPDX-License-Identifier: MIT */
/*
 * The table of cases as it grows. It knows no case: the files with the cases call this one, and
 * main.c calls them.
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
