/* SPDX-License-Identifier: MIT */
/*
 * Bytes with their addresses, a line at a time, as hexdump -C and xxd print them. Other forms of
 * text are dump.c's.
 */
#ifndef CGDT_TOOLS_DUMP_LISTING_H
#define CGDT_TOOLS_DUMP_LISTING_H

#include "dump_fill.h"

/* Whether the first line that has anything is one of hexdump -C or xxd. */
bool listing_seems(const char *text, const char *end);

/* One line of such a listing. False: it is none; filler->why says so. */
struct listing {
    uint64_t base; /* the address that byte 0 of the dump would have */
    size_t length; /* bytes that the last line had */
    bool repeats;  /* the last line was '*' */
    bool fenced;   /* the last line was one of hexdump -C, its characters between '|'; else xxd's */
};

bool listing_line(struct listing *listing, struct filler *filler, const char *text,
                  const char *end);

/* Behind the last line. */
bool listing_ends(const struct listing *listing, const struct filler *filler);

#endif
