/* SPDX-License-Identifier: MIT */
/* Text into a caller's buffer: bounded, always NUL-terminated where there is room for a NUL. */
#include "text.h"

void cgdt_text_char_(struct text *text, char c)
{
    if (text->length + 1 < text->size) {
        text->buffer[text->length] = c;
        text->buffer[text->length + 1] = '\0';
    } else if (text->length == 0 && text->size == 1) {
        text->buffer[0] = '\0';
    }
    text->length++;
}

void cgdt_text_string_(struct text *text, const char *string)
{
    for (; *string != '\0'; string++)
        cgdt_text_char_(text, *string);
}

void cgdt_text_decimal_(struct text *text, uint32_t value)
{
    char digits[10]; /* 2^32-1 has ten */
    unsigned n = 0;

    do {
        digits[n++] = (char)('0' + value % 10u);
        value /= 10u;
    } while (value != 0);
    while (n > 0)
        cgdt_text_char_(text, digits[--n]);
}

void cgdt_text_hex_(struct text *text, uint64_t value, unsigned digits)
{
    while (digits > 0)
        cgdt_text_char_(text, "0123456789abcdef"[(value >> (4 * --digits)) & 0xfu]);
}
