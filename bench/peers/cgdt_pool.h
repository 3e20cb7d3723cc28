/* SPDX-License-Identifier: MIT */
/*
 * A pool on alloc/port/fixed.c, for the peers that are cgdt itself: over an array that is large
 * enough; the port with the least of its own in the way, since what is compared is the allocator.
 * The pool is live (cgdt_seal() comes first), as it is when CPUs come and go.
 */
#ifndef CGDT_BENCH_CGDT_POOL_H
#define CGDT_BENCH_CGDT_POOL_H

#include "peer.h"

#include <cgdt/cgdt.h>
#include <cgdt/port/fixed.h>

struct pool_peer {
    struct cgdt_fixed fixed;
    struct cgdt_config config;
    struct cgdt_pool *pool;
    void *memory;
};

/* A slot's owner writes through cgdt_write(): see fill of peer.h. */
bool pool_peer_fill(struct cgdt_pool *pool, cgdt_slot_t slot, cgdt_desc_t desc);

/* NULL: no memory. */
struct pool_peer *pool_peer_open(uint32_t tables, bool serialized);

/* The pool has to be empty by now, else it says so: bench/test-runs looks for that. */
void pool_peer_close(struct pool_peer *peer);

static inline cgdt_desc_t *pool_peer_table(const struct pool_peer *peer, cgdt_slot_t slot)
{
    return (cgdt_desc_t *)peer->fixed.pages +
           (size_t)cgdt_slot_page(&peer->config.layout, slot) * CGDT_PAGE_ENTRIES +
           cgdt_slot_offset(&peer->config.layout, slot);
}

#endif
