/* SPDX-License-Identifier: MIT */
/*
 * Numbers and bytes without addresses. As nothing here tells a number from an address but its
 * place, rows whose first number could be one are refused: rows.c may know them.
 */
#include "bare.h"
#include "session.h"

#include <inttypes.h>

struct bare {
    struct reader *reader;
    bool bytes;
    bool begun;
    bool prefix;   /* 0x before each */
    size_t digits; /* that each has */
    size_t rows;
    size_t row;       /* numbers of the first */
    bool shorter;     /* the row before has fewer: it must be the last */
    uint64_t first;   /* number of the row before */
    size_t n;         /* numbers of the row that is read */
    uint64_t number;  /* the first number of it */
    uint64_t all[18]; /* the first of all numbers */
    size_t count;
    size_t blanks[2]; /* behind the first and the second number */
};

static bool check_digits(struct bare *bare, struct span token, size_t prefix, size_t digits)
{
    const bool known = digits == 2 || digits == 8 || digits == 16 || (bare->bytes && digits == 4);
    uint64_t value;

    if (!known || !parse_hex_digits(token.at + prefix, digits, &value))
        return refuse_token(bare->reader, token,
                            "is not a hexadecimal number of 2, 8 or 16 digits");
    if (!bare->begun) {
        bare->begun = true;
        bare->digits = digits;
        bare->prefix = prefix != 0;
    }
    if (bare->n++ == 0)
        bare->number = value;
    if (bare->count < sizeof(bare->all) / sizeof(bare->all[0]))
        bare->all[bare->count++] = value;
    if (digits != bare->digits) {
        parse_quoted quoted;

        return refuse(bare->reader, token.at, "%s has %zu digits, those before have %zu",
                      parse_quote(quoted, token.at, span_length(token)), digits, bare->digits);
    }
    if (bare->prefix != (prefix != 0))
        return refuse_token(bare->reader, token, "has 0x and others have not: is one an address?");
    return true;
}

/* White space and at most one comma. */
static bool skip_gap(struct bare *bare, struct span *rest, size_t *blanks)
{
    *blanks = skip_blanks(rest);
    if (rest->at == rest->end || *rest->at != ',')
        return true;
    rest->at++;
    *blanks += 1 + skip_blanks(rest);
    return rest->at == rest->end || *rest->at != ',' ||
           refuse(bare->reader, rest->at, "a comma with no number before it");
}

static bool take_numbers(struct bare *bare, struct span rest)
{
    size_t blanks;

    while (rest.at < rest.end && *rest.at != '#') {
        const struct span token = take_until(&rest, ",#");
        const size_t prefix = parse_prefix(token.at, span_length(token));
        const struct span digits = {token.at + prefix, token.end};

        if (!check_digits(bare, token, prefix, span_length(digits)) ||
            !put_group(bare->reader, digits, bare->bytes) || !skip_gap(bare, &rest, &blanks))
            return false;
        if (bare->n <= 2)
            bare->blanks[bare->n - 1] = blanks;
    }
    return check_comment(bare->reader, rest);
}

static bool is_power_of_two(size_t n)
{
    return (n & (n - 1)) == 0;
}

/* Whether the first number of the row may be an address. */
static bool check_row(struct bare *bare, const char *at)
{
    const uint64_t rest_bytes = (bare->n - 1) * bare->digits / 2;
    const bool rises = bare->rows > 0 && bare->number - bare->first == rest_bytes;

    bare->first = bare->number;
    if (bare->rows++ == 0)
        bare->row = bare->n;
    if (bare->shorter || bare->n > bare->row)
        return refuse(bare->reader, at,
                      "%zu numbers behind rows of %zu: all but the last must have as many", bare->n,
                      bare->row);
    bare->shorter = bare->n < bare->row;
    if (bare->n < 2)
        return true;
    if (bare->digits == 2)
        return true;
    if (rises)
        return refuse(bare->reader, at, "the first column rises by a row's bytes, as addresses do");
    if (bare->digits == 8 && bare->n % 2 != 0)
        return refuse(bare->reader, at,
                      "%zu numbers of 8 digits are no whole descriptors: is one an address?",
                      bare->n);
    if (bare->n > 2 && bare->blanks[0] > bare->blanks[1])
        return refuse(bare->reader, at, "the first number stands apart, as an address does");
    if (bare->rows > 1 && bare->row > 2 && !is_power_of_two(bare->row))
        return refuse(bare->reader, at, "rows of %zu numbers: is the first an address?", bare->row);
    return true;
}

/* Whether an address stands before every so many numbers: lines may have been joined. */
static bool check_strides(struct bare *bare)
{
    static const size_t strides[] = {2, 3, 5, 9, 17};

    for (size_t i = 0; i < sizeof(strides) / sizeof(strides[0]); i++) {
        const size_t n = strides[i];

        if (bare->digits > 4 && n < bare->count &&
            bare->all[n] - bare->all[0] == (n - 1) * bare->digits / 2)
            return refuse(bare->reader, bare->reader->line_at,
                          "numbers 1 and %zu are as far apart as addresses would be", n + 1);
    }
    return true;
}

static bool read_bare(struct bare *bare)
{
    struct reader *reader = bare->reader;

    while (next_line(reader)) {
        struct span rest = {reader->line_at, reader->line_end};

        (void)skip_blanks(&rest);
        if (rest.at == rest.end || is_comment(reader, rest) || session_line(reader, &rest))
            continue;
        const char *const at = rest.at;
        if (reader->refused_line != 0)
            return false;
        if (rest.at + 1 == rest.end && *rest.at == '*')
            return refuse(reader, rest.at,
                          "'*' for rows left out, and no addresses that tell how many (od -v)");
        bare->n = 0;
        if (!take_numbers(bare, rest) || !check_row(bare, at))
            return false;
    }
    return check_strides(bare) && session_ends(reader) && ends_whole(reader);
}

bool read_numbers(struct reader *reader)
{
    struct bare bare = {.reader = reader};
    const bool good = read_bare(&bare);

    reader->format = bare.digits == 16  ? "numbers of 16 digits"
                     : bare.digits == 8 ? "numbers of 8 digits, low halves first"
                                        : "bytes";
    return good;
}

bool read_byte_groups(struct reader *reader)
{
    struct bare bare = {.reader = reader, .bytes = true};

    reader->format = "bytes in groups";
    reader->bytes = true;
    return read_bare(&bare);
}

bool read_plain(struct reader *reader)
{
    size_t length = 0;
    bool last = false;

    reader->format = "xxd -p";
    reader->bytes = true;
    while (next_line(reader)) {
        struct span rest = {reader->line_at, reader->line_end};

        (void)skip_blanks(&rest);
        const struct span digits = take_until(&rest, "");
        if (digits.at == digits.end)
            continue;
        if (length == 0)
            length = span_length(digits);
        if (rest.at != rest.end || length <= 16 || span_length(digits) % 2 != 0)
            return refuse_token(reader, digits, "is no line of xxd -p");
        if (last || span_length(digits) > length)
            return refuse_token(reader, digits, "is longer or shorter than the lines of xxd -p");
        last = span_length(digits) < length;
        if (!put_group(reader, digits, true))
            return false;
    }
    return ends_whole(reader);
}
