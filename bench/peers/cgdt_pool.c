/* SPDX-License-Identifier: MIT */
/* See cgdt_pool.h. */
#include "cgdt_pool.h"

#include <stdio.h>
#include <stdlib.h>

static size_t pages_bytes(const struct pool_peer *peer)
{
    return (size_t)peer->fixed.count * CGDT_PAGE_BYTES;
}

void pool_peer_close(struct pool_peer *peer)
{
    if (peer->pool != NULL && cgdt_pool_destroy(peer->pool) != 0)
        fputs("cgdt-bench: slots were lost\n", stderr);
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

bool pool_peer_fill(struct cgdt_pool *pool, cgdt_slot_t slot, cgdt_desc_t desc)
{
    cgdt_desc_t descs[PEER_TABLE_ENTRIES - 1];

    for (uint32_t i = 0; i < PEER_TABLE_ENTRIES - 1; i++)
        descs[i] = desc;
    return cgdt_write(pool, slot, 1, descs, PEER_TABLE_ENTRIES - 1) == 0;
}

struct pool_peer *pool_peer_open(uint32_t tables, bool serialized)
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
    pool_peer_close(peer);
    return NULL;
}
