/* SPDX-License-Identifier: MIT */
/* The kinds of page that the checker is measured on: each is fine, so that all of it is seen. */
#ifndef CGDT_BENCH_PAGES_H
#define CGDT_BENCH_PAGES_H

#include "plain_check.h"

#include <cgdt/layout.h>

struct page_kind {
    const char *name;
    void (*fill)(cgdt_desc_t *page); /* which is zero before */
    const struct cgdt_profile *profile;
    uint32_t rules;
    uint32_t slot_entries;
    uint64_t owned;
    plain_check *plain; /* the same rules */
};

extern const struct page_kind page_kinds[];
extern const uint32_t page_kinds_count;

/* NULL: there is no such kind. */
const struct page_kind *page_kind_find(const char *name);

#endif
