/* SPDX-License-Identifier: MIT */
/*
 * Dumps of GDT pages. A page is 512 descriptors, whatever slots it is cut into. Pure functions of
 * memory, so that they can be fuzzed (tests/fuzz/fuzz_dump.c).
 *
 * The rule: a dump is read whole, or refused with line, column and reason. No character is skipped
 * but blanks, comments, and lines that session.c knows. A text that can be read in two ways that
 * give different descriptors is refused as well.
 */
#ifndef CGDT_TOOLS_DUMP_H
#define CGDT_TOOLS_DUMP_H

#include "reader.h"

enum dump_format {
    /* RAW if it has zeros and bytes beyond ASCII, or zeros alone; otherwise any text. */
    DUMP_AUTO,
    /* Memory as it is: 8 bytes a descriptor, least significant first. */
    DUMP_RAW,
    /* Text in which a group of digits is a number. Control characters are refused, in both. */
    DUMP_NUMBERS,
    /* Text in which a group of digits is bytes as they lie in memory. */
    DUMP_BYTES,
};

#define DUMP_FORMATS 4u

/* No dump is larger, nor what a listing's repeated lines stand for: 64 MiB. */
#define DUMP_MAX_BYTES (64u << 20)

struct dump {
    cgdt_desc_t *descs; /* pages x 512, from malloc(); NULL where there are none */
    size_t pages;
    size_t n;           /* descriptors that the dump has; what is behind was filled with zeros */
    const char *format; /* what it was taken for, in words */
    bool has_address;   /* of the first descriptor */
    uint64_t address;
    struct gdt_told gdt;
};

/*
 * The pages in a dump.
 *
 * bytes  0 .. DUMP_MAX_BYTES
 * pad    what is missing of the last page is zero; otherwise, and where AUTO finds it RAW, pages
 *        must be whole
 *
 * False: it is none, or there is no memory; why has a line without a newline, dump holds nothing
 * but what the text tells of GDTR.
 */
bool dump_parse(const uint8_t *data, size_t bytes, enum dump_format format, bool pad,
                struct dump *dump, parse_why why);

void dump_free(struct dump *dump);

#endif
