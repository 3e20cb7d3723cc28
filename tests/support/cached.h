/* SPDX-License-Identifier: MIT */
/* Caches of a fixture's pool, in memory that notices what is written behind them. */
#ifndef CGDT_TESTS_CACHED_H
#define CGDT_TESTS_CACHED_H

#include "fixture.h"

/* Memory for a cache, and something behind it. */
struct memory {
    _Alignas(64) unsigned char bytes[sizeof(struct cgdt_cache) + 64];
};

/* A cache of n slots. */
struct cgdt_cache *cached_make(struct memory *memory, const struct fixture *fixture, uint32_t n);

/* Nothing was written behind it. */
void cached_must_end(const struct memory *memory, uint32_t n);

/* Alloc, free and flush that must succeed. */
cgdt_slot_t cached_take(struct cgdt_cache *cache);
void cached_give(struct cgdt_cache *cache, cgdt_slot_t slot);
void cached_flush(struct cgdt_cache *cache);

#endif
