/* SPDX-License-Identifier: MIT */
/*
 * tcmalloc: 256 bytes aligned to 256, with its thread caches as they come. Zeroed by us, see
 * mimalloc_loops.h.
 */
#include "allocator.h"

#include <gperftools/tcmalloc.h>

static inline uintptr_t take(void *ctx, uint32_t cpu)
{
    cgdt_desc_t *table = tc_memalign(PEER_TABLE_BYTES, PEER_TABLE_BYTES);

    (void)ctx;
    (void)cpu;
    if (table != NULL)
        peer_write_table(table);
    return (uintptr_t)table;
}

static inline void give(void *ctx, uintptr_t handle)
{
    (void)ctx;
    tc_free((void *)handle);
}

#include "loops.h"

const struct peer PEER_SYMBOL(peer_tcmalloc) = {
    .name = PEER_NAME("tcmalloc"),
    .what = "tc_memalign(256, 256)",
    .table_bytes = PEER_TABLE_BYTES,
    .open = open_nothing,
    .close = close_nothing,
    PEER_LOOPS,
};
