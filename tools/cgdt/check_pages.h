/* SPDX-License-Identifier: MIT */
/* All that is wrong with a page, where cgdt_check_page() stops at the first. */
#ifndef CGDT_TOOLS_CHECK_PAGES_H
#define CGDT_TOOLS_CHECK_PAGES_H

#include "cgdt/check.h"

struct check_rules {
    const struct cgdt_profile *profile;
    uint32_t rules; /* CGDT_RULE_* */
    uint32_t slot_entries;
};

typedef void check_report(void *ctx, const struct cgdt_violation *violation);

/*
 * Reports each offending entry of a page of 512, in order, with its first reason; the first of them
 * is the one of
 * cgdt_check_page(). number  what violation->position shall say. Returns how many.
 */
uint32_t check_whole_page(const struct check_rules *rules, const cgdt_desc_t *page, uint32_t number,
                          uint64_t owned, check_report *report, void *ctx);

#endif
