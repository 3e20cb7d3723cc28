/* SPDX-License-Identifier: MIT */
/*
 * A cache of slots for each CPU of an explored pool: small ones, so that a few calls fill and drain
 * them. No other CPU touches one, so there are no points in it; what is in it goes with a schedule
 * as the pool's memory does (world.h).
 */
#ifndef CGDT_TESTS_CACHES_H
#define CGDT_TESTS_CACHES_H

#include "history.h"

/* Of one cache; it takes and gives half as many at once. */
#define CACHED_SLOTS 4u

/* All empty, for a pool. */
void caches_make(struct cgdt_pool *pool);

/* Keep what is in them; go back to that. */
void caches_keep(void);
void caches_restore(void);

struct cgdt_cache *cache_of(unsigned cpu);
bool cache_has(unsigned cpu, cgdt_slot_t slot);

/* A number for what is in them. */
uint64_t caches_hash(uint64_t seed);

/*
 * One of the calls of caches: its answer; in slot[] behind what it was given or gives, the handles
 * that came into the cache (alloc) or left it (free, flush). Looks at what is in it.
 */
void caches_call(struct record *record);

#endif
