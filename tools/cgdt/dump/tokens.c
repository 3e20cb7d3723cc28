/* SPDX-License-Identifier: MIT */
/* Words, numbers and marks of C, Rust and assemblers, without their comments. */
#include "tokens.h"

#include <string.h>

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static void new_line(struct reader *reader, const char *at)
{
    reader->line++;
    reader->line_at = at;
    reader->line_end = at;
}

static bool begins(struct span rest, const char *mark)
{
    return span_length(rest) >= strlen(mark) && memcmp(rest.at, mark, strlen(mark)) == 0;
}

/* A comment of C, whole. */
static bool skip_block(struct reader *reader, struct span *rest)
{
    const struct span from = *rest;

    for (rest->at += 2; !begins(*rest, "*/"); rest->at++) {
        if (rest->at == rest->end)
            return refuse(reader, from.at, "a comment without its end");
        if (begins(*rest, "/*"))
            return refuse(reader, rest->at, "a comment within a comment: was an end lost?");
        if (*rest->at == '\n')
            new_line(reader, rest->at + 1);
    }
    rest->at += 2;
    return true;
}

/* A comment up to the end of its line. */
static bool skip_line(struct reader *reader, struct span *rest)
{
    const char *const from = rest->at;

    while (rest->at < rest->end && *rest->at != '\n')
        rest->at++;
    const char *last = rest->at;
    while (last > from && parse_is_space(last[-1]))
        last--;
    if (last[-1] == '\\') /* behind the mark of the comment at least */
        return refuse(reader, last - 1, "a comment that would go on in the next line, in C");
    return check_comment(reader, (struct span){from, rest->at});
}

static bool skip_space(struct reader *reader, struct span *rest, const char *comments)
{
    while (rest->at < rest->end) {
        const char c = *rest->at;

        if (c == '\n') {
            new_line(reader, ++rest->at);
        } else if (parse_is_space(c)) {
            rest->at++;
        } else if (begins(*rest, "/*")) {
            if (!skip_block(reader, rest))
                return false;
        } else if (begins(*rest, "//") || (c != '\0' && strchr(comments, c) != NULL)) {
            if (!skip_line(reader, rest))
                return false;
        } else {
            return true;
        }
    }
    return true;
}

/* Whether what follows the digits is one of the endings that C, Rust and NASM know. */
static bool check_suffix(struct span suffix)
{
    static const char *const known[] = {"",    "u",  "l",   "ul",  "lu",  "ll",   "ull",
                                        "llu", "u8", "u16", "u32", "u64", "usize"};
    char lower[8] = "";

    if (span_length(suffix) >= sizeof(lower))
        return false;
    for (size_t i = 0; i < span_length(suffix); i++)
        lower[i] = (char)(suffix.at[i] | 0x20);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(lower, known[i]) == 0)
            return true;
    }
    return false;
}

static bool is_digit(char c, unsigned base)
{
    return parse_digit(c) >= 0 && parse_digit(c) < (int)base;
}

/*
 * Digits of a base with '_' or ' between them, which make groups of the same size, but for a first
 * one that is smaller. False: that they do not, or more than 64 bits.
 */
static bool take_digits(struct span *rest, unsigned base, struct token *token)
{
    unsigned sizes[3] = {0}; /* of the first group, of the second, and of the one that is read */
    unsigned group = 0;
    unsigned n = 0;
    bool even = true;

    for (; rest->at < rest->end; rest->at++) {
        const int digit = parse_digit(*rest->at);
        const bool mark = *rest->at == '_' || *rest->at == '\'';

        if (mark && sizes[2] > 0 && rest->at + 1 < rest->end && is_digit(rest->at[1], base)) {
            even = even && (group < 2 || sizes[2] == sizes[1]);
            if (group < 2)
                sizes[group] = sizes[2];
            group++;
            sizes[2] = 0;
            continue;
        }
        if (!is_digit(*rest->at, base))
            break;
        if (token->value > (UINT64_MAX - (unsigned)digit) / base)
            return false;
        token->value = token->value * base + (unsigned)digit;
        sizes[2]++;
        n++;
    }
    token->hex = base == 16 ? n : 0;
    return n > 0 && even && (group < 2 || sizes[2] == sizes[1]) &&
           (group == 0 || sizes[0] <= sizes[2]);
}

