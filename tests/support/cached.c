/* SPDX-License-Identifier: MIT */
/* See cached.h. */
#include "cached.h"

#define BEHIND 0xa5

struct cgdt_cache *cached_make(struct memory *memory, const struct fixture *fixture, uint32_t n)
{
    struct cgdt_cache *cache = (struct cgdt_cache *)(void *)memory->bytes;

    memset(memory, BEHIND, sizeof(*memory));
    MUST(cgdt_cache_init(cache, CGDT_CACHE_BYTES(n), fixture->pool) == 0, "%u slots", n);
    return cache;
}

void cached_must_end(const struct memory *memory, uint32_t n)
{
    for (size_t i = CGDT_CACHE_BYTES(n); i < sizeof(*memory); i++)
        MUST(memory->bytes[i] == BEHIND, "byte %zu behind a cache of %u slots", i, n);
}

cgdt_slot_t cached_take(struct cgdt_cache *cache)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;
    const int result = cgdt_cache_alloc(cache, &slot);

    MUST(result == 0 && slot != CGDT_NO_SLOT, "alloc: %d, %x", result, slot);
    return slot;
}

void cached_give(struct cgdt_cache *cache, cgdt_slot_t slot)
{
    const int result = cgdt_cache_free(cache, slot);

    MUST(result == 0, "free of %x: %d", slot, result);
}

void cached_flush(struct cgdt_cache *cache)
{
    MUST(cgdt_cache_flush(cache) == 0, "flush");
}
