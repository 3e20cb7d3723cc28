/* SPDX-License-Identifier: MIT */
/* What the files of the walk over damaged dumps share: see walk_dump.c. */
#ifndef CGDT_TESTS_FUZZ_WALK_DUMP_H
#define CGDT_TESTS_FUZZ_WALK_DUMP_H

#include "../../tools/cgdt/dump/dump.h"
#include "fuzz.h"
#include "write_dump.h"

#define TEXT_MAX (512u << 10)

struct text {
    char at[TEXT_MAX];
    size_t n;
};

/* Random numbers of the walk: of 64 bits, and 0 .. n - 1. */
uint64_t walk_random(void);
size_t walk_below(size_t n);

bool text_is_blank(char c);
void text_replace(struct text *text, size_t from, size_t length, const char *with, size_t n);

/* Blanks around lines and empty lines, which every reader skips; and the last line gets its end. */
void text_trim_lines(struct text *text);

/* walk_damage.c: one damage, at random. */
void damage(struct text *text);

/* walk_truth.c: whether some tool, `writer` first, prints what was read as this text. */
bool is_true(unsigned writer, const struct dump *dump, struct text *text);

#endif
