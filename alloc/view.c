/* SPDX-License-Identifier: MIT */
/* Where a slot can be read. */
#include "cgdt/contents.h"
#include "slot.h"

CGDT_COMPACT_ int cgdt_slot_view(const struct cgdt_pool *pool, cgdt_slot_t slot,
                                 const cgdt_desc_t **entry0)
{
    struct page_state page;
    const int error = cgdt_slot_lookup_(pool, slot, &page);

    if (error != 0)
        return error;
    if (entry0 == NULL)
        return -CGDT_EINVAL;
    *entry0 = page.view + cgdt_pool_offset_(pool, cgdt_slot_number(slot));
    return 0;
}
