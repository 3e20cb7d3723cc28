/* SPDX-License-Identifier: MIT */
/*
 * An array of pages that a port gives out: page i of the pool is its i-th; where there is a common
 * page, that is its last, and no slot page. Private to alloc/port/.
 */
#ifndef CGDT_PORT_ARRAY_H
#define CGDT_PORT_ARRAY_H

#include "cgdt/port.h"

/* Index of a pool page in an array of `count`; `count` if it has no such page. */
static inline uint32_t cgdt_array_index_(uint32_t count, bool has_common, uint32_t page)
{
    const uint32_t last = count - 1; /* of an empty array: none */

    if (page == CGDT_COMMON_PAGE)
        page = last;
    else if (has_common && page == last)
        page = count;
    return page < count ? page : count;
}

#endif
