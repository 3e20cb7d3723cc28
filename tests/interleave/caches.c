/* SPDX-License-Identifier: MIT */
/* See caches.h. */
#include "caches.h"
#include "contents.h"

#include <string.h>

static struct cgdt_pool *the_pool;
static struct cgdt_cache caches[EXPLORER_CPUS];
static struct cgdt_cache kept[EXPLORER_CPUS];

void caches_make(struct cgdt_pool *pool)
{
    the_pool = pool;
    memset(caches, 0, sizeof(caches));
    for (unsigned cpu = 0; cpu < EXPLORER_CPUS; cpu++)
        (void)cgdt_cache_init(&caches[cpu], CGDT_CACHE_BYTES(CACHED_SLOTS), pool);
}

void caches_keep(void)
{
    memcpy(kept, caches, sizeof(kept));
}

void caches_restore(void)
{
    memcpy(caches, kept, sizeof(caches));
}

struct cgdt_cache *cache_of(unsigned cpu)
{
    return &caches[cpu];
}

static bool holds(const struct cgdt_cache *cache, cgdt_slot_t slot)
{
    for (uint32_t i = 0; i < cache->count; i++) {
        if (cache->slots[i] == slot)
            return true;
    }
    return false;
}

bool cache_has(unsigned cpu, cgdt_slot_t slot)
{
    return holds(&caches[cpu], slot);
}

uint64_t caches_hash(uint64_t seed)
{
    uint64_t sum = seed;

    for (unsigned cpu = 0; cpu < EXPLORER_CPUS; cpu++) {
        sum = (sum ^ caches[cpu].count) * 0xbf58476d1ce4e5b9ull;
        for (uint32_t i = 0; i < caches[cpu].count; i++)
            sum = (sum ^ (sum >> 29) ^ caches[cpu].slots[i]) * 0x94d049bb133111ebull;
    }
    return sum;
}

/* Handles that one has and the other has not, into slot[] from `at` on. */
static void note(struct record *record, unsigned at, const struct cgdt_cache *has,
                 const struct cgdt_cache *has_not)
{
    for (uint32_t i = 0; i < has->count; i++) {
        if (!holds(has_not, has->slots[i]))
            record->slot[at++] = has->slots[i];
    }
}

static void check_what_is_in_it(const struct cgdt_cache *cache)
{
    if (cache->count > CACHED_SLOTS)
        explorer_violation("a cache holds more than it has room for");
    for (uint32_t i = 0; i < cache->count; i++) {
        if (!contents_are_zero(the_pool, cache->slots[i]))
            explorer_violation("a slot in a cache is not zero");
    }
}

void caches_call(struct record *record)
{
    struct cgdt_cache *cache = &caches[record->cpu];
    const struct cgdt_cache before = *cache;

    switch (record->call.kind) {
    case CALL_CACHE_ALLOC:
        record->result = cgdt_cache_alloc(cache, &record->slot[0]);
        note(record, 1, cache, &before);
        break;
    case CALL_CACHE_FREE:
        record->result = cgdt_cache_free(cache, record->slot[0]);
        note(record, 1, &before, cache);
        break;
    default:
        record->result = cgdt_cache_flush(cache);
        note(record, 0, &before, cache);
        break;
    }
    if (record->result != 0 && memcmp(&before, cache, CGDT_CACHE_BYTES(before.count)) != 0)
        explorer_violation("a call that failed has changed its cache");
    check_what_is_in_it(cache);
}
