/* SPDX-License-Identifier: MIT */
/*
 * jemalloc: 256 bytes aligned to 256, with its thread caches as they come. Zeroed by us, see
 * mimalloc_loops.h.
 */
#include "allocator.h"

#include <jemalloc/jemalloc.h>

static inline uintptr_t take(void *ctx, uint32_t cpu)
{
    cgdt_desc_t *table = mallocx(PEER_TABLE_BYTES, MALLOCX_ALIGN(PEER_TABLE_BYTES));

    (void)ctx;
    (void)cpu;
    if (table != NULL)
        peer_write_table(table);
    return (uintptr_t)table;
}

/* The sized form is the quicker. */
static inline void give(void *ctx, uintptr_t handle)
{
    (void)ctx;
    sdallocx((void *)handle, PEER_TABLE_BYTES, MALLOCX_ALIGN(PEER_TABLE_BYTES));
}

#include "loops.h"

const struct peer PEER_SYMBOL(peer_jemalloc) = {
    .name = PEER_NAME("jemalloc"),
    .what = "mallocx(256), aligned to 256",
    .table_bytes = PEER_TABLE_BYTES,
    .open = open_nothing,
    .close = close_nothing,
    PEER_LOOPS,
};
