/* SPDX-License-Identifier: MIT */
/*
 * What cgdt_check_page() is measured against: the checkers that one writes first, descriptor by
 * descriptor, by the same rules, compiled as the core is. bench-checker sees that each gives
 * cgdt_check_page()'s answers.
 */
#ifndef CGDT_BENCH_PLAIN_CHECK_H
#define CGDT_BENCH_PLAIN_CHECK_H

#include <cgdt/check.h>

/*
 * The reason of the first descriptor of a page that is not fine, of slots of slot_entries
 * descriptors each. Bit c of `owned`: slot c has an owner.
 */
typedef enum cgdt_reason plain_check(const cgdt_desc_t *page, uint32_t slot_entries, uint64_t owned,
                                     cgdt_desc_t *kept);

/*
 * What Xen does with a page that is to become one of descriptors, for guests of 64 and of 32 bits:
 * nobody's slots are none of its business, and what it takes otherwise than it is it writes, here
 * to `kept`.
 */
plain_check plain_xen_pv64;
plain_check plain_xen_pv32;

/* What no load of a CPU takes, with 57-bit addresses in 64-bit mode. */
plain_check plain_native64;
plain_check plain_native32;

/* Xen's rules for 64-bit guests and the house's, with CGDT_RULE_NULL_ENTRY; rewriting counts. */
plain_check plain_house;

#endif
