/* SPDX-License-Identifier: MIT */
/*
 * Not an allocator either: the least that one can do where tables are handed out without an atomic
 * operation, from a supply of the CPU's own, and a free takes the table from its owner by one
 * before it zeroes anything, so that of two frees one notices. A byte for each table, which nobody
 * contends.
 */
#include "floor.h"

static inline uint8_t *owner_of(const struct floor *floor, uintptr_t handle)
{
    return (uint8_t *)floor->words + (handle - 1);
}

static inline uintptr_t take(void *ctx, uint32_t cpu)
{
    const struct floor *floor = ctx;

    peer_write_template(table_at(ctx, cpu + 1u));
    __atomic_store_n(owner_of(floor, cpu + 1u), 1, __ATOMIC_RELEASE);
    return cpu + 1u;
}

static inline void give(void *ctx, uintptr_t handle)
{
    (void)__atomic_exchange_n(owner_of(ctx, handle), 0, __ATOMIC_ACQ_REL);
    peer_zero(table_at(ctx, handle), 0);
}

#include "loops.h"

const struct peer PEER_SYMBOL(peer_floor_one) = {
    .name = PEER_NAME("floor-one"),
    .what = "one atomic read-modify-write and the bytes; not an allocator",
    .table_bytes = PEER_TABLE_BYTES,
    .open = floor_open,
    .close = floor_close,
    PEER_LOOPS,
};
