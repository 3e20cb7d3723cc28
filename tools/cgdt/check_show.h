/* SPDX-License-Identifier: MIT */
/* What `cgdt check` says beside violations: what the text was taken for, descriptors, notes. */
#ifndef CGDT_TOOLS_CHECK_SHOW_H
#define CGDT_TOOLS_CHECK_SHOW_H

#include "check_pages.h"
#include "dump/dump.h"

/* What the text was taken for: a line, or a member of a JSON object and a comma. */
void show_read_as(const struct dump *dump, bool json);

/*
 * What is not zero, a line or an object each. In 64-bit mode a well-formed second half belongs to
 * the entry before it.
 */
void show_descriptors(const struct check_rules *rules, const struct dump *dump, bool json);

/* Entries that break no rule and may still not be meant: a line, or an object each. */
void show_notes(const struct check_rules *rules, const struct dump *dump, bool json);

/* cgdt_violation_text(), and what a system descriptor is or why a pair is cut in two. */
#define SHOW_VIOLATION_BYTES 400u
void show_violation(const struct check_rules *rules, const cgdt_desc_t *page,
                    const struct cgdt_violation *violation, char text[SHOW_VIOLATION_BYTES]);

#endif
