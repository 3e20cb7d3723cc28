/* SPDX-License-Identifier: MIT */
/* What is worth a word beside a verdict, though no rule is broken. */
#ifndef CGDT_TOOLS_NOTES_H
#define CGDT_TOOLS_NOTES_H

#include "check_pages.h"

#include <stddef.h>

/* Both of these are about a page of 512 descriptors and an entry of it, 0 up. */

/* Whether it has 16 bytes in 64-bit mode, and what follows in the slot is its second half. */
bool is_pair(const struct check_rules *rules, const cgdt_desc_t *page, size_t at);

/* Why a descriptor was refused, if it is a pair that the end of the slot cuts in two. */
bool is_cut_pair(const struct check_rules *rules, const cgdt_desc_t *page, size_t at);

enum note {
    NOTE_NONE,
    NOTE_NOT_PRESENT, /* not zero, and P = 0 */
    NOTE_TSS_LIMIT,   /* below what the CPU reads of it */
};

/*
 * What there is to note of an entry. Of a TSS, `least` is the limit that it should have at least.
 */
enum note note_of(const struct check_rules *rules, const cgdt_desc_t *page, size_t at,
                  unsigned *least);

/* Where to read about the limit. */
const char *note_section(unsigned least);

#endif
