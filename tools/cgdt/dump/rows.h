/* SPDX-License-Identifier: MIT */
/*
 * Rows with an address column: [address] [blanks] [groups of digits] [blanks] [text column]. What
 * differs from format to format is data: a struct row_format. The formats themselves are in
 * debuggers.c and listings.c.
 */
#ifndef CGDT_TOOLS_DUMP_ROWS_H
#define CGDT_TOOLS_DUMP_ROWS_H

#include "reader.h"

/* The column of characters at the end of a row. */
enum text_column {
    TEXT_NONE,    /* there is none; '#' begins a comment instead */
    TEXT_MAY_BE,  /* or was cut off */
    TEXT_MUST_BE, /* the format always has it */
};

struct row_format {
    /* What it is called where a group has 2, 4, 8 or 16 digits; NULL: it has no such groups. */
    const char *names[4];

    /* The address: its digits, without 0x. As many as the least, or 16; others begin with no 0. */
    uint8_t address_min;
    uint8_t address_max;
    uint8_t radix;      /* 8, 10 or 16 */
    bool address_0x;    /* begins with 0x, or must not */
    bool colon;         /* ends in a colon, or must not */
    bool symbol;        /* may be followed by <symbol+offset> */
    bool tick;          /* WinDbg's ` may stand before the last 8 digits, of numbers of 16 too */
    bool must_rise;     /* where an address has as many digits as a group, it takes two rows */
    bool two_rows;      /* it takes two anyway */
    uint8_t blanks_min; /* behind it */
    uint8_t blanks_max;

    /* The groups. */
    bool number_0x;      /* begin with 0x, or must not */
    bool bytes;          /* bytes as they lie in memory; otherwise a group is a number */
    char middle;         /* between the halves of a row: '-', ' ' for a second blank, or 0 */
    uint8_t between_max; /* blanks between groups */

    /* The text column. */
    enum text_column text;
    char open; /* before and behind the characters; 0: nothing is */
    char close;
    uint8_t text_blanks; /* before it, in a row that is as long as the first */

    bool folds; /* '*' for rows left out and, without a colon, an address alone at the end */
    bool zeros; /* kdb's "0xFIRST-0xLAST zero suppressed" */
};

/* The whole text in this format. False: it is not; the reader says why. */
bool read_rows(const struct row_format *format, struct reader *reader);

/* Ended by one whose names are all NULL. */
extern const struct row_format debugger_formats[]; /* debuggers.c */
extern const struct row_format listing_formats[];  /* listings.c */

#endif
