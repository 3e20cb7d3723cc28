/* SPDX-License-Identifier: MIT */
/*
 * cgdt through a cache of slots in the caller's memory: one for whoever calls open(), one more for
 * each thread. The pool is concurrent.
 */
#include "all.h"

#ifdef BENCH_HAVE_CACHE
#include "cgdt_pool.h"

#include <cgdt/cache.h>
#include <stdlib.h>

/*
 * What is in one cache no other can have, so there are as many slots more as all of them may hold:
 * that of open() and 16 threads'.
 */
#define CACHES 17u

struct cache_peer {
    _Alignas(128) struct cgdt_cache cache; /* no line of it is another thread's */
    struct pool_peer *pool;
};

static cgdt_desc_t *table_at(void *ctx, uintptr_t handle)
{
    const struct cache_peer *peer = ctx;

    return pool_peer_table(peer->pool, (cgdt_slot_t)handle);
}

static inline uintptr_t take(void *ctx, uint32_t cpu)
{
    struct cache_peer *peer = ctx;
    cgdt_slot_t slot;

    (void)cpu;
    return cgdt_cache_alloc(&peer->cache, &slot) == 0 ? slot : 0;
}

static inline void give(void *ctx, uintptr_t handle)
{
    struct cache_peer *peer = ctx;

    (void)cgdt_cache_free(&peer->cache, (cgdt_slot_t)handle);
}

#include "loops.h"

static bool cache_fill(void *ctx, const uintptr_t *handles, uint32_t i, cgdt_desc_t desc)
{
    const struct cache_peer *peer = ctx;

    return pool_peer_fill(peer->pool->pool, (cgdt_slot_t)handles[i], desc);
}

static void cache_thread_close(void *ctx)
{
    struct cache_peer *peer = ctx;

    (void)cgdt_cache_flush(&peer->cache);
    free(peer);
}

static void cache_close(void *ctx)
{
    struct pool_peer *pool = ((struct cache_peer *)ctx)->pool;

    cache_thread_close(ctx);
    pool_peer_close(pool);
}

static struct cache_peer *cache_over(struct pool_peer *pool)
{
    struct cache_peer *peer = aligned_alloc(_Alignof(struct cache_peer), sizeof(*peer));

    if (peer == NULL)
        return NULL;
    peer->pool = pool;
    if (cgdt_cache_init(&peer->cache, sizeof(peer->cache), pool->pool) == 0)
        return peer;
    free(peer);
    return NULL;
}

static void *cache_thread_open(void *ctx)
{
    return cache_over(((struct cache_peer *)ctx)->pool);
}

static void *cache_open(uint32_t tables)
{
    struct pool_peer *pool = pool_peer_open(tables + CACHES * CGDT_CACHE_SLOTS, false);
    struct cache_peer *peer = pool == NULL ? NULL : cache_over(pool);

    if (peer == NULL && pool != NULL)
        pool_peer_close(pool);
    return peer;
}

const struct peer peer_cgdt_cache = {
    .name = "cgdt-cache",
    .what = "cgdt_cache_alloc() and cgdt_cache_free(), a cache for each thread",
    .max_tables = 1u << 23, /* and what the caches hold */
    .table_bytes = PEER_TABLE_BYTES,
    .open = cache_open,
    .close = cache_close,
    .thread_open = cache_thread_open,
    .thread_close = cache_thread_close,
    .fill = cache_fill,
    PEER_LOOPS,
};
#endif
