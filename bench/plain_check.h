/* SPDX-License-Identifier: MIT */
/*
 * The checker that one writes first: descriptor by descriptor. What cgdt_check_page() is measured
 * against.
 */
#ifndef CGDT_BENCH_PLAIN_CHECK_H
#define CGDT_BENCH_PLAIN_CHECK_H

#include <cgdt/check.h>

/*
 * Whether Xen's PV64 rules and the house rules find fault with a page whose slots have slot_entries
 * descriptors, no common page at the window's head: the same answer as cgdt_check_page() with
 * CGDT_RULE_NULL_ENTRY.
 */
enum cgdt_reason plain_check_page(const cgdt_desc_t *page, uint32_t slot_entries, uint64_t owned);

#endif
