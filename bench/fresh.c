/* SPDX-License-Identifier: MIT */
/*
 * What can be measured once in a process only, since allocators keep what they once had: the memory
 * that N tables make resident, and the first bring-up, in which every page comes from the system.
 * Each figure is a child's.
 */
#define _GNU_SOURCE

#include "cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What a child says. */
struct figures {
    double bytes; /* that became resident */
    double ns;    /* from open() to the last table */
};

static long resident_pages(void)
{
    long pages = -1;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1)
        pages = -1;
    if (file != NULL)
        (void)fclose(file);
    return pages;
}

static double now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

int fresh_main(const char *peer_name, const char *tables)
{
    const struct peer *peer = peer_find(peer_name);
    const uint32_t n = (uint32_t)strtoul(tables, NULL, 10);
    uintptr_t *handles = n == 0 ? NULL : malloc(n * sizeof(*handles));

    if (peer == NULL || handles == NULL)
        return 1;
    memset(handles, 1, n * sizeof(*handles)); /* resident before, so that it does not count */
    (void)resident_pages();
    const long before = resident_pages();
    const double begin = now_ns();
    void *ctx = peer->open(n);
    if (ctx == NULL || !peer->take_many(ctx, 0, n, handles))
        return 1;
    const double end = now_ns();
    const long after = resident_pages();
    if (before < 0 || after < before)
        return 1;
    printf("%ld %.0f\n", (after - before) * (long)CGDT_PAGE_BYTES, end - begin);
    return 0;
}

static bool ask_child(const struct peer_case *it, struct figures *said)
{
    char command[128];
    char self[1024] = {0};
    FILE *child;
    bool fine;

    /* Not $0: the benchmark may have been started by any name. */
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 ||
        setenv("BENCH_SELF", self, 1) != 0)
        return false;
    (void)snprintf(command, sizeof(command), "exec \"$BENCH_SELF\" --fresh %s %u", it->peer->name,
                   it->n);
    child = popen(command, "re");
    if (child == NULL)
        return false;
    fine = fscanf(child, "%lf %lf", &said->bytes, &said->ns) == 2;
    return pclose(child) == 0 && fine;
}

static bool ask_once(struct bench_state *state, const struct peer_case *it, struct figures *said)
{
    bool fine = true;

    while (fine && bench_batch(state, 1))
        fine = ask_child(it, said);
    if (!fine)
        bench_skip(state, "the process that was to be measured failed");
    return fine;
}

static void run_resident(struct bench_state *state, const void *arg)
{
    struct figures said = {0, 0};

    if (ask_once(state, arg, &said))
        bench_counter(state, "bytes", said.bytes);
}

static void run_first(struct bench_state *state, const void *arg)
{
    const struct peer_case *it = arg;
    struct figures said = {0, 0};

    if (ask_once(state, it, &said))
        bench_counter(state, "ns", said.ns / it->n);
}

static void add(struct case_list *list, case_run *run, const char *name, const struct peer *peer)
{
    static const uint32_t sizes[] = {1024, 8192, 65536};

    for (uint32_t i = 0; i < COUNT_OF(sizes); i++)
        if (peer->max_tables == 0 || sizes[i] <= peer->max_tables)
            case_add_peer(list, run, (struct peer_case){.peer = peer, .n = sizes[i]}, "%s/%s/%u",
                          name, peer->name, sizes[i])
                ->iterations = 1;
}

void cases_fresh(struct case_list *list)
{
    for (uint32_t i = 0; i < peers_count; i++) {
        if (peers[i]->general)
            continue;
        add(list, run_first, "first", peers[i]);
        if (!peers[i]->two_views)
            add(list, run_resident, "resident", peers[i]);
    }
}
