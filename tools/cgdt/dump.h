/* SPDX-License-Identifier: MIT */
/*
 * Dumps of GDT pages, in the formats that people have at hand. Pure functions of memory, so that
 * they can be fuzzed (tests/fuzz/fuzz_dump.c); files are read in shared.c.
 */
#ifndef CGDT_TOOLS_DUMP_H
#define CGDT_TOOLS_DUMP_H

#include "parse.h"

enum dump_format {
    /*
     * RAW if it has control characters, as zeros are; LISTING if it begins like one; otherwise HEX.
     */
    DUMP_AUTO,
    /* Memory as it is: 8 bytes a descriptor, least significant first. */
    DUMP_RAW,
    /* Text, numbers: see dump_parse(). */
    DUMP_HEX,
    /* Text, bytes with their addresses and what they are as characters: hexdump -C, xxd. */
    DUMP_LISTING,
};

#define DUMP_FORMATS 4u

/* No dump is larger, nor what a listing's repeated lines stand for: 64 MiB. */
#define DUMP_MAX_BYTES (64u << 20)

struct dump {
    cgdt_desc_t *descs; /* pages x 512, from malloc(); NULL where there are none */
    size_t pages;
};

/*
 * The pages in a dump.
 *
 * DUMP_HEX is a row of hexadecimal numbers between white space and commas, 0x or not, all of 16
 * digits (descriptors), of 8 (their halves, low one first) or of 2 (bytes, as they lie in memory).
 * '#' begins a comment; on each line, what stands before a colon is an address. So the output of
 * gdb's x/512gx and x/1024wx, of QEMU's xp, crash's rd -x and od -An -v -tx8 is understood.
 *
 * DUMP_LISTING has an address on each line, which must go on from the line before; behind a whole
 * page it may be any. A line '*' stands for repeats of the one before, up to the next address.
 *
 * bytes  0 .. DUMP_MAX_BYTES
 * pad    what is missing of the last page is zero; otherwise, and where AUTO finds it RAW, pages
 *        must be whole
 *
 * False: it is none, or there is no memory; why has a line without a newline, dump holds nothing.
 */
bool dump_parse(const uint8_t *data, size_t bytes, enum dump_format format, bool pad,
                struct dump *dump, parse_why why);

void dump_free(struct dump *dump);

#endif
