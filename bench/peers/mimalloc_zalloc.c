/* SPDX-License-Identifier: MIT */
/* mimalloc: 256 zeroed bytes aligned to 256 by the function that it has for that. See mimalloc.c. */
#include "all.h"

#include <mimalloc.h>

static cgdt_desc_t *table_at(void *ctx, uintptr_t handle)
{
    (void)ctx;
    return (cgdt_desc_t *)handle;
}

static inline uintptr_t take(void *ctx, uint32_t cpu)
{
    cgdt_desc_t *table = mi_zalloc_aligned(PEER_TABLE_BYTES, PEER_TABLE_BYTES);

    (void)ctx;
    (void)cpu;
    if (table != NULL)
        peer_write_template(table);
    return (uintptr_t)table;
}

static inline void give(void *ctx, uintptr_t handle)
{
    (void)ctx;
    mi_free((void *)handle);
}

#include "loops.h"

static void *mimalloc_open(uint32_t tables)
{
    static int nothing;

    (void)tables;
    return &nothing;
}

static void mimalloc_close(void *ctx)
{
    (void)ctx;
}

const struct peer peer_mimalloc_zalloc = {
    .name = "mimalloc-zalloc",
    .what = "mi_zalloc_aligned(256, 256)",
    .table_bytes = PEER_TABLE_BYTES,
    .open = mimalloc_open,
    .close = mimalloc_close,
    PEER_LOOPS,
};
