/* SPDX-License-Identifier: MIT */
/*
 * For peers that are no allocators: a table for each CPU, whose number the caller says, and memory
 * for a bit or a byte of each.
 */
#ifndef CGDT_BENCH_FLOOR_H
#define CGDT_BENCH_FLOOR_H

#include "all.h"

#include <stdlib.h>

struct floor {
    cgdt_desc_t *tables;
    uint64_t *words; /* as many bytes as tables, at a line's begin */
    uint32_t n;
};

static inline cgdt_desc_t *table_at(void *ctx, uintptr_t handle)
{
    const struct floor *floor = ctx;

    return floor->tables + (handle - 1) * PEER_TABLE_ENTRIES;
}

static inline void floor_close(void *ctx)
{
    struct floor *floor = ctx;

    if (floor->tables != NULL)
        peer_memory_free(floor->tables, (size_t)floor->n * PEER_TABLE_BYTES);
    if (floor->words != NULL)
        peer_memory_free(floor->words, floor->n);
    free(floor);
}

static inline void *floor_open(uint32_t tables)
{
    struct floor *floor = calloc(1, sizeof(*floor));

    if (floor == NULL)
        return NULL;
    floor->n = tables;
    floor->tables = peer_memory((size_t)tables * PEER_TABLE_BYTES);
    floor->words = peer_memory(tables);
    if (floor->tables != NULL && floor->words != NULL)
        return floor;
    floor_close(floor);
    return NULL;
}

#endif
