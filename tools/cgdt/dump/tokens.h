/* SPDX-License-Identifier: MIT */
/* Words, numbers and marks of C, Rust and assemblers, without their comments. */
#ifndef CGDT_TOOLS_DUMP_TOKENS_H
#define CGDT_TOOLS_DUMP_TOKENS_H

#include "reader.h"

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,
    TOKEN_NUMBER,
    TOKEN_MARK, /* one character */
};

struct token {
    enum token_kind kind;
    struct span span;
    uint64_t value;     /* of a number */
    unsigned hex;       /* its hexadecimal digits; 0: it is decimal */
    struct span suffix; /* ULL, u64 or h */
};

/*
 * The next token in `rest`. Comments are what begins with one of `comments` or //, up to the end of
 * the line, and what C has between its marks. Where it comes to a new line, the reader's line goes
 * along. False: no such token; the reader says why.
 */
bool next_token(struct reader *reader, struct span *rest, const char *comments,
                struct token *token);

/*
 * How a kind of number is written: with as many digits each, zeros before it, or with as few as it
 * takes. Where the first is seen, a number with other digits has lost some, or is two.
 */
struct digits_seen {
    unsigned padded; /* digits of a number that begins with 0; 0: none was seen */
    unsigned least;  /* digits of the others */
    unsigned most;
};

/* One more number of this kind. False: refused. */
bool see_digits(struct reader *reader, struct digits_seen *seen, const struct token *token);

bool token_is(const struct token *token, const char *text);

#endif
