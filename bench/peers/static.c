/* SPDX-License-Identifier: MIT */
/* head.S: an array of tables for all CPUs that there may ever be, indexed by the CPU's number. */
#include "../gbench.h"
#include "all.h"

static inline cgdt_desc_t *table_at(void *ctx, uintptr_t handle)
{
    return (cgdt_desc_t *)ctx + (handle - 1) * PEER_TABLE_ENTRIES;
}

static inline uintptr_t take(void *ctx, uint32_t cpu)
{
    peer_write_table(table_at(ctx, cpu + 1u));
    return cpu + 1u;
}

/* It stays as it is until the CPU comes again. */
static inline void give(void *ctx, uintptr_t handle)
{
    bench_keep(table_at(ctx, handle));
}

#include "loops.h"

/* As .bss would be: there from the beginning, so that there is nothing to close. */
#define STATIC_TABLES 65536u

static _Alignas(4096) cgdt_desc_t static_tables[STATIC_TABLES][PEER_TABLE_ENTRIES];

static void *static_open(uint32_t tables)
{
    return tables <= STATIC_TABLES ? static_tables : NULL;
}

static void static_close(void *ctx)
{
    (void)ctx;
}

const struct peer peer_static = {
    .name = "static-array",
    .what = "an array indexed by CPU, as in head.S; a fixed number of CPUs",
    .max_tables = STATIC_TABLES,
    .table_bytes = PEER_TABLE_BYTES,
    .open = static_open,
    .close = static_close,
    PEER_LOOPS,
};
