/* SPDX-License-Identifier: MIT */
/*
 * What the cgdt command makes of text that people give it: numbers, and how it is quoted in an
 * answer. Pure functions of memory, so that they can be fuzzed (tests/fuzz/fuzz_dump.c); files are
 * read in shared.c.
 */
#ifndef CGDT_TOOLS_PARSE_H
#define CGDT_TOOLS_PARSE_H

#include "cgdt/descriptor.h"

/* One line that says what is wrong: never a byte that is not printable, whatever the input has. */
#define PARSE_WHY_BYTES 220u
typedef char parse_why[PARSE_WHY_BYTES];

/* A decimal number, or a hexadecimal one after 0x; nothing before or after it. */
bool parse_number(const char *text, uint64_t *value);

/* Exactly 1 .. 16 hexadecimal digits, 0x before them or not. */
bool parse_hex(const char *text, uint64_t *value);

/* The value of a hexadecimal digit; -1: it is none. Like the rest, by no locale. */
int parse_digit(char c);
bool parse_is_space(char c);
bool parse_is_printable(char c);

/* The same of `length` characters, without 0x. */
bool parse_hex_digits(const char *text, size_t length, uint64_t *value);

/* Characters of a leading 0x: 2 or 0. */
size_t parse_prefix(const char *text, size_t length);

/*
 * text with '?' for what is not printable and "..." for what is too long, in quotes: for messages.
 */
#define PARSE_QUOTED_BYTES 40u
typedef char parse_quoted[PARSE_QUOTED_BYTES];
const char *parse_quote(parse_quoted quoted, const char *text, size_t length);

#endif
