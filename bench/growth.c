/* SPDX-License-Identifier: MIT */
/* What a pool's size does: to a pair when it is almost full, and to its bookkeeping. */
#include "cases.h"

#include <cgdt/cgdt.h>
#include <cgdt/port/fixed.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * A pair in a pool of n slots, one of which is free. Pools are kept: filling the largest takes
 * seconds.
 */

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
        .struct_bytes = sizeof(struct cgdt_config),
        .port = &cgdt_fixed_port,
        .port_ctx = &fixed,
        .layout = PEER_LAYOUT,
        .profile = CGDT_PROFILE_XEN_PV64,
        .max_cpus = ((const struct peer_case *)arg)->n,
    };
    size_t bytes = 0;

    while (bench_batch(state, 1))
        bytes = cgdt_pool_bytes(&config);
    bench_counter(state, "bytes", (double)bytes);
    bench_counter(state, "cpus", config.max_cpus);
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

static void add_bookkeeping(struct case_list *list)
{
    static const uint32_t sizes[] = {1, 16, 64, 1024, 8192, 65536, 1 << 20, 1 << 24};

    for (uint32_t i = 0; i < COUNT_OF(sizes); i++)
        case_add_peer(list, run_bookkeeping, (struct peer_case){.n = sizes[i]}, "bookkeeping/%u",
                      sizes[i])
            ->iterations = 1;
}

void cases_growth(struct case_list *list)
{
    add_growth(list);
    add_bookkeeping(list);
}
