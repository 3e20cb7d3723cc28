/* SPDX-License-Identifier: MIT */
/*
 * Each allocator's tables are its own: three of them take malloc()'s place in a program, but a peer
 * gets its tables from the library of its name, whichever came first. The libraries say so
 * themselves.
 */
#define _GNU_SOURCE

#include "peers/peers.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#define TABLES 100u

/*
 * What a library says of TABLES tables: the bytes that it has given out in all, or those of the
 * tables if it knows the first one. Called without a table first. Its functions are looked for by
 * name, since there may be no such library.
 */
typedef uint64_t bytes_of(const cgdt_desc_t *table);

static bool look_up(void *library, const char *name, void *function)
{
    void *const found = dlsym(library, name);

    memcpy(function, &found, sizeof(found));
    return found != NULL;
}

static uint64_t glibc_bytes(const cgdt_desc_t *table)
{
    void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
    struct mallinfo2 (*info)(void);

    (void)table;
    return libc != NULL && look_up(libc, "mallinfo2", &info) ? info().uordblks : 0;
}

static uint64_t jemalloc_bytes(const cgdt_desc_t *table)
{
    int (*control)(const char *name, void *old, size_t *old_bytes, void *new, size_t new_bytes);
    uint64_t bytes = 0;
    size_t size = sizeof(bytes);

    (void)table;
    if (look_up(RTLD_DEFAULT, "mallctl", &control) &&
        control("thread.allocated", &bytes, &size, NULL, 0) != 0)
        return 0;
    return bytes;
}

static uint64_t mimalloc_bytes(const cgdt_desc_t *table)
{
    bool (*has)(const void *at);

    return table != NULL && look_up(RTLD_DEFAULT, "mi_is_in_heap_region", &has) && has(table)
               ? (uint64_t)TABLES * PEER_TABLE_BYTES
               : 0;
}

static uint64_t tcmalloc_bytes(const cgdt_desc_t *table)
{
    int (*ownership)(const void *at); /* 1: it is mine */

    return table != NULL && look_up(RTLD_DEFAULT, "MallocExtension_GetOwnership", &ownership) &&
                   ownership(table) == 1
               ? (uint64_t)TABLES * PEER_TABLE_BYTES
               : 0;
}

static const struct {
    const char *name;
    bytes_of *bytes;
} libraries[] = {
    {"glibc", glibc_bytes},
    {"jemalloc", jemalloc_bytes},
    {"mimalloc", mimalloc_bytes},
    {"tcmalloc", tcmalloc_bytes},
};

#define LIBRARIES (sizeof(libraries) / sizeof(libraries[0]))

/* How many of the answers are wrong: only that library has the tables. */
static int test_library(const struct peer *peer, const char *library)
{
    uint64_t before[LIBRARIES];
    uintptr_t handles[TABLES];
    void *ctx = peer->open(TABLES);
    int wrong = 0;

    for (uint32_t i = 0; i < LIBRARIES; i++)
        before[i] = libraries[i].bytes(NULL);
    if (ctx == NULL || !peer->take_many(ctx, 0, TABLES, handles)) {
        printf("%s: no tables\n", peer->name);
        return 1;
    }
    for (uint32_t i = 0; i < LIBRARIES; i++) {
        const uint64_t bytes = libraries[i].bytes(peer->table(ctx, handles, 0)) - before[i];
        const bool has = bytes >= (uint64_t)TABLES * PEER_TABLE_BYTES;

        printf("%s: %s says %s\n", peer->name, libraries[i].name, has ? "mine" : "not mine");
        wrong += has != (strcmp(libraries[i].name, library) == 0);
    }
    peer->give_many(ctx, TABLES, handles);
    peer->close(ctx);
    return wrong;
}

int main(void)
{
    static const char *const forms[] = {"%s", "%s-general"};
    int wrong = 0;
    int looked_at = 0;

    for (uint32_t i = 0; i < 2 * LIBRARIES; i++) {
        const char *library = libraries[i / 2].name;
        char name[32];

        (void)snprintf(name, sizeof(name), forms[i % 2], library);
        const struct peer *peer = peer_find(name);
        if (peer == NULL)
            continue;
        wrong += test_library(peer, library);
        looked_at++;
    }
    printf("%d peers, %d wrong answers\n", looked_at, wrong);
    return wrong == 0 && looked_at >= 2 ? 0 : 1;
}
