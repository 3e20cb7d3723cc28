/* SPDX-License-Identifier: MIT */
/*
 * A litmus test in a line: threads with " | " between them, of
 *
 *     Wx1.r    a store of 1 to x           Wx*.r   of what the thread's last read found
 *     Rx.q     a load                      Ux2.a   an exchange: a locked operation on x86
 *     ?        the thread goes on only if its last read found something else than 0
 *
 * Places are x, y, z; all 0 at first. Orders: r relaxed, q acquire, l release, a acq_rel,
 * s seq_cst, p plain.
 *
 * An answer is what each read found, in the order of the line ('-': it was not reached), a blank,
 * and what x, y and z hold at the end: "10 110".
 */
#ifndef CGDT_TESTS_ORDER_LITMUS_H
#define CGDT_TESTS_ORDER_LITMUS_H

#include "search.h"

#define MAX_STEPS   6u
#define PLACES      3u
#define MAX_ANSWERS 1024u
#define ANSWER      16u /* characters */

enum what {
    END,
    STORE,
    LOAD,
    EXCHANGE,
    IF,
};

struct step {
    enum what what;
    unsigned place;
    unsigned value;
    bool last_found; /* the value is */
    int order;
    unsigned read; /* its number, of a load and an exchange */
};

struct litmus {
    unsigned threads;
    unsigned reads;
    struct step step[MAX_THREADS][MAX_STEPS + 1];
};

struct answers {
    unsigned n;
    char answer[MAX_ANSWERS][ANSWER];
    unsigned long races;
};

void litmus_read(const char *line, struct litmus *litmus);

void answers_add(struct answers *answers, const char *answer);
bool answers_have(const struct answers *answers, const char *answer);
bool answers_are_among(const struct answers *few, const struct answers *many);
bool answers_are_equal(const struct answers *a, const struct answers *b);

/* All answers that a model allows. */
void litmus_answers(const struct litmus *litmus, enum model model, struct answers *answers);

/*
 * The same by a machine in place of axioms: one memory and, if `buffers`, a store buffer of each
 * thread, as x86-TSO is also defined. In machine.c.
 */
void machine_answers(const struct litmus *litmus, bool buffers, struct answers *answers);

#endif
