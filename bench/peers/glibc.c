/* SPDX-License-Identifier: MIT */
/*
 * glibc's allocator: 256 bytes aligned to 256. By the names that it keeps for those who interpose malloc(), since
 * jemalloc does that in this program.
 */
#include "all.h"

void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *at);

static cgdt_desc_t *table_at(void *ctx, uintptr_t handle)
{
    (void)ctx;
    return (cgdt_desc_t *)handle;
}

static inline uintptr_t take(void *ctx, uint32_t cpu)
{
    cgdt_desc_t *table = __libc_memalign(PEER_TABLE_BYTES, PEER_TABLE_BYTES);

    (void)ctx;
    (void)cpu;
    if (table != NULL)
        peer_write_table(table);
    return (uintptr_t)table;
}

static inline void give(void *ctx, uintptr_t handle)
{
    (void)ctx;
    __libc_free((void *)handle);
}

#include "loops.h"

static void *glibc_open(uint32_t tables)
{
    static int nothing;

    (void)tables;
    return &nothing;
}

static void glibc_close(void *ctx)
{
    (void)ctx;
}

const struct peer peer_glibc = {
    .name = "glibc",
    .what = "memalign(256, 256)",
    .table_bytes = PEER_TABLE_BYTES,
    .open = glibc_open,
    .close = glibc_close,
    PEER_LOOPS,
};
