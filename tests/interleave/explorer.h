/* SPDX-License-Identifier: MIT */
/*
 * Takes every schedule of a few CPUs, or every one with a bounded number of preemptions.
 *
 * CPUs are coroutines on one thread. Each announces its next operation and stops; the explorer
 * picks whose operation is done next. A schedule is repeated from the initial state by making the
 * same choices again (stateless search), then the deepest choice that has an alternative takes it.
 *
 * Memory model: x86's (x86-TSO, after Sewell and others; Intel SDM vol. 3, 9.2) where a search asks
 * for store buffers. Each CPU's plain stores wait in a buffer of its own, oldest first out, and
 * whose turn it is to leave is a choice like any other; the CPU's own loads see them at once; a
 * locked operation, the lock, and whatever changes a page wait until the buffer is empty. (Giving
 * the lock back waits too. A CPU that goes on while others do not see that yet is the same as one
 * that they were slower than.) Without store buffers: sequential consistency over the announced
 * operations.
 *
 * What is left out, and why nothing is lost by it:
 *
 *   private words   An operation is a scheduling point only if its word is *shared*: two CPUs have
 *                   touched it in some schedule, one of them writing. The first schedule in which a
 *                   word turns out to be shared starts the search again, so at the end no schedule
 *                   touches another word so. Until a word's second CPU comes, operations on it
 *                   commute with everything other CPUs do.
 *   equal orders    Without a bound: partial order reduction (dynamic, after Flanagan and
 *                   Godefroid, with sleep sets): of schedules that differ only in the order of
 *                   independent operations one is taken. Operations of two CPUs are independent if
 *                   they touch different words, or both only read. The return of a call and the
 *                   beginning of another CPU's call depend on each other, since linearizability
 *                   asks which was first. With stores in the buffer, a call has returned as far as
 *                   others can know when those have left it.
 *   preemptions     With a bound (context bounding, after Musuvathi and Qadeer): every schedule
 *                   with at most so many preemptions is taken, without further reduction. A
 *                   preemption is a switch away from a CPU that is in the middle of a call and
 *                   could go on; a CPU that waits for the lock, or is between two calls, is left
 *                   for free.
 */
#ifndef CGDT_TESTS_EXPLORER_H
#define CGDT_TESTS_EXPLORER_H

#include "op.h"

#include <stdio.h>

#define EXPLORER_CPUS   3u
#define EXPLORER_PLACES (128u * 1024u)
#define NO_CPU          EXPLORER_CPUS

#define NEVER UINT32_MAX /* a time */

struct exploration {
    unsigned cpus;      /* 1 .. EXPLORER_CPUS */
    unsigned bound;     /* preemptions; UNBOUNDED: reduction instead */
    bool store_buffers; /* only without a bound */

    void (*begin)(void);        /* to the initial state */
    void (*body)(unsigned cpu); /* what a CPU does; runs as a coroutine */
    const char *(*end)(void);   /* all have finished: what is wrong, or NULL */
    /* A CPU's plain store to a shared word comes to memory. */
    void (*arrive)(unsigned cpu, void *at, unsigned bytes, uint64_t value);
};

#define UNBOUNDED 1000u

struct exploration_result {
    const char *violation;    /* NULL: none */
    unsigned long schedules;  /* complete ones */
    unsigned long abandoned;  /* prefixes that lead to nothing new */
    unsigned shared;          /* words */
    unsigned longest;         /* points in a schedule */
    unsigned preemptions_max; /* in one schedule */
};

void explore(const struct exploration *what, struct exploration_result *result);

/* The schedule that was taken last, a line per point. */
void explorer_print(FILE *to, void (*print_op)(FILE *to, const struct op *op));

/* For what runs inside body(): */

/* The CPU that is running; NO_CPU outside of body(). */
unsigned explorer_cpu(void);

/* Whether this is on the running CPU's stack. */
bool explorer_owns(const volatile void *at);

/* The CPU is about to touch a word, by anything but a plain store: other CPUs may go first. */
void explorer_access(enum op_kind kind, uint32_t place);

/* The CPU stores up to 8 bytes: arrive() now, or later. */
void explorer_store(uint32_t place, void *at, unsigned bytes, uint64_t value);

/* What the CPU itself finds there, if memory holds `value`. */
uint64_t explorer_load(const volatile void *at, unsigned bytes, uint64_t value);

void explorer_lock(uint32_t place);
void explorer_unlock(uint32_t place);
unsigned explorer_lock_holder(void);

/*
 * Around each call; both give the time, for who was first. *returned is NEVER until then, and must
 * stay where it is.
 */
unsigned explorer_call_begins(void);
void explorer_call_returns(unsigned *returned);

/* Something is wrong: the schedule ends here. Does not return to a CPU; elsewhere it does. */
void explorer_violation(const char *what);

#endif
