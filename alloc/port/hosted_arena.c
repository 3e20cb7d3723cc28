/* SPDX-License-Identifier: MIT */
/*
 * The hosted port's pages: a jemalloc arena in a memfd (hosted_arena.h).
 *
 * The arena takes its extents from the file's beginning to its end and never gives one back: the
 * hooks refuse to, so jemalloc keeps freed pages for the next request, and only their memory
 * returns to the system (a hole is punched into the file). One thread at a time takes and puts
 * pages (rule 4 of port.h), so the hooks need no lock.
 *
 * jemalloc's own records of the arena, its mutexes among them, must not be in the file: a child
 * after fork() shares the file, and jemalloc takes every mutex of a process that forks.
 */
#define _GNU_SOURCE

#include "hosted_arena.h"

#include "cgdt/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* jemalloc's growth step; its default grows by ever larger extents. */
#define GROW_BYTES ((size_t)2 << 20)

/*
 * What the arena may take from the file beyond the pages: the rest of a growth step, and gaps
 * before extents. The file is sparse, so plenty costs nothing.
 */
#define SLACK_BYTES (4 * GROW_BYTES)

static void *extent_alloc(extent_hooks_t *hooks, void *new_addr, size_t size, size_t alignment,
                          bool *zero, bool *commit, unsigned index)
{
    struct hosted_arena *arena = (struct hosted_arena *)(void *)hooks;
    const uintptr_t base = (uintptr_t)arena->rw;
    const uintptr_t at = (base + arena->used_bytes + alignment - 1) & ~(uintptr_t)(alignment - 1);

    (void)index;
    /* A wish for an address means growing in place, which jemalloc can do without. */
    if (new_addr != NULL || at - base > arena->rw_bytes || size > arena->rw_bytes - (at - base))
        return NULL;
    arena->used_bytes = at - base + size;
    *zero = true;
    *commit = true;
    return arena->rw + (at - base);
}

/* true = refused: jemalloc keeps the extent and uses it again. */
static bool extent_dalloc(extent_hooks_t *hooks, void *addr, size_t size, bool committed,
                          unsigned index)
{
    (void)hooks, (void)addr, (void)size, (void)committed, (void)index;
    return true;
}

static void extent_destroy(extent_hooks_t *hooks, void *addr, size_t size, bool committed,
                           unsigned index)
{
    (void)hooks, (void)addr, (void)size, (void)committed, (void)index;
}

/*
 * Memory back to the system; both views read zeros then. madvise() on one mapping would not do
 * that.
 */
static bool extent_purge(extent_hooks_t *hooks, void *addr, size_t size, size_t offset,
                         size_t length, unsigned index)
{
    const struct hosted_arena *arena = (const struct hosted_arena *)(const void *)hooks;
    const off_t at = (off_t)((char *)addr - arena->rw) + (off_t)offset;

    (void)size, (void)index;
    return fallocate(arena->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, (off_t)length) !=
           0;
}

static bool extent_split(extent_hooks_t *hooks, void *addr, size_t size, size_t size_a,
                         size_t size_b, bool committed, unsigned index)
{
    (void)hooks, (void)addr, (void)size, (void)size_a, (void)size_b, (void)committed, (void)index;
    return false;
}

static bool extent_merge(extent_hooks_t *hooks, void *addr_a, size_t size_a, void *addr_b,
                         size_t size_b, bool committed, unsigned index)
{
    (void)hooks, (void)addr_a, (void)size_a, (void)addr_b, (void)size_b, (void)committed,
        (void)index;
    return false;
}

static int open_files(struct hosted_arena *arena)
{
    char path[64];

    arena->file = memfd_create("cgdt-pages", MFD_CLOEXEC);
    if (arena->file < 0)
        return -errno;
    if (ftruncate(arena->file, (off_t)arena->rw_bytes) != 0)
        return -errno;
    /* Opened anew: mappings made from here cannot be turned writable by mprotect(). */
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", arena->file);
    arena->file_ro = open(path, O_RDONLY | O_CLOEXEC);
    return arena->file_ro < 0 ? -errno : 0;
}

static int map_file(struct hosted_arena *arena)
{
    void *at = mmap(NULL, arena->rw_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, arena->file, 0);

    if (at == MAP_FAILED)
        return -errno;
    arena->rw = at;
    return 0;
}

static int tune_arena(const struct hosted_arena *arena, const char *what, void *value, size_t bytes)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "arena.%u.%s", arena->index, what);
    return -mallctl(name, NULL, NULL, value, bytes);
}

static int make_arena(struct hosted_arena *arena)
{
    /* As arena_config_t of jemalloc 5.3, which no header of it declares. */
    struct {
        extent_hooks_t *extent_hooks;
        bool metadata_use_hooks;
    } config;
    size_t bytes = sizeof(arena->index);
    size_t grow_bytes = GROW_BYTES;
    ssize_t at_once = 0;
    int error;

    arena->hooks = (extent_hooks_t){
        .alloc = extent_alloc,
        .dalloc = extent_dalloc,
        .destroy = extent_destroy,
        .purge_forced = extent_purge,
        .split = extent_split,
        .merge = extent_merge,
    };
    config.extent_hooks = &arena->hooks;
    config.metadata_use_hooks = false;
    error =
        mallctl("experimental.arenas_create_ext", &arena->index, &bytes, &config, sizeof(config));
    if (error != 0)
        return -error;
    arena->made = true;
    error = tune_arena(arena, "retain_grow_limit", &grow_bytes, sizeof(grow_bytes));
    /*
     * With retain off, by MALLOC_CONF perhaps, extents are never larger than asked for: no limit to
     * set.
     */
    if (error == 0 || error == -ENOENT)
        error = tune_arena(arena, "dirty_decay_ms", &at_once, sizeof(at_once));
    if (error == 0)
        error = tune_arena(arena, "muzzy_decay_ms", &at_once, sizeof(at_once));
    return error;
}

uint64_t hosted_arena_bytes(uint32_t max_pages)
{
    return ((uint64_t)max_pages + max_pages / 4) * CGDT_PAGE_BYTES + SLACK_BYTES;
}

int hosted_arena_open(struct hosted_arena *arena, uint32_t max_pages)
{
    int error;

    *arena = (struct hosted_arena){.file = -1, .file_ro = -1};
    arena->rw_bytes = (size_t)hosted_arena_bytes(max_pages);
    error = open_files(arena);
    if (error == 0)
        error = map_file(arena);
    if (error == 0)
        error = make_arena(arena);
    return error;
}

void hosted_arena_close(struct hosted_arena *arena)
{
    if (arena->made)
        (void)tune_arena(arena, "destroy", NULL, 0);
    if (arena->rw != NULL)
        (void)munmap(arena->rw, arena->rw_bytes);
    if (arena->file_ro >= 0)
        (void)close(arena->file_ro);
    if (arena->file >= 0)
        (void)close(arena->file);
}

/* No thread cache on either way: it would carry freed pages into other arenas. */
void *hosted_arena_take(struct hosted_arena *arena)
{
    return mallocx(CGDT_PAGE_BYTES, (int)MALLOCX_ARENA(arena->index) | MALLOCX_TCACHE_NONE |
                                        MALLOCX_ALIGN(CGDT_PAGE_BYTES) | MALLOCX_ZERO);
}

void hosted_arena_put(struct hosted_arena *arena, void *page)
{
    dallocx(page, (int)MALLOCX_ARENA(arena->index) | MALLOCX_TCACHE_NONE);
}
