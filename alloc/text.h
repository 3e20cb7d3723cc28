/* SPDX-License-Identifier: MIT */
/*
 * Text into a caller's buffer, without a libc: what check.c and describe.c print with. Private to alloc/.
 */
#ifndef CGDT_ALLOC_TEXT_H
#define CGDT_ALLOC_TEXT_H

#include "cgdt/env.h"

/* Begin with {buffer, size, 0}. `length` counts what the text has, also beyond the buffer's end. */
struct text {
    char *buffer;
    size_t size;
    size_t length;
};

void cgdt_text_char_(struct text *text, char c);
void cgdt_text_string_(struct text *text, const char *string);
void cgdt_text_decimal_(struct text *text, uint32_t value);
void cgdt_text_hex_(struct text *text, uint64_t value, unsigned digits);

#endif
