/* SPDX-License-Identifier: MIT */
/*
 * Which descriptors may come into a slot: those of cgdt_write(), of cgdt_write_common() and of the template, by
 * one and the same rule. Must not know of pools. Private to alloc/.
 */
#ifndef CGDT_ALLOC_ACCEPT_H
#define CGDT_ALLOC_ACCEPT_H

#include "cgdt/check.h"

/* A slot, or the whole common page, as it is. */
struct table {
    const cgdt_desc_t *descs;
    uint32_t entries;
};

/* Some entries of a table, and what they are to become. */
struct change {
    const cgdt_desc_t *values; /* NULL: zeros */
    uint32_t first;
    uint32_t n;
    bool fresh;  /* the entries are known to be zero */
    bool stored; /* the values are in their stored form */
};

/*
 * 0, or why not: -CGDT_ERANGE, it is not within the table, or entry 0 where that must stay zero (null_entry);
 * -CGDT_EINVAL, no values, or not aligned; -CGDT_EILSEQ, the profile does not take a descriptor, or would make
 * something else of it the next time, or finds half a pair.
 */
int cgdt_accept_(const struct cgdt_profile *profile, const struct table *table, bool null_entry,
                 const struct change *change);

#endif
