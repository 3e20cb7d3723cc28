/* SPDX-License-Identifier: MIT */
/* See contents.h. */
#include "contents.h"

#include "world.h"

#include <string.h>

/* A null entry and a code segment. */
const cgdt_desc_t *contents_template(void)
{
    static cgdt_desc_t descs[TEMPLATE_ENTRIES];

    (void)cgdt_desc_segment(&descs[1], 0, 0xffffffffu,
                            CGDT_DESC_CODE | CGDT_DESC_WRITABLE | CGDT_DESC_LONG |
                                CGDT_DESC_DPL(3));
    return descs;
}

/* Native: a 16-byte TSS; Xen: two data segments. */
void contents_of_value(const struct cgdt_pool *pool, uint32_t n, cgdt_desc_t descs[VALUE_ENTRIES])
{
    memset(descs, 0, VALUE_ENTRIES * sizeof(*descs));
    if (n == 0)
        return;
    if (pool->given.config.profile == CGDT_PROFILE_NATIVE64) {
        (void)cgdt_desc_system64(descs, 0x0000123400000000ull * n + n, 0x67, CGDT_SYS_TSS_AVAILABLE,
                                 0);
        return;
    }
    for (unsigned i = 0; i < VALUE_ENTRIES; i++)
        (void)cgdt_desc_segment(&descs[i], n + i, 0xffffffffu,
                                CGDT_DESC_WRITABLE | CGDT_DESC_DB | CGDT_DESC_DPL(3));
}

uint32_t contents_value(const struct cgdt_pool *pool, const cgdt_desc_t descs[VALUE_ENTRIES])
{
    for (uint32_t n = 0; n < 8; n++) {
        cgdt_desc_t its[VALUE_ENTRIES];

        contents_of_value(pool, n, its);
        if (memcmp(its, descs, sizeof(its)) == 0)
            return n;
    }
    return NO_VALUE;
}

bool contents_are(const struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t n)
{
    const struct cgdt_layout *layout = cgdt_pool_layout(pool);
    const uint32_t page = cgdt_slot_page(layout, slot);
    const uint32_t offset = cgdt_slot_offset(layout, slot);
    const uint32_t first = contents_value_entry(layout);
    cgdt_desc_t value[VALUE_ENTRIES];

    if (!world_is_mapped(page))
        return false;
    contents_of_value(pool, n, value);
    for (uint32_t entry = 0; entry < layout->slot_entries; entry++) {
        cgdt_desc_t wanted = 0;

        if (entry < TEMPLATE_ENTRIES)
            wanted = contents_template()[entry];
        else if (entry >= first && entry < first + VALUE_ENTRIES)
            wanted = value[entry - first];
        if (world_entry(page, offset + entry) != wanted)
            return false;
    }
    return true;
}

bool contents_are_zero(const struct cgdt_pool *pool, cgdt_slot_t slot)
{
    const struct cgdt_layout *layout = cgdt_pool_layout(pool);
    const uint32_t page = cgdt_slot_page(layout, slot);
    const uint32_t offset = cgdt_slot_offset(layout, slot);

    if (!world_is_mapped(page))
        return false;
    for (uint32_t entry = 0; entry < layout->slot_entries; entry++) {
        if (world_entry(page, offset + entry) != 0)
            return false;
    }
    return true;
}
