/* SPDX-License-Identifier: MIT */
/* Dumps. Nothing here trusts a byte of the input. */
#include "dump.h"
#include "dump_fill.h"
#include "dump_listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool fill_token(struct filler *filler, const char *token, size_t length)
{
    const size_t prefix = parse_prefix(token, length);
    const size_t digits = length - prefix;
    parse_quoted quoted;
    uint64_t word;

    if ((digits != 2 && digits != 8 && digits != 16) ||
        !parse_hex_digits(token + prefix, digits, &word)) {
        (void)snprintf(filler->why, PARSE_WHY_BYTES,
                       "line %zu: %s is not a hexadecimal number of 2, 8 or 16 digits",
                       filler->line, parse_quote(quoted, token, length));
        return false;
    }
    if (filler->per_word == 0)
        filler->per_word = (unsigned)digits * 4;
    if (filler->per_word != digits * 4) {
        (void)snprintf(filler->why, PARSE_WHY_BYTES,
                       "line %zu: %s has %zu digits, those before have %u", filler->line,
                       parse_quote(quoted, token, length), digits, filler->per_word / 4);
        return false;
    }
    return fill_word(filler, word, filler->per_word);
}

static bool fill_line(struct filler *filler, const char *text, const char *end)
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

        while (text < end && !parse_is_space(*text) && *text != ',')
            text++;
        if (text > token && !fill_token(filler, token, (size_t)(text - token)))
            return false;
        text++;
    }
    return true;
}

static bool fill_text(struct filler *filler, const char *text, size_t bytes, bool is_listing)
{
    const char *const end = text + bytes;
    struct listing listing = {0};

    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));

        if (stop == NULL)
            stop = end;
        filler->line++;
        if (!(is_listing ? listing_line(&listing, filler, text, stop)
                         : fill_line(filler, text, stop)))
            return false;
        text = stop < end ? stop + 1 : end;
    }
    return listing_ends(&listing, filler);
}

static bool fill_raw(struct filler *filler, const uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (!fill_word(filler, data[i], 8))
            return false;
    }
    return true;
}

/* What a byte says of the file that it is in. */
enum byte_kind {
    BYTE_TEXT,    /* beyond ASCII too: a comment may have any letters */
    BYTE_ESCAPE,  /* a terminal was to see it */
    BYTE_CONTROL, /* NUL among them: no page of descriptors is without it, no text has it */
};

static enum byte_kind kind_of(uint8_t byte)
{
    if (byte == 0x1b)
        return BYTE_ESCAPE;
    return (byte < ' ' && !parse_is_space((char)byte)) || byte == 0x7f ? BYTE_CONTROL : BYTE_TEXT;
}

/*
 * What AUTO is here; DUMP_AUTO: it is text that cannot be read, and why says so. In doubt it says
 * no: text that is taken for memory, or the other way round, would be checked and found fine,
 * perhaps.
 */
static enum dump_format format_of(const uint8_t *data, size_t bytes, char *why)
{
    bool escapes = false;

    if (bytes >= 2 && (data[0] ^ data[1]) == 1 && data[0] >= 0xfe) {
        (void)snprintf(why, PARSE_WHY_BYTES, "it is text in UTF-16: convert it");
        return DUMP_AUTO;
    }
    for (size_t i = 0; i < bytes; i++) {
        if (kind_of(data[i]) == BYTE_CONTROL)
            return DUMP_RAW;
        escapes = escapes || kind_of(data[i]) == BYTE_ESCAPE;
    }
    if (escapes) {
        (void)snprintf(why, PARSE_WHY_BYTES,
                       "a terminal's escape codes are in it: keep the rows of numbers alone");
        return DUMP_AUTO;
    }
    return listing_seems((const char *)data, (const char *)data + bytes) ? DUMP_LISTING : DUMP_HEX;
}

static bool not_whole(const struct filler *filler, const char *of, const char *advice)
{
    const size_t bytes = fill_bytes(filler);

    (void)snprintf(filler->why, PARSE_WHY_BYTES,
                   "%zu bytes of %s are not whole pages of %u: the last has %zu (%s)", bytes, of,
                   CGDT_PAGE_BYTES, bytes % CGDT_PAGE_BYTES, advice);
    return false;
}

/*
 * Whole pages, or what is missing filled with zeros; what was only guessed to be raw must be whole.
 */
static bool close_pages(struct filler *filler, bool raw, bool guessed, bool pad, struct dump *dump)
{
    const size_t bytes = fill_bytes(filler);
    const size_t pages = (bytes + CGDT_PAGE_BYTES - 1) / CGDT_PAGE_BYTES;

    if (bytes == 0) {
        (void)snprintf(filler->why, PARSE_WHY_BYTES, "no descriptor in it");
        return false;
    }
    if (bytes != pages * CGDT_PAGE_BYTES && raw && (guessed || !pad))
        return not_whole(filler, "memory", "--format raw --pad fills it");
    if (bytes != pages * CGDT_PAGE_BYTES && !pad)
        return not_whole(filler, "descriptors", "--pad fills it");
    while (filler->filled != 0 || filler->n < pages * CGDT_PAGE_ENTRIES) {
        if (!fill_word(filler, 0, 8))
            return false;
    }
    *dump = (struct dump){filler->descs, pages};
    return true;
}

bool dump_parse(const uint8_t *data, size_t bytes, enum dump_format format, bool pad,
                struct dump *dump, parse_why why)
{
    struct filler filler = {.why = why};
    bool good;

    *dump = (struct dump){0};
    if (bytes == 0) {
        (void)snprintf(why, PARSE_WHY_BYTES, "it is empty");
        return false;
    }
    const bool guessed = format == DUMP_AUTO;
    if (guessed)
        format = format_of(data, bytes, why);
    if (format == DUMP_AUTO)
        return false;
    if (format == DUMP_RAW)
        good = fill_raw(&filler, data, bytes);
    else
        good = fill_text(&filler, (const char *)data, bytes, format == DUMP_LISTING);
    good = good && close_pages(&filler, format == DUMP_RAW, guessed, pad, dump);
    if (!good)
        free(filler.descs);
    return good;
}

void dump_free(struct dump *dump)
{
    free(dump->descs);
    *dump = (struct dump){0};
}
