/* SPDX-License-Identifier: MIT */
/*
 * Text into a caller's buffer, without a libc: what reason.c and inspect.c print with. Private to
 * alloc/.
 */
#ifndef CGDT_ALLOC_FORMAT_H
#define CGDT_ALLOC_FORMAT_H

#include "cgdt/env.h"

/* Begin with {buffer, size, 0}. `length` counts what the text has, also beyond the buffer's end. */
struct text {
    char *buffer;
    size_t size;
    size_t length;
};

/*
 * A format with the next of the values in place of each
 *     #   decimal, below 2^32        $   8 hexadecimal digits        &   16
 * values: NULL for a text that is put as it is.
 */
void cgdt_format_put_(struct text *text, const char *format, const uint64_t *values);

#endif
