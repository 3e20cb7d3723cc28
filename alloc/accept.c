/* SPDX-License-Identifier: MIT */
/* See accept.h. */
#include "accept.h"
#include "atomic.h"
#include "cgdt/error.h"
#include "hints.h"
#include "profile.h"

/* Most writes of a context switch: the next thread's descriptors are those of the last one. */
static bool is_there(const struct table *table, const struct change *change)
{
    for (uint32_t i = 0; i < change->n; i++) {
        if (cgdt_load_descriptor_(&table->descs[change->first + i]) != change->values[i])
            return false;
    }
    return true;
}

/* Entry `entry` of the table as it will be. */
static CGDT_INLINE_UNLESS_SMALL_ cgdt_desc_t merged(const struct table *table,
                                                    const struct change *change, uint32_t entry)
{
    return entry - change->first < change->n ? change->values[entry - change->first]
                                             : cgdt_load_descriptor_(&table->descs[entry]);
}

/* Where the CPU finds pairs: every low half in or right before the change must have its high half right behind it. */
CGDT_COMPACT_ static int check_pairs(const struct table *table, const struct change *change)
{
    for (uint32_t entry = change->first > 0 ? change->first - 1 : 0;
         entry < change->first + change->n; entry++) {
        const cgdt_desc_t low = merged(table, change, entry);

        if (!cgdt_desc_wide64(low))
            continue;
        entry++; /* the high half is not a descriptor of its own */
        if (entry == table->entries || !cgdt_profile_pair_(low, merged(table, change, entry)))
            return -CGDT_EILSEQ;
    }
    return 0;
}

CGDT_COMPACT_ int cgdt_accept_(const struct cgdt_profile *profile, const struct table *table,
                               bool null_entry, const struct change *change)
{
    if (change->first > table->entries || change->n > table->entries - change->first)
        return -CGDT_ERANGE;
    if (change->n == 0)
        return 0;
    if (change->values == NULL || (uintptr_t)change->values % _Alignof(cgdt_desc_t) != 0)
        return -CGDT_EINVAL;
    if (table->descs != NULL && is_there(table, change))
        return 0;
    /* No CPU ever fetches entry 0 of a table that a window begins with. */
    if (null_entry && change->first == 0 && change->values[0] != 0)
        return -CGDT_ERANGE;
    for (uint32_t i = 0; i < change->n; i++) {
        if (!cgdt_descriptor_is_stable(profile, change->values[i]))
            return -CGDT_EILSEQ;
    }
    return profile->pairs ? check_pairs(table, change) : 0;
}
