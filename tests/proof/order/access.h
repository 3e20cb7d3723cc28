/* SPDX-License-Identifier: MIT */
/*
 * What an access of a program does to the candidate that is being built, and what the search sees
 * to: that every choice is taken. Between access.c and search.c.
 */
#ifndef CGDT_TESTS_ORDER_ACCESS_H
#define CGDT_TESTS_ORDER_ACCESS_H

#include "search.h"

#define NOBODY MAX_THREADS /* setup() and end(): accesses are ordinary ones */

extern struct candidate candidate;

/* In access.c. */
void accesses_begin(void);
void accesses_end(void); /* memory is as setup() left it */
void run_begins(void);
void thread_begins(unsigned thread); /* or NOBODY */
void thread_ends(void);              /* and each read has a write that it is from, or may have */

/* How a run ends. */
enum end {
    WHOLE,
    FORBIDDEN,
    CUT,
    AGAIN, /* something is new: the search begins anew */
};

/* In search.c. */
unsigned choose(unsigned of);
void check(void); /* ends the run if the model forbids the candidate */
__attribute__((noreturn)) void end_run(enum end how);
unsigned access_limit(void);
void spoil(volatile void *at, size_t bytes); /* a place that is written here: rubbish from now on */

#endif
