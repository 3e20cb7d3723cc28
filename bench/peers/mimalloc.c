/* SPDX-License-Identifier: MIT */
/*
 * mimalloc: 256 bytes aligned to 256. By mi_malloc_aligned_at(), since mi_malloc_aligned() of Debian 12's 2.0.9 gives
 * addresses that are not so aligned (microsoft/mimalloc#700, which bench/selftest.c sees); and zeroed by us, which
 * is quicker than mi_zalloc_aligned().
 */
#include "allocator.h"

#include <mimalloc.h>

static inline uintptr_t take(void *ctx, uint32_t cpu)
{
    cgdt_desc_t *table = mi_malloc_aligned_at(PEER_TABLE_BYTES, PEER_TABLE_BYTES, 0);

    (void)ctx;
    (void)cpu;
    if (table != NULL)
        peer_write_table(table);
    return (uintptr_t)table;
}

static inline void give(void *ctx, uintptr_t handle)
{
    (void)ctx;
    mi_free((void *)handle);
}

#include "loops.h"

const struct peer peer_mimalloc = {
    .name = "mimalloc",
    .what = "mi_malloc_aligned_at(256, 256, 0), zeroed by the caller",
    .table_bytes = PEER_TABLE_BYTES,
    .open = open_nothing,
    .close = close_nothing,
    PEER_LOOPS,
};
