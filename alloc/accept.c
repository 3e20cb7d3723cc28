/* SPDX-License-Identifier: MIT */
/* See accept.h. */
#include "accept.h"
#include "atomic.h"
#include "cgdt/error.h"
#include "hints.h"
#include "profile.h"

CGDT_COMPACT_ int cgdt_accept_range_(const struct table *table, uint32_t first, uint32_t n,
                                     const void *values)
{
    if (first > table->entries || n > table->entries - first)
        return -CGDT_ERANGE;
    if (n != 0 && (values == NULL || (uintptr_t)values % _Alignof(cgdt_desc_t) != 0))
        return -CGDT_EINVAL;
    return 0;
}

/* The descriptor, if the next entry must be its high half; else 0. */
static CGDT_INLINE_UNLESS_SMALL_ cgdt_desc_t low_half(const struct cgdt_profile *profile,
                                                      cgdt_desc_t desc)
{
    return profile->pairs && cgdt_desc_wide64(desc) ? desc : 0;
}

/*
 * The entry right behind a change of whole pairs stays. Where the CPU finds pairs it must not be a
 * high half that has lost its low one.
 */
static bool leaves_half(const struct table *table, const struct cgdt_batch *batch)
{
    const uint32_t end = (uint32_t)batch->first + batch->count;

    return batch->profile->pairs && end < table->entries &&
           cgdt_profile_lone_half_(cgdt_load_descriptor_(&table->descs[end]));
}

CGDT_COMPACT_ int cgdt_accept_(const struct cgdt_batch *batch, const struct table *table,
                               cgdt_desc_t *settled)
{
    const struct cgdt_profile *profile = batch->profile;
    cgdt_desc_t low = 0;
    int changes = 0;

    if (batch->first > 0)
        low = low_half(profile, cgdt_load_descriptor_(&table->descs[batch->first - 1]));
    for (uint32_t i = 0; i < batch->count; i++) {
        const cgdt_desc_t given = batch->values[i];
        cgdt_desc_t desc = given;

        if (table->null_entry && batch->first + i == 0 && desc != 0)
            return -CGDT_ERANGE;
        if (low != 0 ? !cgdt_profile_pair_(profile, low, desc)
                     : !cgdt_profile_settle_(profile, &desc))
            return -CGDT_EILSEQ;
        if (table->read_only && cgdt_profile_sets_accessed_(desc))
            return -CGDT_EROFS;
        changes |= desc != given;
        if (settled != NULL)
            settled[i] = desc;
        low = low != 0 ? 0 : low_half(profile, desc);
    }
    /* A low half's other one comes with it: a zero that is there already would be taken for one. */
    return low != 0 || leaves_half(table, batch) ? -CGDT_EILSEQ : changes;
}
