/* SPDX-License-Identifier: MIT */
/* See accept.h. */
#include "accept.h"
#include "atomic.h"
#include "cgdt/error.h"
#include "hints.h"
#include "profile.h"

/* Entry `entry` of the table as it will be. */
static CGDT_INLINE_UNLESS_SMALL_ cgdt_desc_t merged(const struct table *table,
                                                    const struct cgdt_batch *batch, uint32_t entry)
{
    return entry - batch->first < batch->count ? batch->values[entry - batch->first]
                                               : cgdt_load_descriptor_(&table->descs[entry]);
}

/*
 * Where the CPU finds pairs: every low half in or right before the change must have its high half
 * right behind it.
 */
CGDT_COMPACT_ static bool has_pairs(const struct table *table, const struct cgdt_batch *batch)
{
    const uint32_t end = (uint32_t)batch->first + batch->count;

    for (uint32_t entry = batch->first > 0 ? batch->first - 1u : 0; entry < end; entry++) {
        const cgdt_desc_t low = merged(table, batch, entry);

        if (!cgdt_desc_wide64(low))
            continue;
        entry++; /* the high half is not a descriptor of its own */
        if (entry == table->entries || !cgdt_profile_pair_(low, merged(table, batch, entry)))
            return false;
    }
    return true;
}

int cgdt_accept_range_(const struct table *table, uint32_t first, uint32_t n, const void *values)
{
    if (first > table->entries || n > table->entries - first)
        return -CGDT_ERANGE;
    if (n != 0 && (values == NULL || (uintptr_t)values % _Alignof(cgdt_desc_t) != 0))
        return -CGDT_EINVAL;
    return 0;
}

CGDT_COMPACT_ int cgdt_accept_(const struct cgdt_batch *batch, const struct table *table,
                               bool null_entry, cgdt_desc_t *settled)
{
    int changes = 0;

    /* No CPU ever fetches entry 0 of a table that a window begins with. */
    if (null_entry && batch->count != 0 && batch->first == 0 && batch->values[0] != 0)
        return -CGDT_ERANGE;
    for (uint32_t i = 0; i < batch->count; i++) {
        cgdt_desc_t desc = batch->values[i];

        if (!cgdt_profile_settle_(batch->profile, &desc))
            return -CGDT_EILSEQ;
        changes |= desc != batch->values[i];
        if (settled != NULL)
            settled[i] = desc;
    }
    return batch->profile->pairs && !has_pairs(table, batch) ? -CGDT_EILSEQ : changes;
}
