/* SPDX-License-Identifier: MIT */
/*
 * What an allocator does, on one thread: a pair, bring-up and tear-down, churn; the same for every
 * peer.
 */
#include "cases.h"

#include <stdlib.h>

/* Tables that a pair's allocator is ready for, and those that other CPUs have meanwhile. */
#define PAIR_TABLES 1024u
#define PAIR_HELD   8u

/* With nothing else allocated, mimalloc would give its page back each time. */
static void run_pair(struct bench_state *state, const void *arg)
{
    const struct peer *peer = ((const struct peer_case *)arg)->peer;
    uintptr_t held[PAIR_HELD];
    void *ctx = peer->open(PAIR_TABLES);
    const bool holds = ctx != NULL && peer->take_many(ctx, 1, PAIR_HELD, held);
    bool fine = holds && peer->pairs(ctx, 64);

    while (fine && bench_batch(state, BENCH_STRIDE))
        fine = peer->pairs(ctx, BENCH_STRIDE);
    if (!fine)
        bench_skip(state, "no table could be had");
    if (holds)
        peer->give_many(ctx, PAIR_HELD, held);
    if (ctx != NULL)
        peer->close(ctx);
    bench_items(state, 1);
    bench_label(state, peer->what);
}

/*
 * Bring n CPUs up, take n CPUs down. It has been done once before, so that everybody has the memory
 * at hand: what it takes to get it from the system is the system's.
 */
static void run_bring_up(struct bench_state *state, const void *arg)
{
    const struct peer_case *it = arg;
    const struct peer *peer = it->peer;
    void *ctx = peer->open(it->n);
    uintptr_t *handles = calloc(it->n, sizeof(*handles));
    bool fine = ctx != NULL && handles != NULL && peer->take_many(ctx, 0, it->n, handles);

    if (fine)
        peer->give_many(ctx, it->n, handles);
    while (fine && bench_batch(state, 1)) {
        fine = peer->take_many(ctx, 0, it->n, handles);
        if (fine)
            peer->give_many(ctx, it->n, handles);
    }
    if (!fine)
        bench_skip(state, "no table could be had");
    free(handles);
    if (ctx != NULL)
        peer->close(ctx);
    bench_items(state, it->n);
}

/* CPUs in random order, the first `full` of them with a table. */
static bool churn_begin(struct churn *churn, const struct peer_case *it, void *ctx)
{
    *churn = (struct churn){.places = it->n,
                            .full = (uint32_t)((uint64_t)it->n * it->percent / 100),
                            .random = 0x9e3779b97f4a7c15ull,
                            .cpus = calloc(it->n, sizeof(*churn->cpus)),
                            .handles = calloc(it->n, sizeof(*churn->handles))};
    if (ctx == NULL || churn->cpus == NULL || churn->handles == NULL)
        return false;
    for (uint32_t i = 0; i < it->n; i++) {
        const uint32_t other = (uint32_t)(peer_random(&churn->random) % (i + 1));

        churn->cpus[i] = churn->cpus[other];
        churn->cpus[other] = i;
    }
    for (uint32_t i = 0; i < churn->full; i++)
        if (!it->peer->take_many(ctx, churn->cpus[i], 1, &churn->handles[i]))
            return false;
    /*
     * Each place changes some four times, so that it does not matter how the tables were laid out
     * first.
     */
    return it->peer->churn(ctx, churn, 4 * it->n);
}

static void run_churn(struct bench_state *state, const void *arg)
{
    const struct peer_case *it = arg;
    void *ctx = it->peer->open(it->n);
    struct churn churn;
    bool fine = churn_begin(&churn, it, ctx);

    while (fine && bench_batch(state, BENCH_STRIDE))
        fine = it->peer->churn(ctx, &churn, BENCH_STRIDE);
    if (!fine)
        bench_skip(state, "no table could be had");
    for (uint32_t i = 0; churn.handles != NULL && i < churn.full && churn.handles[i] != 0; i++)
        it->peer->give_many(ctx, 1, &churn.handles[i]);
    free(churn.cpus);
    free(churn.handles);
    if (ctx != NULL)
        it->peer->close(ctx);
    bench_items(state, 1);
}

static bool can_have(const struct peer *peer, uint32_t tables)
{
    return peer->max_tables == 0 || tables <= peer->max_tables;
}

static void add_bring_up(struct case_list *list, const struct peer *peer)
{
    static const uint32_t sizes[] = {16, 256, 1024, 4096, 16384, 65536};
    static const uint32_t few_sizes[] = {1024, 65536};
    const uint32_t *chosen = peer->general ? few_sizes : sizes;
    const uint32_t n = peer->general ? COUNT_OF(few_sizes) : COUNT_OF(sizes);

    for (uint32_t i = 0; i < n; i++)
        if (can_have(peer, chosen[i]))
            case_add_peer(list, run_bring_up, (struct peer_case){.peer = peer, .n = chosen[i]},
                          "bring-up/%s/%u", peer->name, chosen[i]);
}

static void add_churn(struct case_list *list, const struct peer *peer)
{
    static const uint32_t sizes[] = {1024, 65536};
    static const uint32_t percents[] = {50, 95};

    for (uint32_t i = 0; i < COUNT_OF(sizes); i++)
        for (uint32_t k = 0; can_have(peer, sizes[i]) && k < COUNT_OF(percents); k++)
            case_add_peer(list, run_churn,
                          (struct peer_case){.peer = peer, .n = sizes[i], .percent = percents[k]},
                          "churn-%u/%s/%u", percents[k], peer->name, sizes[i]);
}

void cases_alloc(struct case_list *list)
{
    for (uint32_t i = 0; i < peers_count; i++) {
        if (!peers[i]->in_bulk)
            case_add_peer(list, run_pair, (struct peer_case){.peer = peers[i]}, "pair/%s",
                          peers[i]->name);
        add_bring_up(list, peers[i]);
        if (!peers[i]->in_bulk && !peers[i]->general)
            add_churn(list, peers[i]);
    }
}
