/* SPDX-License-Identifier: MIT */
/*
 * glibc's allocator: 256 bytes aligned to 256. mimalloc and jemalloc put themselves in the place of
 * malloc() and of all its relatives in this program, by whatever name, so it is asked for in
 * libc.so.6 itself.
 */
#define _GNU_SOURCE

#include "allocator.h"

#include <dlfcn.h>
#include <stddef.h>

static void *(*libc_memalign)(size_t alignment, size_t bytes);
static void (*libc_free)(void *at);

static inline uintptr_t take(void *ctx, uint32_t cpu)
{
    cgdt_desc_t *table = libc_memalign(PEER_TABLE_BYTES, PEER_TABLE_BYTES);

    (void)ctx;
    (void)cpu;
    if (table != NULL)
        peer_write_table(table);
    return (uintptr_t)table;
}

static inline void give(void *ctx, uintptr_t handle)
{
    (void)ctx;
    libc_free((void *)handle);
}

#include "loops.h"

/*
 * A pointer to an object becomes one to a function by way of its bytes: ISO C has no cast for that.
 */
static bool look_up(void *libc, const char *name, void *function)
{
    void *const found = dlsym(libc, name);

    __builtin_memcpy(function, &found, sizeof(found));
    return found != NULL;
}

static void *glibc_open(uint32_t tables)
{
    void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);

    (void)tables;
    if (libc == NULL || !look_up(libc, "memalign", &libc_memalign) ||
        !look_up(libc, "free", &libc_free))
        return NULL;
    return libc;
}

static void glibc_close(void *ctx)
{
    (void)dlclose(ctx);
}

const struct peer PEER_SYMBOL(peer_glibc) = {
    .name = PEER_NAME("glibc"),
    .what = "memalign(256, 256)",
    .table_bytes = PEER_TABLE_BYTES,
    .open = glibc_open,
    .close = glibc_close,
    PEER_LOOPS,
};
