/* SPDX-License-Identifier: MIT */
/*
 * cgdt itself: concurrent, serialized, and in bulk. The port is alloc/port/fixed.c, over an array
 * that is large enough: the one with the least of its own in the way, since what is compared is the
 * allocator. The pool is live (cgdt_seal() comes first), as it is when CPUs come and go.
 * cgdt_hosted.c has the port with a read-only view.
 */
#include "all.h"

#include <cgdt/cgdt.h>
#include <cgdt/port/fixed.h>
#include <stdio.h>
#include <stdlib.h>

struct pool_peer {
    struct cgdt_fixed fixed;
    struct cgdt_config config;
    struct cgdt_pool *pool;
    void *memory;
};

static cgdt_desc_t *table_at(void *ctx, uintptr_t handle)
{
    const struct pool_peer *peer = ctx;
    const cgdt_slot_t slot = (cgdt_slot_t)handle;

    return (cgdt_desc_t *)peer->fixed.pages +
           (size_t)cgdt_slot_page(&peer->config.layout, slot) * CGDT_PAGE_ENTRIES +
           cgdt_slot_offset(&peer->config.layout, slot);
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

static bool pool_write(void *ctx, const uintptr_t *handles, uint32_t i, const cgdt_desc_t *descs)
{
    const struct pool_peer *peer = ctx;

    return cgdt_write(peer->pool, (cgdt_slot_t)handles[i], 1, descs, PEER_TABLE_ENTRIES - 1) == 0;
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

static bool bulk_write(void *ctx, const uintptr_t *handles, uint32_t i, const cgdt_desc_t *descs)
{
    const uintptr_t handle = ((const cgdt_slot_t *)(const void *)handles)[i];

    return pool_write(ctx, &handle, 0, descs);
}

static size_t pages_bytes(const struct pool_peer *peer)
{
    return (size_t)peer->fixed.count * CGDT_PAGE_BYTES;
}

static void pool_close(void *ctx)
{
    struct pool_peer *peer = ctx;

    if (peer->pool != NULL && cgdt_pool_destroy(peer->pool) != 0)
        fputs("cgdt-bench: slots were lost\n", stderr); /* test-runs looks for it */
    if (peer->fixed.pages != NULL)
        peer_memory_free(peer->fixed.pages, pages_bytes(peer));
    free(peer->memory);
    free(peer);
}

static bool make_pool(struct pool_peer *peer)
{
    const size_t bytes = cgdt_pool_bytes(&peer->config);
    const size_t rounded = (bytes + CGDT_POOL_ALIGN - 1) / CGDT_POOL_ALIGN * CGDT_POOL_ALIGN;

    peer->fixed.pages = peer_memory(pages_bytes(peer));
    peer->memory = aligned_alloc(CGDT_POOL_ALIGN, rounded);
    return peer->fixed.pages != NULL && peer->memory != NULL &&
           cgdt_pool_init(&peer->pool, peer->memory, bytes, &peer->config) == 0 &&
           cgdt_seal(peer->pool) == 0;
}

static void *pool_open(uint32_t tables, bool serialized)
{
    struct pool_peer *peer = calloc(1, sizeof(*peer));

    if (peer == NULL)
        return NULL;
    peer->config = (struct cgdt_config){
        .struct_bytes = sizeof(struct cgdt_config),
        .port = &cgdt_fixed_port,
        .port_ctx = &peer->fixed,
        .layout = PEER_LAYOUT,
        .profile = CGDT_PROFILE_XEN_PV64,
        .max_cpus = tables,
        .serialized = serialized,
        .template_descs = peer_template,
        .template_entries = PEER_TEMPLATE_ENTRIES,
    };
    peer->fixed.count = (tables - 1) / cgdt_colors(&peer->config.layout) + 1;
    if (make_pool(peer))
        return peer;
    pool_close(peer);
    return NULL;
}

static void *concurrent_open(uint32_t tables)
{
    return pool_open(tables, false);
}

static void *serialized_open(uint32_t tables)
{
    return pool_open(tables, true);
}

const struct peer peer_cgdt_concurrent = {
    .name = "cgdt-concurrent",
    .what = "cgdt_alloc() and cgdt_free(), any CPU at any time",
    .max_tables = CGDT_MAX_SLOTS,
    .table_bytes = PEER_TABLE_BYTES,
    .open = concurrent_open,
    .close = pool_close,
    .write = pool_write,
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
    .write = pool_write,
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
    .write = bulk_write,
};
