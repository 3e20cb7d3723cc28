/* SPDX-License-Identifier: MIT */
/* How wide the integers of C and Rust are, by their names. */
#ifndef CGDT_TOOLS_DUMP_C_TYPE_H
#define CGDT_TOOLS_DUMP_C_TYPE_H

#include "reader.h"

/* A type, word by word. */
struct type {
    bool is_integer; /* one of its words is an integer's */
    unsigned named;  /* bits of a word that says them alone; 0: none has */
    unsigned longs;
    bool is_int;
};

/* One more word. False: it is no integer's. */
bool type_add(struct type *type, struct span word);

/* Bits; 0: its words do not say. */
unsigned type_bits(const struct type *type);

/* The same of a number's suffix: ULL, LL, u64 and so on; U and L do not say. */
unsigned suffix_bits(struct span suffix);

#endif
