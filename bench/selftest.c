/* SPDX-License-Identifier: MIT */
/*
 * selftest PEER           the peer does the work that all are measured on (peers/peer.h)
 * selftest --forgetful    a peer that does not zero is found out: the test can fail
 * selftest --checker      the plain checkers and cgdt_check_page() give the same answers
 * selftest --list         the peers' names
 *
 * Exit 0: so it is. 1: it is not, and what was seen.
 */
#define _GNU_SOURCE

#include "peers/peers.h"
#include "selftest_checker.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLES 100u

/* Of those that come at once, each with so many tables, so many times; pages take longer. */
#define THREADS            4u
#define THREAD_TABLES      16u
#define THREAD_ROUNDS      100000u
#define THREAD_PAGE_ROUNDS 1000u

/*
 * A descriptor that is not present: whatever a CPU's owner left behind, every allocator must clear
 * it away.
 */
#define SCRIBBLE 0x5a5a5a5a5a5aull

static bool fails(const struct peer *peer, const char *what, uint32_t table)
{
    printf("%s: table %" PRIu32 ": %s\n", peer->name, table, what);
    return false;
}

/* The template, zeros to the end of what the table takes up, aligned to that. */
static bool is_fresh(const struct peer *peer, const cgdt_desc_t *table, uint32_t i)
{
    if (!peer->any_address && (uintptr_t)table % peer->table_bytes != 0)
        return fails(peer, "not aligned", i);
    if (memcmp(table, peer_template, sizeof(peer_template)) != 0)
        return fails(peer, "the template is not in it", i);
    for (uint32_t k = PEER_TEMPLATE_ENTRIES; k < peer->table_bytes / CGDT_DESC_BYTES; k++)
        if (table[k] != 0)
            return fails(peer, "not zero behind the template", i);
    return true;
}

static bool scribble(const struct peer *peer, void *ctx, const uintptr_t *handles, uint32_t i,
                     cgdt_desc_t desc)
{
    cgdt_desc_t *table = peer->table(ctx, handles, i);

    if (peer->fill != NULL)
        return peer->fill(ctx, handles, i, desc) || fails(peer, "could not be written", i);
    for (uint32_t k = 1; k < peer->table_bytes / CGDT_DESC_BYTES; k++)
        table[k] = desc;
    return true;
}

/*
 * All tables out at once: each fresh when all others have been scribbled on, so that no two
 * overlap. What one thread takes another may give.
 */
static bool round_trip(const struct peer *peer, void *ctx, void *other, uintptr_t *handles)
{
    if (!peer->take_many(ctx, 0, TABLES, handles))
        return fails(peer, "could not be had", 0);
    for (uint32_t i = 0; i < TABLES; i++)
        if (!is_fresh(peer, peer->table(ctx, handles, i), i) ||
            !scribble(peer, ctx, handles, i, SCRIBBLE))
            return false;
    peer->give_many(other, TABLES, handles);
    return true;
}

/* The loops that take and give by themselves leave every table free behind them. */
static bool loops(const struct peer *peer, void *ctx, uintptr_t *handles)
{
    uint32_t cpus[TABLES];
    struct churn churn = {
        .places = TABLES, .full = TABLES / 2, .random = 1, .cpus = cpus, .handles = handles};

    if (peer->in_bulk)
        return true;
    for (uint32_t i = 0; i < TABLES; i++)
        cpus[i] = i;
    if (!peer->pairs(ctx, 10 * TABLES) || !peer->take_many(ctx, 0, churn.full, handles) ||
        !peer->churn(ctx, &churn, 10 * TABLES))
        return fails(peer, "could not be had", 0);
    for (uint32_t i = 0; i < churn.full; i++)
        if (!is_fresh(peer, peer->table(ctx, handles, i), i))
            return false;
    peer->give_many(ctx, churn.full, handles);
    return true;
}

/* One of several threads: nobody else has a table that it has. */
struct worker {
    pthread_barrier_t *all_there;
    const struct peer *peer;
    void *ctx;
    uint32_t number;
    bool fine;
};

static bool is_still(const struct peer *peer, void *ctx, const uintptr_t *handles, uint32_t i,
                     cgdt_desc_t desc)
{
    const cgdt_desc_t *table = peer->table(ctx, handles, i);

    for (uint32_t k = 1; k < peer->table_bytes / CGDT_DESC_BYTES; k++)
        if (((const volatile cgdt_desc_t *)table)[k] != desc)
            return fails(peer, "two threads have it", i);
    return true;
}

