/* SPDX-License-Identifier: MIT */
/*
 * A candidate execution of a small program: what its threads did to memory, which write each read
 * reads from, and in which order each place's writes come; and the memory models, which say whether
 * it can happen. Must not know programs, nor how candidates are found (search.h).
 *
 * All relations are those of the papers: sb (sequenced before: the order of a thread's program),
 * rf (reads from), mo (modification order, co of hardware's papers), fr (a read to the writes that
 * come in mo after the one that it reads from).
 */
#ifndef CGDT_TESTS_ORDER_CANDIDATE_H
#define CGDT_TESTS_ORDER_CANDIDATE_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_EVENTS  64u /* bits of a row of a relation */
#define MAX_PLACES  32u
#define MAX_THREADS 4u

#define FIRST_WRITE MAX_THREADS /* the thread of what a place holds at first */
#define NOT_YET     MAX_EVENTS  /* reads from a write that is still to come */

/* Other orders are __ATOMIC_RELAXED and the like. */
#define PLAIN_ACCESS (-1)

struct event {
    uint8_t thread;
    uint8_t place;
    int8_t order;
    bool reads;
    bool writes;  /* both: a read-modify-write */
    uint8_t from; /* of a read */
    uint64_t found;
    uint64_t left;
};

struct candidate {
    struct event event[MAX_EVENTS]; /* each thread's in the order of its program */
    unsigned events;
    uint8_t written[MAX_PLACES][MAX_EVENTS]; /* mo; the first write is first */
    unsigned writes[MAX_PLACES];
};

/*
 * A model allows a candidate that is not whole yet if it does not forbid it already: more events
 * never make of a candidate that is forbidden one that is not.
 */
enum model {
    /* Sequential consistency: Lamport 1979. */
    MODEL_SC,
    /*
     * x86-TSO: Owens, Sarkar, Sewell, "A better x86 memory model: x86-TSO", TPHOLs 2009; by the
     * axioms of Alglave, Maranget, Tautschnig, "Herding cats", TOPLAS 36(2), 2014. Compiled as gcc
     * and clang do: a read-modify-write and a seq_cst store are locked, all else is a plain MOV.
     */
    MODEL_TSO,
    /*
     * C and C++ as of C++20, word by word ([intro.races], [atomics.order], N4860): release
     * sequences of read-modify-writes only, "strongly happens before", one order of all seq_cst
     * operations. A relaxed read may read from a write that depends on it (load buffering); values
     * out of thin air alone are left out.
     */
    MODEL_CPP20,
    /*
     * RC11: Lahav, Vafeiadis, Kang, Hur, Dreyer, "Repairing sequential consistency in C/C++11",
     * PLDI 2017, which the words above follow. It has no cycle of sb and rf at all; and it
     * orders less where seq_cst and weaker accesses of one place meet.
     */
    MODEL_RC11,
    MODELS
};

extern const char *const model_names[MODELS];

bool model_allows(enum model model, const struct candidate *candidate);

/* By the C models: two accesses of one place, a plain one among them, in no order. */
bool has_data_race(const struct candidate *candidate);

#endif
