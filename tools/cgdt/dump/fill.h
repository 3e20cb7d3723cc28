/* SPDX-License-Identifier: MIT */
/* Words become descriptors, whatever text they come from. */
#ifndef CGDT_TOOLS_DUMP_FILL_H
#define CGDT_TOOLS_DUMP_FILL_H

#include "../parse.h"

struct filler {
    cgdt_desc_t *descs;
    size_t capacity; /* descriptors that have room */
    size_t n;        /* descriptors so far */
    uint64_t part;   /* of the next one */
    unsigned filled; /* bits in part */
};

static inline size_t fill_bytes(const struct filler *filler)
{
    return filler->n * CGDT_DESC_BYTES + filler->filled / 8;
}

/*
 * A word of so many bits, 8 .. 64, dividing 64, that ends in the descriptor in which it begins.
 * False: no memory.
 */
bool fill_word(struct filler *filler, uint64_t word, unsigned bits);

#endif
