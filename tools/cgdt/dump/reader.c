/* SPDX-License-Identifier: MIT */
/* Lines, blanks and refusals. Nothing here knows of a format. */
#include "reader.h"

#include <stdio.h>
#include <string.h>

bool refuse(struct reader *reader, const char *at, const char *format, ...)
{
    va_list args;

    reader->refused_line = reader->line == 0 ? 1 : reader->line;
    reader->refused_column = at >= reader->line_at ? (size_t)(at - reader->line_at) + 1 : 1;
    reader->reached = at;
    va_start(args, format);
    (void)vsnprintf(reader->why, sizeof(reader->why), format, args);
    va_end(args);
    return false;
}

bool refuse_token(struct reader *reader, struct span token, const char *words)
{
    parse_quoted quoted;

    return refuse(reader, token.at, "%s %s", parse_quote(quoted, token.at, span_length(token)),
                  words);
}

bool next_line(struct reader *reader)
{
    const char *from = reader->text;

    if (reader->line > 0) {
        const char *const stop =
            memchr(reader->line_end, '\n', (size_t)(reader->end - reader->line_end));

        if (stop == NULL)
            return false;
        from = stop + 1;
    }
    if (from == reader->end)
        return false;
    const char *const stop = memchr(from, '\n', (size_t)(reader->end - from));

    reader->line++;
    reader->line_at = from;
    reader->line_end = stop != NULL ? stop : reader->end;
    while (reader->line_end > from && parse_is_space(reader->line_end[-1]))
        reader->line_end--;
    return true;
}

size_t skip_blanks(struct span *rest)
{
    const char *const from = rest->at;

    while (rest->at < rest->end && parse_is_space(*rest->at))
        rest->at++;
    return (size_t)(rest->at - from);
}

struct span take_until(struct span *rest, const char *stops)
{
    struct span token = *rest;

    while (rest->at < rest->end && !parse_is_space(*rest->at) &&
           (*rest->at == '\0' || strchr(stops, *rest->at) == NULL))
        rest->at++;
    token.end = rest->at;
    return token;
}

bool put_word(struct reader *reader, const char *at, uint64_t word, unsigned bits)
{
    if (reader->fill.filled + bits > 64)
        return refuse(reader, at, "a number of %u bits would lie in two descriptors", bits);
    if (fill_word(&reader->fill, word, bits))
        return true;
    return refuse(reader, at, "no memory for more than %zu bytes", fill_bytes(&reader->fill));
}

bool put_group(struct reader *reader, struct span digits, bool bytes)
{
    const size_t step = bytes ? 2 : span_length(digits);

    for (; digits.at < digits.end; digits.at += step) {
        uint64_t word;

        if (!parse_hex_digits(digits.at, step, &word))
            return refuse_token(reader, digits, "is not hexadecimal");
        if (!put_word(reader, digits.at, word, (unsigned)step * 4))
            return false;
    }
    return true;
}

static bool is_directive(struct span word)
{
    static const char *const names[] = {"db",    "dw",    "dd",    "dq",   ".byte",
                                        ".word", ".long", ".quad", ".int", ".short"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (span_length(word) == strlen(names[i]) &&
            memcmp(word.at, names[i], span_length(word)) == 0)
            return true;
    }
    return false;
}

/* A return, say, before something else: the end of a line, to whoever wrote it. */
static bool has_line_end(struct reader *reader, struct span comment)
{
    while (comment.at < comment.end) {
        const char *const from = comment.at;

        if (skip_blanks(&comment) == 0)
            comment.at++;
        for (const char *at = from; at < comment.at && comment.at < comment.end; at++) {
            if (parse_is_space(*at) && *at != ' ' && *at != '\t')
                return !refuse(reader, at, "a comment with a return in it: was it a line's end?");
        }
    }
    return false;
}

bool check_comment(struct reader *reader, struct span comment)
{
    if (has_line_end(reader, comment))
        return false;
    struct span before = {reader->line_at, comment.at};

    (void)skip_blanks(&before);
    unsigned may_have = before.at == before.end;

    for (struct span rest = comment; rest.at < rest.end; rest.at += rest.at < rest.end) {
        const struct span word = take_until(&rest, ",:;#()[]{}");
        const size_t length = span_length(word) - parse_prefix(word.at, span_length(word));
        uint64_t value;

        const bool number =
            (length == 8 || length == 16) && parse_hex_digits(word.end - length, length, &value);

        if ((is_directive(word) || number) && may_have-- == 0)
            return refuse_token(reader, word, "in a comment: was it a line of its own?");
    }
    return true;
}

bool is_comment(struct reader *reader, struct span line)
{
    return *line.at == '#' && check_comment(reader, line);
}

bool ends_whole(struct reader *reader)
{
    if (reader->fill.filled == 0)
        return true;
    return refuse(reader, reader->line_end,
                  "the text ends after %u of the 8 bytes of descriptor %zu",
                  reader->fill.filled / 8, reader->fill.n);
}
