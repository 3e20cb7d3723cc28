/* SPDX-License-Identifier: MIT */
/*
 * The hosted port without a pool: 32 entries to a slot, two pages to each of four windows, and
 * pages 0, 1, 2, 6 and the common page mapped and filled. Window 2 has none.
 */
#ifndef CGDT_TESTS_HOSTED_PAGES_H
#define CGDT_TESTS_HOSTED_PAGES_H

#include <cgdt/cgdt.h>
#include <cgdt/port/hosted.h>

#define HOSTED_DATA3 0x00cff3000000ffffull /* the first entry of page 0 */

extern const struct cgdt_hosted_config hosted_config;
extern struct cgdt_hosted *hosted;

void hosted_pages_open(void);
void hosted_pages_close(void);

/* Where a page is seen, as the port said last. */
void **hosted_view_of(uint32_t page);

#endif
