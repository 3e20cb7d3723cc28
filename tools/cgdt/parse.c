/* SPDX-License-Identifier: MIT */
/* Numbers and quotes. Nothing here trusts a byte of the input. */
#include "parse.h"

#include <stdio.h>
#include <string.h>

/* The locale has no say in what a digit or a space is. */
int parse_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool parse_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool parse_is_printable(char c)
{
    return c >= ' ' && c <= '~';
}

size_t parse_prefix(const char *text, size_t length)
{
    return length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 2 : 0;
}

bool parse_hex_digits(const char *text, size_t length, uint64_t *value)
{
    uint64_t sum = 0;

    if (length < 1 || length > 16)
        return false;
    for (size_t i = 0; i < length; i++) {
        const int digit = parse_digit(text[i]);

        if (digit < 0)
            return false;
        sum = sum << 4 | (uint64_t)digit;
    }
    *value = sum;
    return true;
}

bool parse_hex(const char *text, uint64_t *value)
{
    const size_t length = strlen(text);
    const size_t prefix = parse_prefix(text, length);

    return parse_hex_digits(text + prefix, length - prefix, value);
}

bool parse_number(const char *text, uint64_t *value)
{
    uint64_t sum = 0;

    if (parse_prefix(text, strlen(text)) != 0)
        return parse_hex(text, value);
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        const int digit = parse_digit(*text);

        if (digit < 0 || digit > 9 || sum > (UINT64_MAX - (unsigned)digit) / 10)
            return false;
        sum = sum * 10 + (unsigned)digit;
    }
    *value = sum;
    return true;
}

const char *parse_quote(parse_quoted quoted, const char *text, size_t length)
{
    const size_t room = PARSE_QUOTED_BYTES - sizeof("'...'");
    size_t at = 0;

    quoted[at++] = '\'';
    for (size_t i = 0; i < length && i < room; i++)
        quoted[at++] = text[i];
    for (size_t i = 1; i < at; i++) {
        if (!parse_is_printable(quoted[i]))
            quoted[i] = '?';
    }
    (void)snprintf(quoted + at, PARSE_QUOTED_BYTES - at, "%s'", length > room ? "..." : "");
    return quoted;
}
