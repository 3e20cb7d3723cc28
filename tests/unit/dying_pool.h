/* SPDX-License-Identifier: MIT */
/*
 * A pool in which CPUs die inside calls, and what must be true of it once cgdt_recover() has put it
 * right: counted here, from the handles that the callers have. Of the core's own headers, so for
 * programs with a core of their own.
 */
#ifndef CGDT_TESTS_DYING_POOL_H
#define CGDT_TESTS_DYING_POOL_H

#include "fixture.h"

#define DYING_CPUS   100
#define DYING_MARKED 7 /* the entry in which a slot's owner leaves its mark */

enum dying_kind {
    LIVE,
    BOOT,
    NATIVE,
    SERIALIZED,
    KINDS,
};

extern struct dying {
    enum dying_kind kind;
    struct fixture fixture;
    cgdt_slot_t kept[DYING_CPUS]; /* owned before and after, whatever dies */
    uint32_t n_kept;
    cgdt_slot_t given[DYING_CPUS]; /* what the call that dies gives back */
    cgdt_slot_t got[DYING_CPUS];   /* what it is to fetch */
    struct cgdt_cache cache;       /* of four slots, none at first */
    cgdt_slot_t stays;             /* CPU 0's */
    cgdt_slot_t goes;              /* CPU 90's */
    cgdt_slot_t goal;              /* where it moves to, if it does */
    bool may_go;                   /* it was on its way offline */
    bool seen[DYING_CPUS];         /* slots whose owner has been counted */
    uint32_t n_seen;
} dying;

/*
 * 6 pages in service: 24 slots are kept, 8 are in given[], CPUs 0 and 90 have one each, and 14 are
 * free.
 */
void dying_open(void);

/* All of the 6 pages are owned. */
void dying_open_full(void);

/* Four of given[] are in the cache, and so they are nobody's. */
void dying_open_cached(void);

/* The three highest of 9 pages are free. */
void dying_open_trimmable(void);

void dying_close(void);

void dying_leave_mark(cgdt_slot_t slot);
bool dying_has_mark(cgdt_slot_t slot);

/* No slot is lost or given twice, and all that the pool has noted is so; `when` for messages. */
void dying_must_be_whole(const char *when);

/* What can be had, can be had, all of it. */
void dying_must_grow_to_its_ceiling(const char *when);
void dying_cpus_must_come_and_go(const char *when);

#endif
