/* SPDX-License-Identifier: MIT */
/*
 * A peer by mimalloc, around the one thing in which its peers differ, in the file that includes
 * this:
 *
 *     static inline cgdt_desc_t *allocate(void)    PEER_TABLE_BYTES, whatever is in them; or NULL
 *
 * Zeroed by us, which is quicker than mi_zalloc_aligned(). Not a header in the usual sense, see
 * loops.h.
 */
#include <mimalloc.h>

static inline uintptr_t take(void *ctx, uint32_t cpu)
{
    cgdt_desc_t *table = allocate();

    (void)ctx;
    (void)cpu;
    if (table != NULL)
        peer_write_table(table);
    return (uintptr_t)table;
}

static inline void give(void *ctx, uintptr_t handle)
{
    (void)ctx;
    mi_free((void *)handle);
}

#include "loops.h"
