/* SPDX-License-Identifier: MIT */
/* The grammar of a row with an address column; see rows.h. */
#include "rows.h"
#include "dump.h"
#include "place.h"
#include "session.h"

#include <inttypes.h>
#include <string.h>

/* Where WinDbg has a dash. */
#define MIDDLE_BYTES 8u

/* No tool puts more into a row: xxd, 256. */
#define ROW_MAX_BYTES 512u

struct rows {
    const struct row_format *format;
    struct reader *reader;
    struct place place;
    size_t rows;
    size_t digits;      /* of each group; 0 before the first */
    size_t first_bytes; /* of the first row */
    size_t address_digits;
    size_t address_length; /* of the row before, with all its marks */
    size_t group;          /* characters of a group */
    bool has_text;         /* the first row has a text column, so that all have */
    size_t text_column;    /* where it begins there */

    uint8_t bytes[ROW_MAX_BYTES]; /* of the row that is read, as they lie in memory */
    size_t n;
};

/* ---- the address column ---------------------------------------------------------------------- */

/* Digits of any radix; a tick of WinDbg's may stand before the last 8. */
static bool address_value(const struct row_format *format, struct span digits, uint64_t *value)
{
    const char *const first = digits.at;
    uint64_t sum = 0;
    size_t n = 0;

    for (; digits.at < digits.end; digits.at++) {
        const int digit = parse_digit(*digits.at);

        if (format->tick && *digits.at == '`' && n > 0 && span_length(digits) == 9)
            continue;
        if (digit < 0 || digit >= format->radix)
            return false;
        sum = sum * format->radix + (unsigned)digit;
        n++;
    }
    *value = sum;
    if (format->tick)
        return n == 8 || n == 16;
    return n >= format->address_min && n <= format->address_max &&
           (n == format->address_min || n == 16 || *first != '0');
}

/* gdb's <symbol+offset>. */
static bool skip_symbol(struct rows *rows, struct span *rest)
{
    struct span look = *rest;

    (void)skip_blanks(&look);
    if (!rows->format->symbol || look.at == look.end || *look.at != '<')
        return true;
    const struct span symbol = take_until(&look, ">:");
    if (look.at == look.end || *look.at != '>')
        return refuse_token(rows->reader, symbol, "is no <symbol> of gdb");
    rest->at = look.at + 1;
    return true;
}

static bool take_address(struct rows *rows, struct span *rest, uint64_t *address)
{
    const struct row_format *format = rows->format;
    struct span token = take_until(rest, ":");
    struct span digits = token;

    digits.at += parse_prefix(token.at, span_length(token));
    rows->address_digits =
        span_length(digits) - (memchr(digits.at, '`', span_length(digits)) != NULL);
    if ((digits.at != token.at) != format->address_0x || !address_value(format, digits, address))
        return refuse_token(rows->reader, token, "is not the address that begins a row");
    if (format->tick && rows->rows > 0 && span_length(token) != rows->address_length)
        return refuse_token(rows->reader, token, "is not written as the addresses before");
    rows->address_length = span_length(token);
    if (!skip_symbol(rows, rest))
        return false;
    if (!format->colon)
        return rest->at == rest->end || *rest->at != ':' ||
               refuse(rows->reader, rest->at, "a colon that such a row has not");
    if (rest->at == rest->end || *rest->at != ':')
        return refuse_token(rows->reader, token, "has no colon behind it, as an address has here");
    rest->at++;
    return true;
}

/* ---- groups ---------------------------------------------------------------------------------- */

/* Index of names[]; 4: none. */
static unsigned width_of(size_t digits)
{
    switch (digits) {
    case 2:
        return 0;
    case 4:
        return 1;
    case 8:
        return 2;
    case 16:
        return 3;
    default:
        return 4;
    }
}

/* The digits of a group without 0x and WinDbg's tick, in `plain`. */
static struct span digits_of(const struct rows *rows, struct span token, char plain[16])
{
    const size_t prefix = parse_prefix(token.at, span_length(token));
    const struct span digits = {token.at + (rows->format->number_0x ? prefix : 0), token.end};

