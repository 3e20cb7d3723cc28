/* SPDX-License-Identifier: MIT */
/* What size does: to a pair in an almost full pool, to the bookkeeping, to the memory that is resident. */
#define _GNU_SOURCE

#include "cases.h"

#include <cgdt/cgdt.h>
#include <cgdt/port/fixed.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A pair in a pool of n slots, one of which is free. Pools are kept: filling the largest takes seconds. */

struct filled {
    uint32_t n; /* slots */
    const struct peer *peer;
    void *ctx;
};

static bool fill(struct filled *filled)
{
    const struct peer *bulk = peer_find("cgdt-bulk");
    cgdt_slot_t *slots = calloc(filled->n, sizeof(uintptr_t));
    void *ctx = bulk->open(filled->n);
    uint64_t random = 0x9e3779b97f4a7c15ull;

    if (slots == NULL || ctx == NULL ||
        !bulk->take_many(ctx, 0, filled->n, (uintptr_t *)(void *)slots)) {
        free(slots);
        if (ctx != NULL)
            bulk->close(ctx);
        return false;
    }
    slots[0] = slots[peer_random(&random) % filled->n];
    bulk->give_many(ctx, 1, (uintptr_t *)(void *)slots);
    free(slots);
    filled->ctx = ctx;
    return true;
}

/* Whether there is memory for a pool of n: the tables, and as much again for others. */
static bool has_memory(uint32_t n)
{
    const uint64_t pages = (uint64_t)n * PEER_TABLE_BYTES / CGDT_PAGE_BYTES;

    return (uint64_t)sysconf(_SC_AVPHYS_PAGES) > 2 * pages;
}

static void run_growth(struct bench_state *state, const void *arg)
{
    struct filled *filled = *(struct filled *const *)arg; /* cases are const, pools are not */

    if (filled->ctx == NULL && !has_memory(filled->n)) {
        bench_skip(state, "not enough memory here");
        return;
    }
    if (filled->ctx == NULL && !fill(filled)) {
        bench_skip(state, "the pool could not be filled");
        return;
    }
    while (bench_batch(state, BENCH_STRIDE))
        if (!filled->peer->pairs(filled->ctx, BENCH_STRIDE)) {
            bench_skip(state, "no table could be had");
            return;
        }
}

/* Bookkeeping: what a pool asks of its caller. */

static void run_bookkeeping(struct bench_state *state, const void *arg)
{
    static struct cgdt_fixed fixed;
    const struct cgdt_config config = {
        .port = &cgdt_fixed_port,
        .port_ctx = &fixed,
        .layout = PEER_LAYOUT,
        .profile = CGDT_XEN_PV64,
        .max_cpus = ((const struct peer_case *)arg)->n,
    };
    size_t bytes = 0;

    while (bench_batch(state, 1))
        bytes = cgdt_pool_bytes(&config);
    bench_counter(state, "bytes", (double)bytes);
    bench_counter(state, "cpus", config.max_cpus);
}

/* Resident memory, in a process of its own for each figure, since allocators keep what they once had. */

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

int memory_resident(const char *peer_name, const char *tables)
{
    const struct peer *peer = peer_find(peer_name);
    const uint32_t n = (uint32_t)strtoul(tables, NULL, 10);
    uintptr_t *handles = n == 0 ? NULL : malloc(n * sizeof(*handles));

    if (peer == NULL || handles == NULL)
        return 1;
    memset(handles, 1, n * sizeof(*handles)); /* resident before, so that it does not count */
    (void)resident_pages();
    const long before = resident_pages();
    void *ctx = peer->open(n);
    if (ctx == NULL || !peer->take_many(ctx, 0, n, handles))
        return 1;
    const long after = resident_pages();
    if (before < 0 || after < before)
        return 1;
    printf("%ld\n", (after - before) * (long)CGDT_PAGE_BYTES);
    return 0;
}

static bool ask_child(const struct peer_case *it, double *bytes)
{
    char command[128];
    char self[1024] = {0};
    FILE *child;
    bool fine;

    /* Not $0: the benchmark may have been started by any name. */
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 ||
        setenv("BENCH_SELF", self, 1) != 0)
        return false;
    (void)snprintf(command, sizeof(command), "exec \"$BENCH_SELF\" --resident %s %u",
                   it->peer->name, it->n);
    child = popen(command, "re");
    if (child == NULL)
        return false;
    fine = fscanf(child, "%lf", bytes) == 1;
    return pclose(child) == 0 && fine;
}

static void run_resident(struct bench_state *state, const void *arg)
{
    const struct peer_case *it = arg;
    double bytes = 0;
    bool fine = true;

    while (fine && bench_batch(state, 1))
        fine = ask_child(it, &bytes);
    if (!fine) {
        bench_skip(state, "the process that was to be measured failed");
        return;
    }
    bench_counter(state, "bytes", bytes);
    bench_counter(state, "cpus", it->n);
}

static void add_growth(struct case_list *list)
{
    static struct filled filled[] = {{.n = 16},      {.n = 256},     {.n = 1024},
                                     {.n = 16384},   {.n = 1 << 18}, {.n = 1 << 20},
                                     {.n = 1 << 22}, {.n = 1 << 24}};
    static struct filled *at[COUNT_OF(filled)];

    for (uint32_t i = 0; i < COUNT_OF(filled); i++) {
        filled[i].peer = peer_find("cgdt-concurrent");
        at[i] = &filled[i];
        case_add(list, run_growth, &at[i], "growth/%u", filled[i].n);
    }
}

static void add_sizes(struct case_list *list)
{
    static const uint32_t pool_sizes[] = {1, 16, 64, 1024, 8192, 65536, 1 << 20, 1 << 24};
    static const uint32_t resident_sizes[] = {1024, 8192, 65536};

    for (uint32_t i = 0; i < COUNT_OF(pool_sizes); i++)
        case_add_peer(list, run_bookkeeping, (struct peer_case){.n = pool_sizes[i]},
                      "bookkeeping/%u", pool_sizes[i])
            ->iterations = 1;
    for (uint32_t i = 0; i < peers_count; i++)
        for (uint32_t k = 0; k < COUNT_OF(resident_sizes); k++)
            if (!peers[i]->two_views &&
                (peers[i]->max_tables == 0 || resident_sizes[k] <= peers[i]->max_tables))
                case_add_peer(list, run_resident,
                              (struct peer_case){.peer = peers[i], .n = resident_sizes[k]},
                              "resident/%s/%u", peers[i]->name, resident_sizes[k])
                    ->iterations = 1;
}

void cases_memory(struct case_list *list)
{
    add_growth(list);
    add_sizes(list);
}
