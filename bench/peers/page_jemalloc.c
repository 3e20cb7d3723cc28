/* SPDX-License-Identifier: MIT */
/*
 * What kernels under Xen do: a page of zeros for each CPU, here from jemalloc. The whole page is
 * zeroed, since the hypervisor looks at all of it.
 */
#include "allocator.h"

#include <jemalloc/jemalloc.h>

static inline uintptr_t take(void *ctx, uint32_t cpu)
{
    cgdt_desc_t *table = mallocx(CGDT_PAGE_BYTES, MALLOCX_ALIGN(CGDT_PAGE_BYTES) | MALLOCX_ZERO);

    (void)ctx;
    (void)cpu;
    if (table != NULL)
        peer_write_template(table);
    return (uintptr_t)table;
}

/* The sized form is the quicker. */
static inline void give(void *ctx, uintptr_t handle)
{
    (void)ctx;
    sdallocx((void *)handle, CGDT_PAGE_BYTES, MALLOCX_ALIGN(CGDT_PAGE_BYTES));
}

#include "loops.h"

const struct peer peer_page_jemalloc = {
    .name = "page-jemalloc",
    .what = "a page per CPU: mallocx(4096), aligned, zeroed",
    .table_bytes = CGDT_PAGE_BYTES,
    .open = open_nothing,
    .close = close_nothing,
    PEER_LOOPS,
};
