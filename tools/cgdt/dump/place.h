/* SPDX-License-Identifier: MIT */
/* Addresses of rows: no gap, no repeat, no other order goes unseen. */
#ifndef CGDT_TOOLS_DUMP_PLACE_H
#define CGDT_TOOLS_DUMP_PLACE_H

#include "reader.h"

struct place {
    bool begun;
    bool repeats;     /* the last line was '*' */
    bool ended;       /* the last line was an address alone */
    uint64_t base;    /* the address that byte 0 of the dump would have */
    size_t row_bytes; /* that the last row had */
};

/*
 * The next row lies at `address`: on from the row before, behind a '*', or, where a page is whole,
 * at the same place in any page.
 */
bool place_row(struct place *place, struct reader *reader, uint64_t address, const char *at);

/* A line '*': the last row again and again, up to the address that comes next. */
bool place_star(struct place *place, struct reader *reader, const char *at);

/* Behind the last line. */
bool place_ends(const struct place *place, struct reader *reader);

#endif
