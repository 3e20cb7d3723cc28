/* SPDX-License-Identifier: MIT */
/*
 * Which descriptors may come into a slot: those of cgdt_write(), of cgdt_write_common() and of the
 * template, by one and the same rule. Must not know of pools. Private to alloc/.
 */
#ifndef CGDT_ALLOC_ACCEPT_H
#define CGDT_ALLOC_ACCEPT_H

#include "cgdt/check.h"
#include "cgdt/port.h"

/* A slot, or the whole common page, as it is. */
struct table {
    const cgdt_desc_t *descs;
    uint32_t entries;
    bool null_entry; /* entry 0 must stay zero: no CPU ever fetches it where a window begins */
    bool read_only;  /* the CPU cannot write here, not even an accessed bit */
};

/*
 * Whether entries first to first+n-1 are in the table, and the values there: 0, or -CGDT_ERANGE,
 * -CGDT_EINVAL.
 */
int cgdt_accept_range_(const struct table *table, uint32_t first, uint32_t n, const void *values);

/*
 * Of values that nobody changes meanwhile, for entries that are in the table: 0, they are in their
 * stored form; 1, some are not; or why not. -CGDT_ERANGE: entry 0, which must stay zero.
 * -CGDT_EILSEQ: the profile does not take a descriptor, or would make something else of it the next
 * time, or finds half a pair. -CGDT_EROFS: a segment whose accessed bit is clear in a table that is
 * read-only.
 *
 * Of the batch, profile, values, first and count are looked at. settled: receives the stored forms;
 * may be NULL, and may be the values themselves.
 */
int cgdt_accept_(const struct cgdt_batch *batch, const struct table *table, cgdt_desc_t *settled);

#endif