    if (!rows->format->tick || span_length(digits) != 17 || digits.at[8] != '`')
        return digits;
    memcpy(plain, digits.at, 8);
    memcpy(plain + 8, digits.at + 9, 8);
    return (struct span){plain, plain + 16};
}

static void keep_bytes(struct rows *rows, const char *digits, size_t length, bool bytes)
{
    for (size_t i = 0; i < length; i += 2) {
        const int high = parse_digit(digits[bytes ? i : length - 2 - i]);
        const int low = parse_digit(digits[bytes ? i + 1 : length - 1 - i]);

        rows->bytes[rows->n++] = (uint8_t)(high << 4 | low);
    }
}

static bool take_group(struct rows *rows, struct span *rest)
{
    const struct row_format *format = rows->format;
    const char stops[] = {format->middle, '\0'};
    const struct span token = take_until(rest, stops);
    char plain[16];
    const struct span digits = digits_of(rows, token, plain);
    const size_t length = span_length(digits);
    uint64_t value;

    if ((format->number_0x && parse_prefix(token.at, span_length(token)) == 0) ||
        !parse_hex_digits(digits.at, length, &value))
        return refuse_token(rows->reader, token,
                            format->number_0x ? "is not a hexadecimal number with 0x"
                                              : "is not a group of hexadecimal digits");
    if (rows->digits == 0) {
        if (width_of(length) > 3 || format->names[width_of(length)] == NULL)
            return refuse_token(rows->reader, token,
                                length == 6 ? "may be octal, as od prints by default: od -t x8"
                                            : "has not the digits of such a row's groups");
        rows->digits = length;
        rows->group = span_length(token);
    }
    if (length == rows->digits && span_length(token) != rows->group)
        return refuse_token(rows->reader, token,
                            "has a ` and others have not, or the other way round");
    if (length != rows->digits)
        return refuse(rows->reader, token.at, "a group of %zu digits, where others have %zu",
                      length, rows->digits);
    if (rows->n + length / 2 > ROW_MAX_BYTES)
        return refuse(rows->reader, token.at, "more than %u bytes in a row", ROW_MAX_BYTES);
    keep_bytes(rows, digits.at, length, format->bytes);
    return true;
}

/* ---- the text column ------------------------------------------------------------------------- */

/* What a tool prints for a byte. */
static char shown(uint8_t byte)
{
    return parse_is_printable((char)byte) ? (char)byte : '.';
}

/* Each character is what its byte would be; blanks at the end may have been cut off. */
static bool check_text(struct rows *rows, struct span rest)
{
    const struct row_format *format = rows->format;
    size_t i = 0;

    if (format->open != '\0' && *rest.at++ != format->open)
        return refuse(rows->reader, rest.at - 1, "no '%c' before the text column", format->open);
    for (; i < rows->n && rest.at < rest.end; i++, rest.at++) {
        if (*rest.at != shown(rows->bytes[i]))
            return refuse(rows->reader, rest.at, "the text column has not '%c' for the byte 0x%02x",
                          shown(rows->bytes[i]), rows->bytes[i]);
    }
    while (i < rows->n && format->close == '\0' && rows->bytes[i] == ' ')
        i++;
    if (i < rows->n)
        return refuse(rows->reader, rest.at, "the text column ends after %zu of %zu characters", i,
                      rows->n);
    if (format->close != '\0') {
        if (rest.at == rest.end || *rest.at != format->close)
            return refuse(rows->reader, rest.at, "no '%c' behind the text column", format->close);
        rest.at++;
    }
    if (rest.at != rest.end)
        return refuse(rows->reader, rest.at, "more than the row's text column");
    return true;
}

/* Behind a group: whether the text column begins here, and stands where it has to. */
static bool text_begins(const struct rows *rows, struct span rest, size_t blanks)
{
    const struct row_format *format = rows->format;

    if (format->text == TEXT_NONE || blanks < format->text_blanks)
        return false;
    if (format->open != '\0')
        return *rest.at == format->open;
    return blanks > format->between_max;
}

/*
 * Where it begins: its first characters may be blanks. Below the first row's, or, of a row that is
 * as long or of a tool that does not align it, at once.
 */
