/* SPDX-License-Identifier: MIT */
/*
 * One reading of a text: where it is, what it has found, and why it was refused. Every grammar of a
 * format (rows.c, bare.c, c_list.c, assembler.c) reads the whole text into one of these; dump.c
 * compares them.
 */
#ifndef CGDT_TOOLS_DUMP_READER_H
#define CGDT_TOOLS_DUMP_READER_H

#include "fill.h"

#include <stdarg.h>

/* What the text tells of GDTR beside its descriptors: QEMU's registers. */
struct gdt_told {
    bool known;
    uint64_t base;
    uint32_t limit;
};

struct reader {
    const char *text; /* all of it */
    const char *end;
    const char *line_at; /* the line that is read, and behind its last character */
    const char *line_end;
    size_t line; /* its number, 1 up */

    struct filler fill;
    const char *format; /* what the text is taken for, in words */
    bool bytes;         /* a group of digits is taken for bytes; otherwise for a number */
    bool has_address;   /* of the first descriptor */
    uint64_t address;
    struct gdt_told gdt;
    bool asked;            /* a prompt's command says how many bytes follow */
    uint64_t asked_bytes;  /* so many */
    size_t asked_at_bytes; /* behind so many of all */
    bool asked_from;       /* it says at which address the first row lies */
    uint64_t asked_address;

    size_t refused_line; /* 0: not refused */
    size_t refused_column;
    const char *reached; /* how far it was understood: the refusal may be of something before */
    parse_why why;
};

/* A stretch of a line. */
struct span {
    const char *at;
    const char *end;
};

static inline size_t span_length(struct span span)
{
    return (size_t)(span.end - span.at);
}

/* Refuse the text for what stands at `at` in the line that is read. Returns false. */
bool refuse(struct reader *reader, const char *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a token, which stands in the sentence before the words. */
bool refuse_token(struct reader *reader, struct span token, const char *words);

/* To the next line, without its end; false: there is none. */
bool next_line(struct reader *reader);

/* Characters up to the next one that is no blank; it moves there. */
size_t skip_blanks(struct span *rest);

/* Up to the next blank, or any of these characters; it moves behind. */
struct span take_until(struct span *rest, const char *stops);

/* fill_word() that says why not. `at`: where the word stands. */
bool put_word(struct reader *reader, const char *at, uint64_t word, unsigned bits);

/*
 * A group of hexadecimal digits into descriptors: one number, or bytes as they lie in memory. An
 * even number of digits; for a number 2, 4, 8 or 16.
 */
bool put_group(struct reader *reader, struct span digits, bool bytes);

/*
 * A comment that has numbers of 8 or 16 digits or a directive in it may be a line that was joined
 * to it, or a row whose text column begins so: refused. On a line of its own it may have one. What
 * stands behind a return is refused too.
 */
bool check_comment(struct reader *reader, struct span comment);

/* Whether a line is one, as a whole. False: it is none, or it is refused. */
bool is_comment(struct reader *reader, struct span line);

/* Behind the last line: nothing is left over. */
bool ends_whole(struct reader *reader);

#endif
