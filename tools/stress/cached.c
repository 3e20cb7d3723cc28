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

int stress_alloc_slot(struct stress_worker *worker, cgdt_slot_t *slot)
{
    if (!is_cached(worker))
        return cgdt_alloc(worker->run->pool, slot);
    const int error = cgdt_cache_alloc(&worker->cache, slot);
    worker->counts.cached += error == 0;
    return error;
}

int stress_free_slot(struct stress_worker *worker, cgdt_slot_t slot)
{
    return is_cached(worker) ? cgdt_cache_free(&worker->cache, slot)
                             : cgdt_free(worker->run->pool, slot);
}

int stress_open_cache(struct stress_worker *worker)
{
    const uint32_t slots = worker->run->params->cache_slots;

    return slots == 0 ? 0
                      : cgdt_cache_init(&worker->cache, CGDT_CACHE_BYTES(slots), worker->run->pool);
}

void stress_flush_cache(struct stress_worker *worker)
{
    if (worker->run->params->cache_slots != 0)
        (void)cgdt_cache_flush(&worker->cache);
}