static bool check_text_place(struct rows *rows, const char *behind, struct span rest)
{
    const char *at = behind + rows->format->text_blanks;
    const char *const below = rows->reader->line_at + rows->text_column;

    if (rows->rows == 0) {
        rows->has_text = true;
        rows->text_column = (size_t)(at - rows->reader->line_at);
    } else if (rows->n < rows->first_bytes && below > at && below <= rest.at) {
        at = below;
    }
    if (!rows->has_text)
        return refuse(rows->reader, rest.at, "a text column, which the rows before have not");
    return check_text(rows, (struct span){at, rest.end});
}

/* Without one: it was never there, or is nothing but blanks that were cut off. */
static bool check_no_text(struct rows *rows, const char *at)
{
    bool blank = true;

    for (size_t i = 0; i < rows->n; i++)
        blank = blank && rows->bytes[i] == ' ';
    return (rows->format->text != TEXT_MUST_BE && !rows->has_text) || blank ||
           refuse(rows->reader, at, "the row ends without its text column");
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Groups, and the text column behind them. */
static bool take_groups(struct rows *rows, struct span rest)
{
    const struct row_format *format = rows->format;

    rows->n = 0;
    while (take_group(rows, &rest)) {
        const char *const behind = rest.at;

        if (rest.at < rest.end && format->middle == '-' && *rest.at == '-') {
            rest.at++;
            if (rows->n != MIDDLE_BYTES || rest.at == rest.end || parse_is_space(*rest.at))
                return refuse(rows->reader, rest.at, "'%c' that is not between the halves of a row",
                              format->middle);
            continue;
        }
        const size_t blanks = skip_blanks(&rest);
        if (rest.at == rest.end)
            return check_no_text(rows, behind);
        if (text_begins(rows, rest, blanks))
            return check_text_place(rows, behind, rest);
        if (format->text == TEXT_NONE && *rest.at == '#')
            return check_comment(rows->reader, rest);
        if (format->middle == ' ' && (blanks == 2) != (rows->n == MIDDLE_BYTES))
            return refuse(rows->reader, rest.at, "%zu blanks before a group", blanks);
        if (format->middle == '-' && rows->n == MIDDLE_BYTES)
            return refuse(rows->reader, behind, "no '-' between the halves of a row");
        if (blanks > format->between_max)
            return refuse(rows->reader, rest.at, "%zu blanks before a group, not %u", blanks,
                          (unsigned)format->between_max);
    }
    return false;
}

/*
 * Whether a number is what the address of a row would be that begins with it: two rows in one line,
 * where addresses have no mark of their own.
 */
static bool has_address(const struct rows *rows, uint64_t address)
{
    const size_t bytes = rows->digits / 2;

    for (size_t at = bytes; !rows->format->colon && bytes >= 4 && at < rows->n; at += bytes) {
        uint64_t value = 0;

        for (size_t i = bytes; i-- > 0;)
            value = value << 8 | rows->bytes[at + i];
        if (value == address + at)
            return true;
    }
    return false;
}

/* Whether a row that was understood may follow what was read. */
static bool follows(struct rows *rows, uint64_t address, const char *at)
{
    struct reader *reader = rows->reader;

    if (rows->rows > 0 && rows->n > rows->first_bytes)
        return refuse(reader, at, "a row of %zu bytes behind rows of %zu", rows->n,
                      rows->first_bytes);
    if (has_address(rows, address))
        return refuse(reader, at, "two rows in one line: a number is the address that follows");
    if (reader->asked_from && address != reader->asked_address)
        return refuse(reader, at, "address 0x%" PRIx64 ", where the command asked for 0x%" PRIx64,
                      address, reader->asked_address);
    reader->asked_from = false;
    return place_row(&rows->place, reader, address, at);
}

static bool put_row(struct rows *rows, uint64_t address, const char *at)
{
    if (!follows(rows, address, at)) {
        rows->reader->reached = rows->reader->line_end;
        return false;
    }
    for (size_t i = 0; i < rows->n; i++) {
        if (!put_word(rows->reader, at, rows->bytes[i], 8))
            return false;
    }
    rows->place.row_bytes = rows->n;
    if (rows->rows++ == 0)
        rows->first_bytes = rows->n;
    return true;
}

/* "0xFIRST-0xLAST zero suppressed". False and not refused: it is no such line. */
static bool take_zeros(struct rows *rows, struct span rest)
{
    const char *const at = rest.at;
    const struct span first = take_until(&rest, "-");
    struct span last = {rest.at + 1, rest.end};
    uint64_t from;
    uint64_t to;

    if (rest.at == rest.end || *rest.at != '-')
        return false;
    rest = last;
    last = take_until(&rest, "");
    if (span_length(rest) != strlen(" zero suppressed") ||
        memcmp(rest.at, " zero suppressed", span_length(rest)) != 0 || span_length(first) != 18 ||
        span_length(last) != 18 || !parse_hex_digits(first.at + 2, 16, &from) ||
        !parse_hex_digits(last.at + 2, 16, &to) || to < from)
        return refuse_token(rows->reader, first, "begins no line of kdb's on suppressed zeros");
    if (!place_row(&rows->place, rows->reader, from, at))
        return false;
    /* What a few lines stand for may be far more than memory has: before the first is put. */
    if (to - from >= DUMP_MAX_BYTES ||
        to - from + fill_bytes(&rows->reader->fill) >= DUMP_MAX_BYTES)
        return refuse(rows->reader, at, "more than %u MiB with these zeros", DUMP_MAX_BYTES >> 20);
    for (uint64_t i = 0; i <= to - from; i++) {
        if (!put_word(rows->reader, at, 0, 8))
            return false;
    }
    return true;
}

/* No tool leaves out rows behind one that is cut. */
static bool is_whole_row(struct rows *rows, const char *at)
{
    return rows->place.row_bytes == rows->first_bytes ||
           refuse(rows->reader, at, "'*' behind a row of %zu bytes, where rows have %zu",
                  rows->place.row_bytes, rows->first_bytes);
}

static bool take_row(struct rows *rows, struct span rest)
{
    const struct row_format *format = rows->format;
    const struct span first = rest;
    uint64_t address = 0;

    if (format->folds && *rest.at == '*' && rest.at + 1 == rest.end)
        return is_whole_row(rows, rest.at) && place_star(&rows->place, rows->reader, rest.at);
    if (format->zeros && take_zeros(rows, rest))
        return true;
    if (rows->reader->refused_line != 0 || !take_address(rows, &rest, &address))
        return false;
    const size_t blanks = skip_blanks(&rest);
    if (rest.at == rest.end) {
        if (!format->folds || format->colon || rows->rows == 0)
            return refuse(rows->reader, first.at, "an address with nothing behind it");
        if (!place_row(&rows->place, rows->reader, address, first.at))
            return false;
        rows->place.ended = true;
        return true;
    }
    if (blanks < format->blanks_min || blanks > format->blanks_max)
        return refuse(rows->reader, rest.at, "%zu blanks behind the address", blanks);
    return take_groups(rows, rest) && put_row(rows, address, first.at);
}

/* Where an address looks like a number, it takes two rows to show that the column has addresses. */
static bool rises(struct rows *rows)
{
    const bool alike = rows->address_digits == rows->digits || rows->format->two_rows;

    if (!rows->format->must_rise || rows->rows != 1 || rows->place.ended || !alike)
        return true;
    return refuse(rows->reader, rows->reader->line_at,
                  "one row alone does not tell whether it begins with an address");
}

bool read_rows(const struct row_format *format, struct reader *reader)
{
    struct rows rows = {.format = format, .reader = reader};

    reader->bytes = format->bytes;
    while (next_line(reader)) {
        struct span rest = {reader->line_at, reader->line_end};

        (void)skip_blanks(&rest);
        if (rest.at == rest.end || is_comment(reader, rest) || session_line(reader, &rest))
            continue;
        if (reader->refused_line != 0 || !take_row(&rows, rest))
            return false;
    }
    if (rows.digits != 0)
        reader->format = format->names[width_of(rows.digits)];
    return place_ends(&rows.place, reader) && session_ends(reader) && ends_whole(reader) &&
           rises(&rows);
}
