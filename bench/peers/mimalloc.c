/* SPDX-License-Identifier: MIT */
/*
 * mimalloc: 256 bytes aligned to 256. By mi_malloc_aligned_at(), since mi_malloc_aligned() of
 * Debian 12's 2.0.9 gives addresses that are not so aligned (microsoft/mimalloc#700, which
 * bench/selftest.c sees).
 */
#include "allocator.h"

#include <mimalloc.h>

static inline cgdt_desc_t *allocate(void)
{
    return mi_malloc_aligned_at(PEER_TABLE_BYTES, PEER_TABLE_BYTES, 0);
}

#include "mimalloc_loops.h"

const struct peer PEER_SYMBOL(peer_mimalloc) = {
    .name = PEER_NAME("mimalloc"),
    .what = "mi_malloc_aligned_at(256, 256, 0), zeroed by the caller",
    .table_bytes = PEER_TABLE_BYTES,
    .open = open_nothing,
    .close = close_nothing,
    PEER_LOOPS,
};