static void *work(void *arg)
{
    struct worker *worker = arg;
    const struct peer *peer = worker->peer;
    const cgdt_desc_t mine = SCRIBBLE + worker->number;
    uintptr_t handles[THREAD_TABLES];
    uint32_t rounds = peer->table_bytes == PEER_TABLE_BYTES ? THREAD_ROUNDS : THREAD_PAGE_ROUNDS;

    (void)pthread_barrier_wait(worker->all_there);
    for (; worker->fine && rounds > 0; rounds--) {
        if (!peer->take_many(worker->ctx, worker->number * THREAD_TABLES, THREAD_TABLES, handles)) {
            worker->fine = fails(peer, "could not be had", 0);
            break;
        }
        for (uint32_t i = 0; worker->fine && i < THREAD_TABLES; i++)
            worker->fine = is_fresh(peer, peer->table(worker->ctx, handles, i), i) &&
                           scribble(peer, worker->ctx, handles, i, mine);
        for (uint32_t i = 0; worker->fine && i < THREAD_TABLES; i++)
            worker->fine = is_still(peer, worker->ctx, handles, i, mine);
        peer->give_many(worker->ctx, THREAD_TABLES, handles);
    }
    return NULL;
}

static bool threads(const struct peer *peer, void *const ctxs[THREADS])
{
    struct worker workers[THREADS];
    pthread_t ids[THREADS];
    pthread_barrier_t all_there;
    bool fine = true;

    if (pthread_barrier_init(&all_there, NULL, THREADS) != 0)
        abort();
    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){&all_there, peer, ctxs[i], i, true};
        if (pthread_create(&ids[i], NULL, work, &workers[i]) != 0)
            abort();
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        (void)pthread_join(ids[i], NULL);
        fine = fine && workers[i].fine;
    }
    (void)pthread_barrier_destroy(&all_there);
    return fine;
}

static bool use(const struct peer *peer, void *ctx)
{
    uintptr_t handles[TABLES];
    void *ctxs[THREADS];
    bool fine = true;

    for (uint32_t i = 0; i < THREADS; i++) {
        ctxs[i] = peer->thread_open == NULL ? ctx : peer->thread_open(ctx);
        fine = fine && ctxs[i] != NULL;
    }
    for (uint32_t round = 0; fine && round < 3; round++)
        fine = round_trip(peer, ctx, ctxs[round], handles) && loops(peer, ctx, handles);
    fine = fine && (peer->one_thread || threads(peer, ctxs));
    for (uint32_t i = 0; peer->thread_close != NULL && i < THREADS; i++)
        if (ctxs[i] != NULL)
            peer->thread_close(ctxs[i]);
    return fine;
}

static int test_peer(const struct peer *peer)
{
    void *ctx = peer->open(TABLES);
    const bool fine = ctx != NULL && use(peer, ctx);

    if (ctx != NULL)
        peer->close(ctx);
    printf("%s: %s\n", peer->name, fine ? "does the work" : "does not do the work");
    return fine ? 0 : 1;
}

/* A peer that writes the template and leaves the rest as it was. */

static _Alignas(PEER_TABLE_BYTES) cgdt_desc_t stale[TABLES][PEER_TABLE_ENTRIES];

static void *forgetful_open(uint32_t tables)
{
    return tables <= TABLES ? stale : NULL;
}

static void forgetful_close(void *ctx)
{
    (void)ctx;
}

static bool forgetful_take(void *ctx, uint32_t first, uint32_t n, uintptr_t *handles)
{
    (void)ctx;
    for (uint32_t i = 0; i < n; i++) {
        handles[i] = first + i;
        peer_write_template(stale[first + i]);
    }
    return true;
}

static void forgetful_give(void *ctx, uint32_t n, uintptr_t *handles)
{
    (void)ctx;
    (void)n;
    (void)handles;
}

static cgdt_desc_t *forgetful_table(void *ctx, const uintptr_t *handles, uint32_t i)
{
    (void)ctx;
    return stale[handles[i]];
}

static int test_forgetful(void)
{
    static const struct peer forgetful = {.name = "forgetful",
                                          .table_bytes = PEER_TABLE_BYTES,
                                          .in_bulk = true,
                                          .one_thread = true,
                                          .open = forgetful_open,
                                          .close = forgetful_close,
                                          .take_many = forgetful_take,
                                          .give_many = forgetful_give,
                                          .table = forgetful_table};

    return test_peer(&forgetful) == 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
    const struct peer *peer = argc == 2 ? peer_find(argv[1]) : NULL;

    if (argc == 2 && strcmp(argv[1], "--forgetful") == 0)
        return test_forgetful();
    if (argc == 2 && strcmp(argv[1], "--checker") == 0)
        return selftest_checker();
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (uint32_t i = 0; i < peers_count; i++)
            printf("%-24s %s\n", peers[i]->name, peers[i]->what);
        return 0;
    }
    if (peer == NULL) {
        fputs("usage: selftest PEER | --forgetful | --checker | --list\n", stderr);
        return 2;
    }
    return test_peer(peer);
}
