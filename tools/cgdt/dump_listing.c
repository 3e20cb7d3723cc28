/* SPDX-License-Identifier: MIT */
/*
 * Lines of hexdump -C and of xxd:
 *
 *     00000010  ff ff 00 00 00 fb af 00  ff ff 00 00 00 f3 cf 00  |................|
 *     00000010: ffff 0000 00fb af00 ffff 0000 00f3 cf00  ................
 *
 * Bytes are as they lie in memory, in groups of one or two. Both leave out lines that repeat the
 * one before, and say so by a line '*'; hexdump -C ends with an address alone.
 */
#include "dump_listing.h"
#include "dump.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What is left to read of a line. */
struct rest {
    const char *at;
    const char *end;
};

static size_t skip_blanks(struct rest *rest)
{
    const char *const from = rest->at;

    while (rest->at < rest->end && parse_is_space(*rest->at))
        rest->at++;
    return (size_t)(rest->at - from);
}

static struct rest take_token(struct rest *rest)
{
    struct rest token = *rest;

    while (rest->at < rest->end && !parse_is_space(*rest->at))
        rest->at++;
    token.end = rest->at;
    return token;
}

static size_t length_of(struct rest token)
{
    return (size_t)(token.end - token.at);
}

/* 8 digits or more, with a colon behind them in xxd's. */
static bool take_address(struct rest *rest, uint64_t *address, bool *fenced)
{
    struct rest token = take_token(rest);

    *fenced = token.end == token.at || token.end[-1] != ':';
    if (!*fenced)
        token.end--;
    return length_of(token) >= 8 && parse_hex_digits(token.at, length_of(token), address);
}

/* The next group of bytes; false where the characters begin, or the line ends. */
static bool take_group(struct rest *rest, bool fenced, bool first, struct rest *group)
{
    const size_t blanks = skip_blanks(rest);

    if (rest->at == rest->end || (fenced ? *rest->at == '|' : !first && blanks > 1))
        return false;
    *group = take_token(rest);
    return true;
}

bool listing_seems(const char *text, const char *end)
{
    struct rest rest = {text, end};
    struct rest group;
    uint64_t value;
    bool fenced;

    (void)skip_blanks(&rest);
    const char *const stop = memchr(rest.at, '\n', (size_t)(rest.end - rest.at));
    if (stop != NULL)
        rest.end = stop;
    if (!take_address(&rest, &value, &fenced))
        return false;
    const struct rest behind = rest;
    if (!take_group(&rest, fenced, true, &group) ||
        !parse_hex_digits(group.at, length_of(group), &value))
        return false;
    if (fenced)
        return length_of(group) == 2 && memchr(rest.at, '|', length_of(rest)) != NULL;
    /* Groups of 8 or 16 digits are numbers: somebody's dump of words, with addresses. */
    return group.at == behind.at + 1 && (length_of(group) == 2 || length_of(group) == 4);
}

static bool refuse(const struct filler *filler, struct rest token)
{
    parse_quoted quoted;

    (void)snprintf(filler->why, PARSE_WHY_BYTES,
                   "line %zu: %s is not what hexdump -C or xxd would print here", filler->line,
                   parse_quote(quoted, token.at, length_of(token)));
    return false;
}

/* Repeat the last line until the dump goes on at `address`. */
static bool repeat(const struct listing *listing, struct filler *filler, uint64_t address)
{
    const uint64_t want = address - listing->base;

    if (filler->filled != 0 || listing->length == 0 || listing->length % CGDT_DESC_BYTES != 0 ||
        want < fill_bytes(filler) || (want - fill_bytes(filler)) % listing->length != 0 ||
        want > DUMP_MAX_BYTES) {
        (void)snprintf(filler->why, PARSE_WHY_BYTES,
                       "line %zu: '*' cannot stand for what lies before address 0x%" PRIx64,
                       filler->line, address);
        return false;
    }
    while (fill_bytes(filler) < want) {
        if (!fill_word(filler, filler->descs[filler->n - listing->length / CGDT_DESC_BYTES], 64))
            return false;
    }
    return true;
}

/* Where a line's bytes go: on from the line before, or, from page to page, anywhere. */
static bool go_on_at(struct listing *listing, struct filler *filler, uint64_t address)
{
    const bool repeats = listing->repeats;

    listing->repeats = false;
    if (repeats)
        return repeat(listing, filler, address);
    const uint64_t follows = listing->base + fill_bytes(filler);
    if (fill_bytes(filler) % CGDT_PAGE_BYTES == 0) {
        listing->base = address - fill_bytes(filler);
        return true;
    }
    if (address == follows)
        return true;
    (void)snprintf(filler->why, PARSE_WHY_BYTES,
                   "line %zu: address 0x%" PRIx64 ", where 0x%" PRIx64 " follows", filler->line,
                   address, follows);
    return false;
}

static bool fill_group(struct filler *filler, struct rest group)
{
    if (length_of(group) != 2 && length_of(group) != 4)
        return refuse(filler, group);
    for (; group.at < group.end; group.at += 2) {
        uint64_t byte;

        if (!parse_hex_digits(group.at, 2, &byte))
            return refuse(filler, group);
        if (!fill_word(filler, byte, 8))
            return false;
    }
    return true;
}

bool listing_line(struct listing *listing, struct filler *filler, const char *text, const char *end)
{
    struct rest rest = {text, end};
    struct rest group;
    uint64_t address;

    (void)skip_blanks(&rest);
    if (rest.at == rest.end)
        return true;
    const struct rest first = rest;
    if (*rest.at == '*') {
        listing->repeats = true;
        return take_token(&rest).end == first.at + 1 || refuse(filler, first);
    }
    if (!take_address(&rest, &address, &listing->fenced))
        return refuse(filler, first);
    if (!go_on_at(listing, filler, address))
        return false;
    const size_t before = fill_bytes(filler);
    for (bool begun = true; take_group(&rest, listing->fenced, begun, &group); begun = false) {
        if (!fill_group(filler, group))
            return false;
    }
    listing->length = fill_bytes(filler) - before; /* 0: an address alone, the end of hexdump's */
    return true;
}

bool listing_ends(const struct listing *listing, const struct filler *filler)
{
    if (listing->repeats)
        (void)snprintf(filler->why, PARSE_WHY_BYTES,
                       "line %zu: '*' at the end: how far it goes is not said", filler->line);
    return !listing->repeats;
}
