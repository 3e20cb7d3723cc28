/* SPDX-License-Identifier: MIT */
/*
 * Not an allocator: the least that one can do which several CPUs may use at once. A bit for each
 * table is cleared by one atomic read-modify-write and set by another, which nobody contends; the
 * template is written, and zeros on the way back. Which table, the caller says.
 */
#include "floor.h"

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

const struct peer PEER_SYMBOL(peer_floor) = {
    .name = PEER_NAME("floor"),
    .what = "two atomic read-modify-writes and the bytes; not an allocator",
    .table_bytes = PEER_TABLE_BYTES,
    .open = floor_open,
    .close = floor_close,
    PEER_LOOPS,
};
