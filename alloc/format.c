/* SPDX-License-Identifier: MIT */
/* Text into a caller's buffer: bounded, always NUL-terminated where there is room for a NUL. */
#include "format.h"

static void put_char(struct text *text, char c)
{
    if (text->length + 1 < text->size) {
        text->buffer[text->length] = c;
        text->buffer[text->length + 1] = '\0';
    } else if (text->length == 0 && text->size == 1) {
        text->buffer[0] = '\0';
    }
    text->length++;
}

static void put_decimal(struct text *text, uint32_t value)
{
    char digits[10]; /* 2^32-1 has ten */
    unsigned n = 0;

    do {
        digits[n++] = (char)('0' + value % 10u);
        value /= 10u;
    } while (value != 0);
    while (n > 0)
        put_char(text, digits[--n]);
}

static void put_hex(struct text *text, uint64_t value, unsigned digits)
{
    while (digits > 0)
        put_char(text, "0123456789abcdef"[(value >> (4 * --digits)) & 0xfu]);
}

void cgdt_format_put_(struct text *text, const char *format, const uint64_t *values)
{
    for (; *format != '\0'; format++) {
        if (values == NULL)
            put_char(text, *format);
        else if (*format == '#')
            put_decimal(text, (uint32_t)*values++);
        else if (*format == '$')
            put_hex(text, *values++, 8);
        else if (*format == '&')
            put_hex(text, *values++, 16);
        else
            put_char(text, *format);
    }
}
