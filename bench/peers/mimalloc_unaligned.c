/* SPDX-License-Identifier: MIT */
/*
 * mimalloc without the alignment: not the same work, since such a table could not be in a GDT page.
 * What mimalloc would take if aligned tables cost it nothing more: a version after 2.0.9 may come
 * near that.
 */
#include "allocator.h"

#include <mimalloc.h>

static inline cgdt_desc_t *allocate(void)
{
    return mi_malloc(PEER_TABLE_BYTES);
}

#include "mimalloc_loops.h"

const struct peer peer_mimalloc_unaligned = {
    .name = "mimalloc-unaligned",
    .what = "mi_malloc(256), at any address: not the same work",
    .table_bytes = PEER_TABLE_BYTES,
    .any_address = true,
    .open = open_nothing,
    .close = close_nothing,
    PEER_LOOPS,
};
