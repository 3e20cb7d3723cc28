/* SPDX-License-Identifier: MIT */
/* Lists as programs have them. */
#ifndef CGDT_TOOLS_DUMP_LISTS_H
#define CGDT_TOOLS_DUMP_LISTS_H

#include "reader.h"

/*
 * An array's initialiser in C or Rust, with its declaration or without: numbers with suffixes and
 * casts, [N] = and GDT_ENTRY_INIT(flags, base, limit); xxd -i. False: it is none.
 */
bool read_c_list(struct reader *reader);

/* .quad, dq and their like, with labels. False: it is none. */
bool read_assembler(struct reader *reader);

#endif
