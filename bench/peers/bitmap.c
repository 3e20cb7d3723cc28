/* SPDX-License-Identifier: MIT */
/*
 * What one writes first: a bitmap of free tables under a spinlock, lowest first, with a note of
 * where the lowest may be. Zeroed on the way out, outside the lock.
 */
#define _GNU_SOURCE

#include "all.h"

#include <sched.h>
#include <stdlib.h>

struct bitmap {
    cgdt_desc_t *tables;
    uint32_t n;
    uint32_t words;
    _Alignas(64) uint32_t locked;
    uint32_t lowest; /* no word below this one has a free bit */
    uint64_t *free;
};

static cgdt_desc_t *table_at(void *ctx, uintptr_t handle)
{
    const struct bitmap *map = ctx;

    return map->tables + (handle - 1) * PEER_TABLE_ENTRIES;
}

/* A process cannot keep the holder from being preempted, as a kernel does: do not wait for long. */
static inline void lock(struct bitmap *map)
{
    while (__atomic_exchange_n(&map->locked, 1u, __ATOMIC_ACQUIRE) != 0)
        for (uint32_t spins = 0; __atomic_load_n(&map->locked, __ATOMIC_RELAXED) != 0; spins++) {
            if (spins < 100)
                __builtin_ia32_pause();
            else
                (void)sched_yield();
        }
}

static inline void unlock(struct bitmap *map)
{
    __atomic_store_n(&map->locked, 0u, __ATOMIC_RELEASE);
}

static inline uintptr_t take(void *ctx, uint32_t cpu)
{
    struct bitmap *map = ctx;
    uintptr_t handle = 0;

    (void)cpu;
    lock(map);
    while (map->lowest < map->words && map->free[map->lowest] == 0)
        map->lowest++;
    if (map->lowest < map->words) {
        uint64_t *word = &map->free[map->lowest];

        handle = map->lowest * 64u + (unsigned)__builtin_ctzll(*word) + 1u;
        *word &= *word - 1;
    }
    unlock(map);
    if (handle != 0)
        peer_write_table(map->tables + (handle - 1) * PEER_TABLE_ENTRIES);
    return handle;
}

static inline void give(void *ctx, uintptr_t handle)
{
    struct bitmap *map = ctx;
    const uint32_t number = (uint32_t)handle - 1;

    lock(map);
    map->free[number / 64] |= 1ull << number % 64;
    if (number / 64 < map->lowest)
        map->lowest = number / 64;
    unlock(map);
}

#include "loops.h"

static void bitmap_close(void *ctx)
{
    struct bitmap *map = ctx;

    if (map->tables != NULL)
        peer_memory_free(map->tables, (size_t)map->n * PEER_TABLE_BYTES);
    free(map->free);
    free(map);
}

static void *bitmap_open(uint32_t tables)
{
    struct bitmap *map = aligned_alloc(_Alignof(struct bitmap), sizeof(*map));

    if (map == NULL)
        return NULL;
    *map = (struct bitmap){.n = tables, .words = (tables - 1) / 64 + 1};
    map->tables = peer_memory((size_t)tables * PEER_TABLE_BYTES);
    map->free = calloc(map->words, sizeof(*map->free));
    if (map->tables == NULL || map->free == NULL) {
        bitmap_close(map);
        return NULL;
    }
    for (uint32_t i = 0; i < tables; i++)
        map->free[i / 64] |= 1ull << i % 64;
    return map;
}

const struct peer PEER_SYMBOL(peer_bitmap) = {
    .name = PEER_NAME("spinlock-bitmap"),
    .what = "a bitmap under a spinlock, lowest first",
    .table_bytes = PEER_TABLE_BYTES,
    .open = bitmap_open,
    .close = bitmap_close,
    PEER_LOOPS,
};
