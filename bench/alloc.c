/* SPDX-License-Identifier: MIT */
/* What an allocator does: a pair, bring-up and tear-down, churn; the same for every peer. */
#define _GNU_SOURCE

#include "cases.h"

#include <stdio.h>
#include <stdlib.h>

#define PAIR_TABLES 1024u

static void run_pair(struct bench_state *state, const void *arg)
{
    const struct peer_case *it = arg;
    void *ctx = it->peer->open(PAIR_TABLES);
    bool fine = ctx != NULL && it->peer->pairs(ctx, 64);

    while (fine && bench_batch(state, BENCH_STRIDE))
        fine = it->peer->pairs(ctx, BENCH_STRIDE);
    if (!fine)
        bench_skip(state, "no table could be had");
    if (ctx != NULL)
        it->peer->close(ctx);
    bench_items(state, 1);
}

/* Bring n CPUs up, take n CPUs down. Pages have been mapped before: what is measured is the second boot. */
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

void cases_alloc(struct case_list *list)
{
    static const uint32_t sizes[] = {16, 256, 1024, 4096, 16384, 65536};

    for (uint32_t i = 0; i < peers_count; i++) {
        const struct peer *peer = peers[i];

        if (!peer->in_bulk)
            case_add_peer(list, run_pair, (struct peer_case){.peer = peer}, "pair/%s", peer->name);
        for (uint32_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
            if (peer->max_tables == 0 || sizes[k] <= peer->max_tables)
                case_add_peer(list, run_bring_up, (struct peer_case){.peer = peer, .n = sizes[k]},
                              "bring-up/%s/%u", peer->name, sizes[k]);
    }
}
