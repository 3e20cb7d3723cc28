/* SPDX-License-Identifier: MIT */
/*
 * Churn on several threads, where tables are given back by another thread than the one that took
 * them.
 *
 *     thread: take BUNDLE tables -> put them into a random box, get the bundle that was there ->
 *     give its tables
 *
 * Every box always has a full bundle, and every thread an empty one at hand, so nobody waits.
 * Bundles, not tables, change hands, so that the boxes cost next to nothing.
 */
#include "cases.h"

#include <stdlib.h>

#define BUNDLE           64u
#define BOXES_PER_THREAD 4u
#define THREADS          16u

struct bundle {
    uint32_t first; /* CPU number of the first table: a bundle's tables are those of certain CPUs */
    uintptr_t handles[BUNDLE];
};

struct box {
    _Alignas(64) struct bundle *bundle;
};

/*
 * What the threads of one run share: thread 0 makes it before its loop begins, which the others
 * wait for.
 */
static struct {
    void *ctx;
    void *own[THREADS];     /* what each thread uses in its place: the same, or one of its own */
    struct bundle *bundles; /* one per box, then one per thread */
    struct box *boxes;
    uint32_t n_boxes;
    bool fine;
} shared;

static bool open_threads(const struct peer *peer, uint32_t threads)
{
    bool fine = true;

    for (uint32_t i = 0; i < threads; i++) {
        shared.own[i] = peer->thread_open == NULL ? shared.ctx : peer->thread_open(shared.ctx);
        fine = fine && shared.own[i] != NULL;
    }
    return fine;
}

static void close_threads(const struct peer *peer)
{
    for (uint32_t i = 0; i < THREADS; i++) {
        if (peer->thread_close != NULL && shared.own[i] != NULL)
            peer->thread_close(shared.own[i]);
        shared.own[i] = NULL;
    }
}

static void share(const struct peer *peer, uint32_t threads)
{
    const uint32_t n_bundles = threads * (BOXES_PER_THREAD + 1);

    shared.n_boxes = threads * BOXES_PER_THREAD;
    shared.ctx = peer->open(n_bundles * BUNDLE);
    shared.bundles = calloc(n_bundles, sizeof(*shared.bundles));
    shared.boxes = aligned_alloc(sizeof(*shared.boxes), shared.n_boxes * sizeof(*shared.boxes));
    shared.fine = shared.ctx != NULL && shared.bundles != NULL && shared.boxes != NULL &&
                  open_threads(peer, threads);
    for (uint32_t i = 0; shared.fine && i < n_bundles; i++)
        shared.bundles[i].first = i * BUNDLE;
    for (uint32_t i = 0; shared.fine && i < shared.n_boxes; i++) {
        shared.boxes[i].bundle = &shared.bundles[i];
        shared.fine =
            peer->take_many(shared.ctx, i * BUNDLE, BUNDLE, shared.boxes[i].bundle->handles);
    }
}

static void unshare(const struct peer *peer)
{
    for (uint32_t i = 0; shared.fine && i < shared.n_boxes; i++)
        peer->give_many(shared.ctx, BUNDLE, shared.boxes[i].bundle->handles);
    close_threads(peer);
    if (shared.ctx != NULL)
        peer->close(shared.ctx);
    free(shared.bundles);
    free(shared.boxes);
}

/* One bundle out, another in. */
static bool step(const struct peer *peer, void *ctx, struct bundle **mine, uint64_t *random)
{
    struct box *box = &shared.boxes[peer_random(random) % shared.n_boxes];

    if (!peer->take_many(ctx, (*mine)->first, BUNDLE, (*mine)->handles))
        return false;
    *mine = __atomic_exchange_n(&box->bundle, *mine, __ATOMIC_ACQ_REL);
    peer->give_many(ctx, BUNDLE, (*mine)->handles);
    return true;
}

static void run_threads(struct bench_state *state, const void *arg)
{
    const struct peer *peer = ((const struct peer_case *)arg)->peer;
    const uint32_t thread = bench_thread(state);
    uint64_t random = 0x9e3779b97f4a7c15ull * (thread + 1);
    struct bundle *mine = NULL;
    bool fine = true;

    if (thread == 0)
        share(peer, bench_threads(state));
    while (bench_batch(state, 1)) {
        if (mine == NULL && shared.fine)
            mine = &shared.bundles[shared.n_boxes + thread];
        fine = fine && shared.fine && step(peer, shared.own[thread], &mine, &random);
        if (!fine) {
            bench_skip(state, "no table could be had");
            break;
        }
    }
    if (thread == 0) /* the loop's end is where all have waited for each other */
        unshare(peer);
    bench_items(state, BUNDLE);
}

static bool has_threads(const struct peer *peer)
{
    return !peer->one_thread && !peer->general;
}

void cases_threads(struct case_list *list)
{
    for (uint32_t i = 0; i < peers_count; i++)
        for (uint32_t threads = 1; has_threads(peers[i]) && threads <= THREADS; threads *= 2) {
            struct bench_case *added =
                case_add_peer(list, run_threads, (struct peer_case){.peer = peers[i]}, "threads/%s",
                              peers[i]->name);

            added->threads = threads;
            added->wall_clock = true;
        }
}
