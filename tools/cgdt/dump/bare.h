/* SPDX-License-Identifier: MIT */
/* Numbers and bytes without addresses. */
#ifndef CGDT_TOOLS_DUMP_BARE_H
#define CGDT_TOOLS_DUMP_BARE_H

#include "reader.h"

/*
 * Rows of hexadecimal numbers between blanks and commas, all with 0x or all without, all of 16
 * digits (descriptors), of 8 (their halves, low one first) or of 2 (bytes as they lie in memory).
 * `bytes`: groups of 2 to 16 digits are bytes as they lie in memory. False: it is none.
 */
bool read_numbers(struct reader *reader);
bool read_byte_groups(struct reader *reader);

/* xxd -p: lines of digits and nothing else, all as long as the first but for the last. */
bool read_plain(struct reader *reader);

#endif
