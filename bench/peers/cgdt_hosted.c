/* SPDX-License-Identifier: MIT */
/*
 * cgdt on the hosted port, concurrent: a CPU's view of the page is mapped read-only, and each
 * change goes through another mapping, as it does in a kernel that keeps its GDT pages read-only.
 */
#include "all.h"
#include "cgdt_pool.h"

#include <cgdt/port/hosted.h>
#include <stdio.h>
#include <stdlib.h>

struct hosted_peer {
    struct cgdt_hosted *hosted;
    struct cgdt_pool *pool;
    void *memory;
};

/* The read-write view: what the loops look at. */
static cgdt_desc_t *table_at(void *ctx, uintptr_t handle)
{
    const struct hosted_peer *peer = ctx;
    const cgdt_slot_t slot = (cgdt_slot_t)handle;
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t n;
    uint32_t entries;

    if (cgdt_frames(peer->pool, slot, frames, &n, &entries) != 0)
        return NULL;
    return cgdt_hosted_frame_page(peer->hosted, frames[n - 1]) +
           cgdt_slot_offset(cgdt_pool_layout(peer->pool), slot);
}

static inline uintptr_t take(void *ctx, uint32_t cpu)
{
    const struct hosted_peer *peer = ctx;
    cgdt_slot_t slot;

    (void)cpu;
    (void)cgdt_alloc(peer->pool, &slot); /* CGDT_NO_SLOT on failure */
    return slot;
}

static inline void give(void *ctx, uintptr_t handle)
{
    const struct hosted_peer *peer = ctx;

    (void)cgdt_free(peer->pool, (cgdt_slot_t)handle);
}

#include "loops.h"

static bool hosted_fill(void *ctx, const uintptr_t *handles, uint32_t i, cgdt_desc_t desc)
{
    const struct hosted_peer *peer = ctx;

    return pool_peer_fill(peer->pool, (cgdt_slot_t)handles[i], desc);
}

static void hosted_close(void *ctx)
{
    struct hosted_peer *peer = ctx;

    if (peer->pool != NULL && cgdt_pool_destroy(peer->pool) != 0)
        fputs("cgdt-bench: slots were lost\n", stderr); /* test-runs looks for it */
    cgdt_hosted_destroy(peer->hosted);
    free(peer->memory);
    free(peer);
}

static bool make_pool(struct hosted_peer *peer, const struct cgdt_config *config)
{
    const size_t bytes = cgdt_pool_bytes(config);
    const size_t rounded = (bytes + CGDT_POOL_ALIGN - 1) / CGDT_POOL_ALIGN * CGDT_POOL_ALIGN;

    peer->memory = aligned_alloc(CGDT_POOL_ALIGN, rounded);
    return peer->memory != NULL && cgdt_pool_init(&peer->pool, peer->memory, bytes, config) == 0 &&
           cgdt_seal(peer->pool) == 0;
}

static void *hosted_open(uint32_t tables)
{
    struct hosted_peer *peer = calloc(1, sizeof(*peer));
    const struct cgdt_layout layout = PEER_LAYOUT;
    const struct cgdt_hosted_config hosted_config = {.max_cpus = tables, .layout = layout};

    if (peer == NULL)
        return NULL;
    if (cgdt_hosted_create(&peer->hosted, &hosted_config) == 0 &&
        make_pool(peer, &(struct cgdt_config){.struct_bytes = sizeof(struct cgdt_config),
                                              .port = &cgdt_hosted_port,
                                              .port_ctx = peer->hosted,
                                              .layout = layout,
                                              .profile = CGDT_PROFILE_XEN_PV64,
                                              .max_cpus = tables,
                                              .template_descs = peer_template,
                                              .template_entries = PEER_TEMPLATE_ENTRIES}))
        return peer;
    hosted_close(peer);
    return NULL;
}

const struct peer peer_cgdt_hosted = {
    .name = "cgdt-hosted",
    .what = "cgdt-concurrent on the hosted port: pages mapped read-only",
    .max_tables = 65536,
    .table_bytes = PEER_TABLE_BYTES,
    .two_views = true,
    .open = hosted_open,
    .close = hosted_close,
    .fill = hosted_fill,
    PEER_LOOPS,
};
