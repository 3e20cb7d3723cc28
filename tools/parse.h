/* SPDX-License-Identifier: MIT */
/*
 * What the cgdt command makes of text and bytes that people give it: numbers, and dumps of GDT pages. Pure
 * functions of memory, so that they can be fuzzed (tests/fuzz/fuzz_dump.c); files are read in shared.c.
 */
#ifndef CGDT_TOOLS_PARSE_H
#define CGDT_TOOLS_PARSE_H

#include "cgdt/descriptor.h"

/* One line that says what is wrong: never a byte that is not printable, whatever the input has. */
#define PARSE_WHY_BYTES 160u
typedef char parse_why[PARSE_WHY_BYTES];

/* A decimal number, or a hexadecimal one after 0x; nothing before or after it. */
bool parse_number(const char *text, uint64_t *value);

/* Exactly 1 .. 16 hexadecimal digits, 0x before them or not. */
bool parse_hex(const char *text, uint64_t *value);

/* text with '?' for what is not printable and "..." for what is too long, in quotes: for messages. */
#define PARSE_QUOTED_BYTES 40u
typedef char parse_quoted[PARSE_QUOTED_BYTES];
const char *parse_quote(parse_quoted quoted, const char *text, size_t length);

enum dump_format {
    DUMP_AUTO, /* text if every byte is printable or white space, otherwise raw */
    DUMP_RAW,  /* memory as it is: 8 bytes a descriptor, least significant first */
    DUMP_HEX,  /* text: see dump_parse() */
};

struct dump {
    cgdt_desc_t *descs; /* pages x 512, from malloc(); NULL where there are none */
    size_t pages;
};

/*
 * The pages in a dump. Text is a row of hexadecimal numbers between white space and commas, 0x or not, all of 16
 * digits (descriptors), of 8 (their halves, low one first) or of 2 (bytes, as they lie in memory). '#' begins a
 * comment; on each line, what stands before a colon is an address. So the output of gdb's x/512gx and x/1024wx,
 * crash's rd -N and of od -An -v -tx8 are understood.
 *
 * pad  what is missing of the last page is zero; otherwise whole pages are demanded
 *
 * False: it is none, or there is no memory; why has a line without a newline, dump holds nothing.
 */
bool dump_parse(const uint8_t *data, size_t bytes, enum dump_format format, bool pad,
                struct dump *dump, parse_why why);

void dump_free(struct dump *dump);

#endif
