/* SPDX-License-Identifier: MIT */
/*
 * mimalloc without the alignment: not the same work, since such a table could not be in a GDT page. What mimalloc
 * would take if aligned tables cost it nothing more: a version after 2.0.9 may come near that.
 */
#include "allocator.h"

#include <mimalloc.h>

static inline uintptr_t take(void *ctx, uint32_t cpu)
{
    cgdt_desc_t *table = mi_malloc(PEER_TABLE_BYTES);

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

const struct peer peer_mimalloc_unaligned = {
    .name = "mimalloc-unaligned",
    .what = "mi_malloc(256), at any address: not the same work",
    .table_bytes = PEER_TABLE_BYTES,
    .any_address = true,
    .open = open_nothing,
    .close = close_nothing,
    PEER_LOOPS,
};
