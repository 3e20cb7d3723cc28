/* SPDX-License-Identifier: MIT */
/*
 * cgdt itself: concurrent, serialized, and in bulk, on a pool of cgdt_pool.h. cgdt_cache.c has it
 * through a cache, cgdt_hosted.c on the port with a read-only view.
 */
#include "all.h"
#include "cgdt_pool.h"

static cgdt_desc_t *table_at(void *ctx, uintptr_t handle)
{
    return pool_peer_table(ctx, (cgdt_slot_t)handle);
}

static inline uintptr_t take(void *ctx, uint32_t cpu)
{
    const struct pool_peer *peer = ctx;
    cgdt_slot_t slot;

    (void)cpu;
    (void)cgdt_alloc(peer->pool, &slot); /* CGDT_NO_SLOT on failure */
    return slot;
}

static inline void give(void *ctx, uintptr_t handle)
{
    const struct pool_peer *peer = ctx;

    (void)cgdt_free(peer->pool, (cgdt_slot_t)handle);
}

#include "loops.h"

/* In bulk the handles are an array of slots, as the call makes them. */

static bool bulk_take_many(void *ctx, uint32_t first, uint32_t n, uintptr_t *handles)
{
    const struct pool_peer *peer = ctx;

    (void)first;
    return cgdt_alloc_bulk(peer->pool, n, (cgdt_slot_t *)(void *)handles) == 0;
}

static void bulk_give_many(void *ctx, uint32_t n, uintptr_t *handles)
{
    const struct pool_peer *peer = ctx;

    (void)cgdt_free_bulk(peer->pool, n, (cgdt_slot_t *)(void *)handles);
}

static cgdt_desc_t *bulk_table(void *ctx, const uintptr_t *handles, uint32_t i)
{
    return table_at(ctx, ((const cgdt_slot_t *)(const void *)handles)[i]);
}

static bool pool_fill(void *ctx, const uintptr_t *handles, uint32_t i, cgdt_desc_t desc)
{
    const struct pool_peer *peer = ctx;

    return pool_peer_fill(peer->pool, (cgdt_slot_t)handles[i], desc);
}

static bool bulk_fill(void *ctx, const uintptr_t *handles, uint32_t i, cgdt_desc_t desc)
{
    const struct pool_peer *peer = ctx;

    return pool_peer_fill(peer->pool, ((const cgdt_slot_t *)(const void *)handles)[i], desc);
}

static void pool_close(void *ctx)
{
    pool_peer_close(ctx);
}

static void *concurrent_open(uint32_t tables)
{
    return pool_peer_open(tables, false);
}

static void *serialized_open(uint32_t tables)
{
    return pool_peer_open(tables, true);
}

const struct peer peer_cgdt_concurrent = {
    .name = "cgdt-concurrent",
    .what = "cgdt_alloc() and cgdt_free(), any CPU at any time",
    .max_tables = CGDT_MAX_SLOTS,
    .table_bytes = PEER_TABLE_BYTES,
    .open = concurrent_open,
    .close = pool_close,
    .fill = pool_fill,
    PEER_LOOPS,
};

const struct peer peer_cgdt_serialized = {
    .name = "cgdt-serialized",
    .what = "the same in a pool whose callers take turns",
    .max_tables = CGDT_MAX_SLOTS,
    .table_bytes = PEER_TABLE_BYTES,
    .one_thread = true,
    .open = serialized_open,
    .close = pool_close,
    .fill = pool_fill,
    PEER_LOOPS,
};

const struct peer peer_cgdt_bulk = {
    .name = "cgdt-bulk",
    .what = "cgdt_alloc_bulk() and cgdt_free_bulk(); a concurrent pool",
    .max_tables = CGDT_MAX_SLOTS,
    .table_bytes = PEER_TABLE_BYTES,
    .in_bulk = true,
    .open = concurrent_open,
    .close = pool_close,
    .take_many = bulk_take_many,
    .give_many = bulk_give_many,
    .table = bulk_table,
    .fill = bulk_fill,
};
