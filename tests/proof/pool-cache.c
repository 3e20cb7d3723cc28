/* SPDX-License-Identifier: MIT */
/* A cache of up to 3 slots, by induction (pool-any.h): the slots in it are nobody else's. */
#define PROOF_GROWTH
#define PROOF_SLOT
#include "pool-contracts.h"

#include "cgdt/cache.h"

static struct cgdt_cache cache;
static bool others[SLOTS]; /* in other caches */
static uint32_t count;     /* of slots that were in this one */

static bool has(uint32_t slot)
{
    for (uint32_t i = 0; i < SLOTS; i++)
        if (i < cache.count && cache.slots[i] == handle_of(slot))
            return true;
    return false;
}

/* What is in it is claimed, in no other, once, and by the handle of its next owner. */
static bool cache_is_sane(void)
{
    uint32_t found = 0;

    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        const bool in_it = has(slot);

        if (in_it && (is_free(slot) || is_owned(slot) || others[slot]))
            return false;
        found += in_it ? 1u : 0u;
    }
    return found == cache.count && cache.count <= cache.capacity;
}

static void any_cache(void)
{
    cache.pool = &pool;
    cache.capacity = 2 + any_below(2);
    cache.count = any_below(SLOTS + 1);
    for (uint32_t i = 0; i < SLOTS; i++)
        cache.slots[i] = any_u32();
    any_pool();
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        others[slot] = cached[slot] && !has(slot);
        ASSUME(!has(slot) || cached[slot]);
    }
    ASSUME(cache_is_sane());
    count = cache.count;
}

static void keeps_all(void)
{
    CLAIM(cache_is_sane(), "what is in a cache is nobody else's, and once");
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        cached[slot] = others[slot] || has(slot);
    keeps_invariant();
}

void an_alloc_takes_from_the_cache_or_fills_it_or_nothing_changes(void)
{
    const uint32_t slot = any_below(SLOTS);
    cgdt_slot_t got = any_u32();

    any_cache();
    const bool was_in_it = has(slot);
    const int error = cgdt_cache_alloc(&cache, &got);
    const bool mine = error == 0 && got == handle_of(slot);

    keeps_all();
    CLAIM(error == 0 || (nothing_has_changed() && cache.count == count && got == CGDT_NO_SLOT),
          "nothing has changed where it fails");
    CLAIM(error != 0 || cgdt_slot_number(got) < SLOTS, "a slot of the pool");
    CLAIM(!mine || (is_owned(slot) && (watched_slot() != slot || watched == template_there())),
          "it is the caller's, with the template");
    CLAIM(error != 0 || count == 0 || cache.count == count - 1, "one of those that are in it");
    CLAIM(!was_in_it || mine || has(slot), "the others stay in it");
    CLAIM(error == 0 || error == -CGDT_ENOSPC || is_the_ports(error), "a code that is documented");
}

void a_free_into_the_cache_zeroes_its_slot_or_changes_nothing(void)
{
    const uint32_t slot = any_below(SLOTS);
    const cgdt_slot_t handle = any_u32();

    any_cache();
    const bool mine = is_owned(slot) && handle == handle_of(slot);
    const bool was_pinned = is_pinned(slot);
    const int error = cgdt_cache_free(&cache, handle);

    keeps_all();
    CLAIM(error == 0 || (nothing_has_changed() && cache.count == count),
          "nothing has changed where it fails");
    CLAIM(error != 0 || !mine || (has(slot) && is_zero(slot) && !was_pinned),
          "it is in the cache, and zero");
    CLAIM(mine || !is_owned(slot) || slot_is_as_it_was(slot), "no other owner's slot has changed");
    CLAIM(!mine || was_pinned || error == 0 || (failed && error == port_code),
          "an owner hears no but from the port");
    CLAIM(error == 0 || error == -CGDT_ENOENT || error == -CGDT_ESTALE || error == -CGDT_EBUSY ||
              is_the_ports(error),
          "a code that is documented");
}

void a_flush_frees_all_that_is_in_it(void)
{
    const uint32_t slot = any_below(SLOTS);

    any_cache();
    const bool was_in_it = has(slot);

    CLAIM(cgdt_cache_flush(&cache) == 0 && cache.count == 0 && !failed, "it cannot fail");
    keeps_all();
    CLAIM(!was_in_it || is_free(slot), "all are free");
    CLAIM(was_in_it || slot_is_as_it_was(slot), "no other slot has changed");
    CLAIM(watched == was.watched, "nothing is written");
}
