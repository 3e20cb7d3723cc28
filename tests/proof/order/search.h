/* SPDX-License-Identifier: MIT */
/*
 * Takes every candidate execution (candidate.h) of a program that a model allows. The program is C
 * code, the core's own if it was compiled with core_atomic.h: its threads are run one after the
 * other, each to its end, and each access of theirs comes here. What a read finds is a choice: a
 * write of this or an earlier thread; or a value that a later thread has yet to write, and then one
 * of its writes has to be chosen for it. Where a write comes in its place's order is a choice, too.
 * A program is run again with other choices until there are none left.
 *
 * What is left out, and why nothing is lost by it:
 *
 *   forbidden   a candidate that the model forbids before it is whole (candidate.h).
 *   own places  what one thread alone touches, or nobody writes: a read finds there what it must.
 *               Where a second thread comes to such a place, the search begins anew.
 *   values      that no thread is seen to write at a place after any choices up to there: the
 *               search begins anew with each value that is new.
 *   long runs   of more than `limit` accesses of a thread; they are counted as `cut`.
 *
 * Plain accesses of the code are not seen. Places that are written here hold rubbish meanwhile, and
 * nothing else may change what search_watch() watches.
 */
#ifndef CGDT_TESTS_ORDER_SEARCH_H
#define CGDT_TESTS_ORDER_SEARCH_H

#include "candidate.h"

#include <stddef.h>

#define MAX_SITES    64u
#define SITE_NAME    96u
#define MAX_WEAKENED 4u
#define MAX_RESULTS  8u

/* What is taken from an access, for a control. Others are __ATOMIC_RELAXED and the like. */
#define UNLOCKED (-2) /* a load and a store, both relaxed, in the place of a read-modify-write */
#define AS_IT_IS 100

struct program {
    unsigned threads;
    unsigned limit; /* 0: MAX_EVENTS */
    void (*setup)(void);
    void (*thread[MAX_THREADS])(void);
    /* A candidate is whole: results and final values are there. False: that is enough. */
    bool (*end)(void);
};

struct search_result {
    unsigned long candidates; /* whole ones */
    unsigned long runs;       /* those, and what was forbidden or cut on the way */
    unsigned long cut;
    unsigned long races; /* candidates with a data race */
};

void search(const struct program *program, enum model model, struct search_result *result);

/* For setup(): a place's name; memory whose plain stores are a mistake of the program. */
void search_name(const volatile void *at, const char *name);
void search_watch(void *at, size_t bytes);

/* For a thread: what end() is to know of it. */
void search_tell(unsigned index, uint64_t value);

/* For end(). */
uint64_t search_told(unsigned thread, unsigned index); /* 0 if it was not told */
uint64_t search_final(const volatile void *at);        /* what comes last in a place's order */

/*
 * Sites: the places in the source where an access is, "FUNCTION OPERATION of PLACE" of those that
 * the last search met at shared places. Weakened: its order is at most `order`; or UNLOCKED.
 */
struct search_site {
    char name[SITE_NAME];
    int order;
    bool locked; /* a locked operation on x86 */
};

unsigned search_sites(struct search_site *to); /* [MAX_SITES] */
void search_weaken(const char *site, int order);
void search_weaken_none(void);

/* Accesses: what core_atomic.h makes of the core's. `by`: the function that does it. */
void search_called(const char *caller); /* of the next one's function */
uint64_t search_load(const volatile void *at, size_t bytes, int order, const char *by);
void search_store(volatile void *at, size_t bytes, uint64_t value, int order, const char *by);

enum change {
    CHANGE_ADD,
    CHANGE_AND,
    CHANGE_OR,
    CHANGE_TO,
};

uint64_t search_change(volatile void *at, size_t bytes, enum change change, uint64_t operand,
                       int order, const char *by);
bool search_swap(volatile void *at, size_t bytes, void *expected, uint64_t value, int success,
                 int failure, const char *by);

#endif
