/* SPDX-License-Identifier: MIT */
/* Numbers and dumps. Nothing here trusts a byte of the input. */
#include "parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The locale has no say in what a digit or a space is. */
static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_printable(char c)
{
    return c >= ' ' && c <= '~';
}

static bool has_prefix(const char *text, size_t length)
{
    return length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
}

static bool hex_digits(const char *text, size_t length, uint64_t *value)
{
    uint64_t sum = 0;

    if (length < 1 || length > 16)
        return false;
    for (size_t i = 0; i < length; i++) {
        const int digit = digit_of(text[i]);

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
    const size_t prefix = has_prefix(text, length) ? 2 : 0;

    return hex_digits(text + prefix, length - prefix, value);
}

bool parse_number(const char *text, uint64_t *value)
{
    uint64_t sum = 0;

    if (has_prefix(text, strlen(text)))
        return parse_hex(text, value);
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        const int digit = digit_of(*text);

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
        if (!is_printable(quoted[i]))
            quoted[i] = '?';
    }
    (void)snprintf(quoted + at, PARSE_QUOTED_BYTES - at, "%s'", length > room ? "..." : "");
    return quoted;
}

/* Words of one width become descriptors, each from its least significant end. */
struct filler {
    struct dump *dump;
    uint64_t part;     /* of the next descriptor */
    size_t n;          /* descriptors so far */
    unsigned filled;   /* bits in part */
    unsigned per_word; /* bits that each word has; 0 before the first */
};

static void fill(struct filler *filler, uint64_t word)
{
    filler->part |= word << filler->filled;
    filler->filled += filler->per_word;
    if (filler->filled < 64)
        return;
    filler->dump->descs[filler->n++] = filler->part;
    filler->part = 0;
    filler->filled = 0;
}

static bool fill_token(struct filler *filler, const char *token, size_t length, size_t line,
                       parse_why why)
{
    const size_t prefix = has_prefix(token, length) ? 2 : 0;
    const size_t digits = length - prefix;
    parse_quoted quoted;
    uint64_t word;

    if ((digits != 2 && digits != 8 && digits != 16) ||
        !hex_digits(token + prefix, digits, &word)) {
        (void)snprintf(why, PARSE_WHY_BYTES,
                       "line %zu: %s is not a hexadecimal number of 2, 8 or 16 digits", line,
                       parse_quote(quoted, token, length));
        return false;
    }
    if (filler->per_word == 0)
        filler->per_word = (unsigned)digits * 4;
    if (filler->per_word != digits * 4) {
        (void)snprintf(why, PARSE_WHY_BYTES, "line %zu: %s has %zu digits, those before have %u",
                       line, parse_quote(quoted, token, length), digits, filler->per_word / 4);
        return false;
    }
    fill(filler, word);
    return true;
}

static bool fill_line(struct filler *filler, const char *text, const char *end, size_t line,
                      parse_why why)
{
    const char *comment = memchr(text, '#', (size_t)(end - text));

    if (comment != NULL)
        end = comment;
    for (const char *at = text; at < end; at++) {
        if (*at == ':')
            text = at + 1;
    }
    while (text < end) {
        const char *token = text;

        while (text < end && !is_space(*text) && *text != ',')
            text++;
        if (text > token && !fill_token(filler, token, (size_t)(text - token), line, why))
            return false;
        text++;
    }
    return true;
}

static bool fill_text(struct filler *filler, const char *text, size_t bytes, parse_why why)
{
    const char *const end = text + bytes;

    for (size_t line = 1; text < end; line++) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));

        if (stop == NULL)
            stop = end;
        if (!fill_line(filler, text, stop, line, why))
            return false;
        text = stop + 1;
    }
    return true;
}

static bool is_text(const uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (!is_printable((char)data[i]) && !is_space((char)data[i]))
            return false;
    }
    return true;
}

/* Whole pages, or what is missing filled with zeros (the memory has them). */
static bool close_pages(struct filler *filler, bool raw, bool pad, parse_why why)
{
    const size_t bytes = filler->n * CGDT_DESC_BYTES + filler->filled / 8;
    const size_t pages = (bytes + CGDT_PAGE_BYTES - 1) / CGDT_PAGE_BYTES;

    if (bytes == 0) {
        (void)snprintf(why, PARSE_WHY_BYTES, "no descriptor in it");
        return false;
    }
    if (!pad && bytes != pages * CGDT_PAGE_BYTES) {
        (void)snprintf(why, PARSE_WHY_BYTES,
                       "%zu bytes%s are not whole pages of %u: the last has %zu (--pad fills it)",
                       bytes, raw ? "" : " of descriptors", CGDT_PAGE_BYTES,
                       bytes % CGDT_PAGE_BYTES);
        return false;
    }
    if (filler->filled != 0)
        filler->dump->descs[filler->n] = filler->part;
    filler->dump->pages = pages;
    return true;
}

bool dump_parse(const uint8_t *data, size_t bytes, enum dump_format format, bool pad,
                struct dump *dump, parse_why why)
{
    struct filler filler = {.dump = dump};
    bool good = true;

    *dump = (struct dump){0};
    if (bytes == 0) {
        (void)snprintf(why, PARSE_WHY_BYTES, "it is empty");
        return false;
    }
    if (format == DUMP_AUTO)
        format = is_text(data, bytes) ? DUMP_HEX : DUMP_RAW;
    /* No format has more than one descriptor in 8 bytes; calloc() touches only what is used. */
    dump->descs = calloc(bytes / 8 + 1 + CGDT_PAGE_ENTRIES, sizeof(*dump->descs));
    if (dump->descs == NULL) {
        (void)snprintf(why, PARSE_WHY_BYTES, "no memory for %zu bytes", bytes);
        return false;
    }
    if (format == DUMP_HEX) {
        good = fill_text(&filler, (const char *)data, bytes, why);
    } else {
        filler.per_word = 8;
        for (size_t i = 0; i < bytes; i++)
            fill(&filler, data[i]);
    }
    good = good && close_pages(&filler, format == DUMP_RAW, pad, why);
    if (!good)
        dump_free(dump);
    return good;
}

void dump_free(struct dump *dump)
{
    free(dump->descs);
    *dump = (struct dump){0};
}
