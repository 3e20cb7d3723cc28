/* SPDX-License-Identifier: MIT */
/* A page per CPU straight from the operating system, and back to it. */
#define _GNU_SOURCE

#include "allocator.h"

#include <sys/mman.h>

static inline uintptr_t take(void *ctx, uint32_t cpu)
{
    void *table =
        mmap(NULL, CGDT_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)ctx;
    (void)cpu;
    if (table == MAP_FAILED)
        return 0;
    peer_write_template(table);
    return (uintptr_t)table;
}

static inline void give(void *ctx, uintptr_t handle)
{
    (void)ctx;
    (void)munmap((void *)handle, CGDT_PAGE_BYTES);
}

#include "loops.h"

const struct peer peer_page_mmap = {
    .name = "page-mmap",
    .what = "a page per CPU: mmap(4096)",
    .max_tables = 16384, /* each may be a mapping of its own, of which a process has some 65,000 */
    .table_bytes = CGDT_PAGE_BYTES,
    .open = open_nothing,
    .close = close_nothing,
    PEER_LOOPS,
};