/* NASM's and MASM's 0FFFFh. */
static bool take_h_number(struct span word, struct token *token)
{
    const struct span digits = {word.at, word.end - 1};

    if (span_length(word) < 2 || (*digits.end | 0x20) != 'h' || span_length(digits) > 17 ||
        (span_length(digits) == 17 && *digits.at != '0'))
        return false;
    token->hex = (unsigned)span_length(digits);
    if (token->hex == 17)
        return parse_hex_digits(digits.at + 1, 16, &token->value);
    return parse_hex_digits(digits.at, token->hex, &token->value);
}

static bool take_number(struct reader *reader, struct span *rest, struct token *token)
{
    const size_t prefix = parse_prefix(rest->at, span_length(*rest));
    struct span word = *rest;

    while (word.at < word.end && (is_word(*word.at) || (*word.at == '\'' && prefix != 0)))
        word.at++;
    token->span.end = word.at;
    if (take_h_number(token->span, token)) {
        rest->at = word.at;
        return true;
    }
    token->value = 0;
    rest->at += prefix;
    if (!take_digits(rest, prefix != 0 ? 16 : 10, token))
        return refuse_token(reader, token->span,
                            "is not a number of up to 64 bits, in groups of one size");
    if (rest->at < word.at && *rest->at == '_')
        rest->at++; /* Rust: 0xffff_u64 */
    token->suffix = (struct span){rest->at, word.at};
    rest->at = word.at;
    if (!check_suffix(token->suffix))
        return refuse_token(reader, token->span, "is not a number with a suffix that is known");
    if (prefix == 0 && span_length(token->span) > 1 && *token->span.at == '0')
        return refuse_token(reader, token->span,
                            "has a 0 before it: octal in C, decimal elsewhere");
    return true;
}

bool next_token(struct reader *reader, struct span *rest, const char *comments, struct token *token)
{
    if (!skip_space(reader, rest, comments))
        return false;
    *token = (struct token){.span = {rest->at, rest->at}};
    if (rest->at == rest->end)
        return true;
    if (*rest->at >= '0' && *rest->at <= '9') {
        token->kind = TOKEN_NUMBER;
        return take_number(reader, rest, token);
    }
    token->kind = is_word(*rest->at) ? TOKEN_WORD : TOKEN_MARK;
    do {
        rest->at++;
    } while (token->kind == TOKEN_WORD && rest->at < rest->end && is_word(*rest->at));
    token->span.end = rest->at;
    return true;
}

bool token_is(const struct token *token, const char *text)
{
    return token->kind != TOKEN_END && span_length(token->span) == strlen(text) &&
           memcmp(token->span.at, text, strlen(text)) == 0;
}

bool see_digits(struct reader *reader, struct digits_seen *seen, const struct token *token)
{
    const size_t prefix = parse_prefix(token->span.at, span_length(token->span));
    const bool padded = prefix != 0 && token->hex > 1 && token->span.at[prefix] == '0';
    const unsigned digits =
        token->hex != 0 ? token->hex : (unsigned)span_length(token->span); /* or decimal */

    if ((token->value == 0 && digits < 2) || (prefix == 0 && token->hex != 0)) /* 0, and 0FFh */
        return true;
    if (padded && seen->padded == 0)
        seen->padded = digits;
    if (seen->least == 0 || digits < seen->least)
        seen->least = digits;
    if (digits > seen->most)
        seen->most = digits;
    return seen->padded == 0 || (seen->padded == seen->least && seen->padded == seen->most) ||
           refuse_token(reader, token->span, "has not as many digits as others with zeros before");
}
