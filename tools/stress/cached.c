/* SPDX-License-Identifier: MIT */
/* One slot in or out, now and then through the thread's own cache. */
#define _GNU_SOURCE
#include "state.h"

/* Half of the time, where threads have caches. */
static bool is_cached(struct stress_worker *worker)
{
    return worker->run->params->cache_slots != 0 &&
           (stress_random(&worker->random) >> 40 & 1u) != 0;
}

/* First comes what was freed last, by a handle of its own (cache.h). */
static void expect_the_last(struct stress_worker *worker, cgdt_slot_t slot)
{
    const cgdt_slot_t next = worker->cached_last + (1u << CGDT_SLOT_GENERATION_SHIFT);

    if (worker->cached_last != CGDT_NO_SLOT && slot != next)
        stress_violation(worker, "what a cache gave is not what it was given last",
                         &(struct stress_place){slot, STRESS_NO_ENTRY, next, slot});
    worker->cached_last = CGDT_NO_SLOT;
}

int stress_alloc_slot(struct stress_worker *worker, cgdt_slot_t *slot)
{
    if (!is_cached(worker))
        return cgdt_alloc(worker->run->pool, slot);
    const int error = cgdt_cache_alloc(&worker->cache, slot);
    if (error != 0)
        return error;
    worker->counts.cached++;
    expect_the_last(worker, *slot);
    return 0;
}

int stress_free_slot(struct stress_worker *worker, cgdt_slot_t slot)
{
    if (!is_cached(worker))
        return cgdt_free(worker->run->pool, slot);
    const int error = cgdt_cache_free(&worker->cache, slot);
    if (error == 0)
        worker->cached_last = slot;
    return error;
}

bool stress_cache_refuses(struct stress_worker *worker, cgdt_slot_t stale)
{
    return worker->run->params->cache_slots == 0 ||
           cgdt_cache_free(&worker->cache, stale) == -CGDT_ESTALE;
}

int stress_open_cache(struct stress_worker *worker)
{
    const uint32_t slots = worker->run->params->cache_slots;

    return slots == 0 ? 0
                      : cgdt_cache_init(&worker->cache, CGDT_CACHE_BYTES(slots), worker->run->pool);
}

void stress_flush_cache(struct stress_worker *worker)
{
    if (worker->run->params->cache_slots == 0)
        return;
    (void)cgdt_cache_flush(&worker->cache);
    worker->cached_last = CGDT_NO_SLOT;
}
