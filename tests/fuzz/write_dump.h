/* SPDX-License-Identifier: MIT */
/*
 * Dumps as the tools print them, and lists as people write them: the opposite of tools/cgdt/dump/,
 * by printf() alone.
 */
#ifndef CGDT_TESTS_FUZZ_WRITE_DUMP_H
#define CGDT_TESTS_FUZZ_WRITE_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct page_text {
    const uint64_t *descs;
    size_t n;
    uint64_t address;   /* of the first */
    unsigned row_bytes; /* in a row of xxd -p; 0: what it puts there by itself */
    bool narrow;        /* rows of 8 bytes: xxd -c8, od -w8 */
    bool prompt;        /* with the command before it, where the tool has a prompt */
    bool headed;        /* without the address at the end: | head */
    bool textless;      /* without the text column: | cut */
    bool unfolded;      /* with the rows that repeat: -v */
};

/* Ways to write: 0 .. WRITERS - 1. */
extern const unsigned WRITERS;

/* Its name, for messages. */
const char *writer_name(unsigned writer);

/* Whether bytes and numbers cannot always be told apart in it, and which of the two it has. */
bool writer_may_be_ambiguous(unsigned writer, bool *bytes);

/* Whether one row alone does not tell that its first column has addresses. */
bool writer_needs_rows(unsigned writer);

/* Whether its addresses, where rows are left out, may be of another radix. */
bool writer_may_hide_radix(unsigned writer);

/* Whether it may have comments, and commas where other lists have none. */
bool writer_is_list(unsigned writer);

/* The text, NUL-terminated, into `text`; returns its length. It must have room. */
size_t write_dump(unsigned writer, const struct page_text *page, char *text, size_t room);

#endif
