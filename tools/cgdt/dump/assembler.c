/* SPDX-License-Identifier: MIT */
/*
 * .quad, dq and their like: the directive says how wide a number is, so that mixed ones are read as
 * an assembler would. Nothing is computed: a symbol is refused.
 */
#include "lists.h"
#include "tokens.h"

#include <string.h>

static const struct {
    const char *name;
    unsigned bits;
    bool dot; /* GAS: ';' ends a statement; elsewhere it begins a comment */
} directives[] = {
    {"byte", 8, true},   {"word", 16, true},  {"short", 16, true}, {"value", 16, true},
    {"hword", 16, true}, {"2byte", 16, true}, {"long", 32, true},  {"int", 32, true},
    {"4byte", 32, true}, {"quad", 64, true},  {"8byte", 64, true}, {"db", 8, false},
    {"dw", 16, false},   {"dd", 32, false},   {"dq", 64, false},   {"DB", 8, false},
    {"DW", 16, false},   {"DD", 32, false},   {"DQ", 64, false},
};

struct listing {
    struct digits_seen seen[64 / 16 + 1]; /* of each width */
    unsigned pattern; /* bit n: a number begins at byte n; not of dq 0, or dd 0, 0 */
    unsigned begun;   /* the same of the one that is read */
};

/* Lines that say where the numbers lie; they may come before the first one only. */
static const char *const openings[] = {".align",   ".balign", ".p2align", ".globl",  ".global",
                                       ".section", ".data",   ".type",    ".code32", ".code64",
                                       "align",    "global",  "section",  "bits",    "BITS"};

static bool is_opening(struct span line)
{
    const struct span word = take_until(&line, "");

    for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
        if (span_length(word) == strlen(openings[i]) &&
            memcmp(word.at, openings[i], span_length(word)) == 0)
            return true;
    }
    return false;
}

static bool is_label(struct span word)
{
    while (word.at < word.end &&
           ((*word.at >= 'a' && *word.at <= 'z') || (*word.at >= 'A' && *word.at <= 'Z') ||
            (*word.at >= '0' && *word.at <= '9') || *word.at == '_' || *word.at == '.'))
        word.at++;
    return word.at == word.end;
}

/* "name:" once or more. */
static bool skip_labels(struct reader *reader, struct span *rest)
{
    for (;;) {
        struct span look = *rest;
        const struct span word = take_until(&look, ":");

        if (look.at == look.end || *look.at != ':' || word.at == word.end ||
            (*word.at >= '0' && *word.at <= '9'))
            return true;
        if (!is_label(word))
            return refuse_token(reader, word, "is no label");
        if (reader->fill.filled != 0)
            return refuse_token(reader, word, "is a label within a descriptor");
        look.at++;
        (void)skip_blanks(&look);
        *rest = look;
    }
}

/* Index of directives[]; -1: none, and refused. */
static int take_directive(struct reader *reader, struct span *rest)
{
    const bool dot = *rest->at == '.';
    const struct span word = take_until(rest, "");
    const struct span name = {word.at + dot, word.end};

    for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++) {
        if (directives[i].dot == dot && span_length(name) == strlen(directives[i].name) &&
            memcmp(name.at, directives[i].name, span_length(name)) == 0)
            return (int)i;
    }
    (void)refuse_token(reader, word, "is no directive with numbers (.quad, dq ...)");
    return -1;
}

/*
 * Numbers of one width, or as people take a descriptor apart: limit and base first, 16 bits each.
 */
static bool is_layout(unsigned begun)
{
    return begun == 0x01 || begun == 0x11 || begun == 0x55 || begun == 0xff ||
           (begun & 0x0f) == 0x05;
}

/* A number that is lost, or twice there, moves all that follow: as the widths differ, it shows. */
static bool check_pattern(struct reader *reader, struct listing *listing, const char *at)
{
    if (reader->fill.filled != 0)
        return true;
    if (!is_layout(listing->begun))
        return refuse(reader, at, "descriptor %zu does not begin with two numbers of 16 bits",
                      reader->fill.n - 1);
    const bool is_null =
        reader->fill.descs[reader->fill.n - 1] == 0 && (listing->begun & ~0x11u) == 0;
    if (!is_null) {
        if (listing->pattern != 0 && listing->pattern != listing->begun)
            return refuse(reader, at, "descriptor %zu is made of other widths than those before",
                          reader->fill.n - 1);
        listing->pattern = listing->begun;
    }
    listing->begun = 0;
    return true;
}

static bool put_number(struct reader *reader, struct listing *listing, const struct token *token,
                       unsigned bits)
{
    if (token->kind != TOKEN_NUMBER || span_length(token->suffix) != 0)
        return refuse_token(reader, token->span, "is not a number");
    if (!see_digits(reader, &listing->seen[bits / 16], token))
        return false;
    if (bits < 64 && token->value >> bits != 0)
        return refuse(reader, token->span.at, "a number of more than %u bits", bits);
    listing->begun |= 1u << reader->fill.filled / 8;
    return put_word(reader, token->span.at, token->value, bits) &&
           check_pattern(reader, listing, token->span.at);
}

/* The numbers of a directive. `more`: ';' of GAS, and another statement. */
static bool take_items(struct reader *reader, struct listing *listing, struct span *rest,
                       unsigned bits, bool dot, bool *more)
{
    const char *const comments = dot ? "#" : ";#";
    struct token token;

    *more = false;
    do {
        if (!next_token(reader, rest, comments, &token) ||
            !put_number(reader, listing, &token, bits) ||
            !next_token(reader, rest, comments, &token))
            return false;
    } while (token_is(&token, ","));
    *more = dot && token_is(&token, ";");
    return token.kind == TOKEN_END || *more ||
           refuse_token(reader, token.span, "where a comma or the end of the line should be");
}

static bool take_line(struct reader *reader, struct listing *listing, struct span rest)
{
    bool more = true;

    while (more) {
        struct token token;

        (void)skip_blanks(&rest);
        if (rest.at < rest.end && *rest.at != ';' && !skip_labels(reader, &rest))
            return false;
        struct span look = rest;
        if (!next_token(reader, &look, ";#", &token))
            return false;
        if (token.kind == TOKEN_END || (fill_bytes(&reader->fill) == 0 && is_opening(rest)))
            return true;
        const int directive = take_directive(reader, &rest);
        if (directive < 0 || !take_items(reader, listing, &rest, directives[directive].bits,
                                         directives[directive].dot, &more))
            return false;
    }
    return true;
}

bool read_assembler(struct reader *reader)
{
    struct listing listing = {.pattern = 0};

    reader->format = "assembler directives";
    while (next_line(reader)) {
        const struct span rest = {reader->line_at, reader->line_end};

        if (!take_line(reader, &listing, rest))
            return false;
    }
    return ends_whole(reader);
}
