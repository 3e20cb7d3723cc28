/* SPDX-License-Identifier: MIT */
/*
 * Not an allocator: the least that one can do which several CPUs may use at once. A bit for each
 * table is cleared by one atomic read-modify-write and set by another, which nobody contends; the
 * template is written, and zeros on the way back. Which table, the caller says.
 */
#include "all.h"

#include <stdlib.h>

struct floor {
    cgdt_desc_t *tables;
    uint64_t *words;
    uint32_t n;
};

static cgdt_desc_t *table_at(void *ctx, uintptr_t handle)
{
    const struct floor *floor = ctx;

    return floor->tables + (handle - 1) * PEER_TABLE_ENTRIES;
}

/* 16 tables to a word, as 16 slots of a page. */
static inline uintptr_t take(void *ctx, uint32_t cpu)
{
    const struct floor *floor = ctx;

    (void)__atomic_fetch_and(&floor->words[cpu / 16], ~(1ull << cpu % 16), __ATOMIC_ACQUIRE);
    peer_write_template(floor->tables + (size_t)cpu * PEER_TABLE_ENTRIES);
    return cpu + 1u;
}

static inline void give(void *ctx, uintptr_t handle)
{
    const struct floor *floor = ctx;
    const uint32_t cpu = (uint32_t)handle - 1;

    peer_zero(floor->tables + (size_t)cpu * PEER_TABLE_ENTRIES, 0);
    (void)__atomic_fetch_or(&floor->words[cpu / 16], 1ull << cpu % 16, __ATOMIC_RELEASE);
}

#include "loops.h"

static void floor_close(void *ctx)
{
    struct floor *floor = ctx;

    if (floor->tables != NULL)
        peer_memory_free(floor->tables, (size_t)floor->n * PEER_TABLE_BYTES);
    free(floor->words);
    free(floor);
}

static void *floor_open(uint32_t tables)
{
    struct floor *floor = calloc(1, sizeof(*floor));

    if (floor == NULL)
        return NULL;
    floor->n = tables;
    floor->tables = peer_memory((size_t)tables * PEER_TABLE_BYTES);
    floor->words = calloc(tables / 16 + 1, sizeof(*floor->words));
    if (floor->tables != NULL && floor->words != NULL)
        return floor;
    floor_close(floor);
    return NULL;
}

const struct peer PEER_SYMBOL(peer_floor) = {
    .name = PEER_NAME("floor"),
    .what = "two atomic read-modify-writes and the bytes; not an allocator",
    .table_bytes = PEER_TABLE_BYTES,
    .open = floor_open,
    .close = floor_close,
    PEER_LOOPS,
};
