/* SPDX-License-Identifier: MIT */
/* Which layouts make sense; the arithmetic itself is inline in cgdt/layout.h. */
#include "cgdt/layout.h"
#include "hints.h"

CGDT_COMPACT_ int cgdt_layout_check(const struct cgdt_layout *layout)
{
    const uint32_t entries = layout->slot_entries;

    if (entries < CGDT_MIN_SLOT_ENTRIES || entries > CGDT_MAX_SLOT_ENTRIES ||
        (entries & (entries - 1)) != 0)
        return -CGDT_EINVAL;
    if (layout->window_pages < 1 || layout->window_pages > CGDT_MAX_WINDOW_PAGES)
        return -CGDT_EINVAL;
    if (layout->mode == CGDT_MODE_NATIVE)
        return layout->common ? -CGDT_EINVAL : 0;
    if (layout->mode != CGDT_MODE_PAGED || layout->reserved_entry % CGDT_PAGE_ENTRIES != 0 ||
        layout->reserved_entry > CGDT_XEN_2005_RESERVED_ENTRY)
        return -CGDT_EINVAL;
    /* Selectors have 13 bits of index, so 16 pages at most; what is the hypervisor's comes last. */
    if ((layout->window_pages + (layout->common ? 1u : 0u)) * CGDT_PAGE_ENTRIES >
        layout->reserved_entry)
        return -CGDT_EINVAL;
    return 0;
}
