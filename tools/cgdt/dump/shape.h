/* SPDX-License-Identifier: MIT */
/*
 * The braces of an initialiser, by C's rules. What an inner list leaves out is zero in C, and how
 * much that is, only the type says: so all of one level must be full.
 */
#ifndef CGDT_TOOLS_DUMP_SHAPE_H
#define CGDT_TOOLS_DUMP_SHAPE_H

#include "tokens.h"

/* No list of descriptors has more braces within braces, or more dimensions. */
#define SHAPE_LEVELS 8u
#define SHAPE_DIMS   4u

struct shape {
    bool scalar; /* the declared type is an integer's, no struct's */
    bool rust;   /* where no list may leave anything out */
    bool braces; /* the array's own are there */
    unsigned dims;
    uint64_t dim[SHAPE_DIMS]; /* outermost first; 0: not said */

    unsigned level;                      /* 1: the array itself, with braces around it or not */
    bool numbers_at[SHAPE_LEVELS + 1];   /* a list of this level has numbers */
    bool lists_at[SHAPE_LEVELS + 1];     /* or lists */
    uint64_t begun_at[SHAPE_LEVELS + 1]; /* numbers before the list */
    uint64_t size[SHAPE_LEVELS + 1];     /* numbers in each list of this level; 0: none yet */

    uint64_t numbers;
    uint64_t items; /* of the array itself */
};

/* A dimension of the declaration, in this token; 0: not said. In Rust the outermost is the last. */
bool shape_dimension(struct reader *reader, struct shape *shape, struct span token, uint64_t n);

/* What stands at a level. False: refused. `bits` of a number; 0: not known yet. */
bool shape_number(struct reader *reader, struct shape *shape, struct span token);
bool shape_open(struct reader *reader, struct shape *shape, struct span token);
bool shape_close(struct reader *reader, struct shape *shape, struct span token, unsigned bits);

/* Numbers in an item of the array. */
uint64_t shape_unit(const struct shape *shape);

/*
 * At the end: how many numbers the declaration has beyond those that are here, all zero in C. Only
 * where each element has its place: elsewhere one that was lost would look the same.
 */
bool shape_end(struct reader *reader, const struct shape *shape, const char *at, unsigned bits,
               bool placed, uint64_t *missing);

#endif
