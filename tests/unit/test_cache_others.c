/* SPDX-License-Identifier: MIT */
/*
 * What a cache of slots is to others: "full", the reserve, trim, destroy and recover; what a
 * port that fails does to it; and that it serves pools of all kinds.
 */
#include "cached.h"

#define CODE  (-4321)
#define SLOTS 200

/* Slots of 16 to a page, so many in service and free, live. */
static void open_pool(struct fixture *fixture, uint32_t reserved)
{
    fixture_prepare(fixture, 32, 2, SLOTS);
    fixture_open_live(fixture);
    cr_assert_eq(cgdt_reserve(fixture->pool, reserved), 0);
}

static void close_pool(struct fixture *fixture)
{
    faulty_arm(&fixture->faulty, 0, 0, 0);
    fixture_must_be_sound(fixture, "at the end");
    fixture_free_all(fixture);
    fixture_close(fixture);
}

/* Every operation of the port fails from now on, and the lock counts as one that was tried. */
static uint32_t leave_alone(struct fixture *fixture)
{
    faulty_arm(&fixture->faulty, FAULTY_ANY, 1, CODE);
    fixture->faulty.from_then_on = true;
    return fixture->faulty.tried[FAULTY_LOCK];
}

static bool holds_the_template(const struct fixture *fixture, cgdt_slot_t slot)
{
    const cgdt_desc_t *desc = fixture_slot(fixture, slot);

    for (uint32_t entry = 0; entry < 32; entry++)
        if (desc[entry] != (entry == 1 ? CODE64 : entry == 2 ? DATA3 : 0))
            return false;
    return true;
}

/* What others see of what it holds. */

Test(cache_others, slots_in_caches_count_as_taken)
{
    struct fixture fixture;
    struct memory memory;
    uint64_t taken = 0;

    open_pool(&fixture, 32);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 8);
    const cgdt_slot_t slot = cached_take(cache);
    cached_give(cache, slot);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 4);
    cr_assert_eq(fixture_stats(&fixture).free_slots, 28);
    cr_assert_eq(cgdt_page_taken(fixture.pool, 0, &taken), 1);
    cr_assert_eq(taken, 0xf);
    cr_assert_eq(cgdt_check(fixture.pool, NULL), 0);
    cached_flush(cache);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 0);
    close_pool(&fixture);
}

Test(cache_others, what_another_cache_holds_is_not_there_until_it_is_flushed)
{
    struct fixture fixture;
    struct memory memory, another;
    cgdt_slot_t slots[SLOTS], slot = 99;

    open_pool(&fixture, SLOTS);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 8);
    struct cgdt_cache *other = cached_make(&another, &fixture, 8);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, SLOTS, slots), 0);
    for (int i = 0; i < 8; i++)
        cached_give(cache, slots[i]);
    cr_assert_eq(cgdt_alloc(fixture.pool, &slot), -CGDT_ENOSPC);
    cr_assert_eq(cgdt_alloc_nowait(fixture.pool, &slot), -CGDT_EAGAIN);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 1, &slot), -CGDT_ENOSPC);
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 3, &slot), -CGDT_ENOSPC);
    slot = 99;
    cr_assert_eq(cgdt_cache_alloc(other, &slot), -CGDT_ENOSPC);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    cr_assert_eq(cached_take(cache), next_owner(slots[7]), "its own can be had");
    cached_flush(cache);
    cr_assert_eq(cached_take(other), next_owner(slots[0]));
    cached_flush(other);
    close_pool(&fixture);
}

Test(cache_others, where_none_is_in_service_it_grows_as_alloc_does)
{
    struct fixture fixture, same;
    struct memory memory;

    open_pool(&fixture, 0);
    open_pool(&same, 0);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 8);
    for (uint32_t i = 0; i < 40; i++) {
        MUST(cached_take(cache) == fixture_alloc(&same), "slot %u", i);
        MUST(fixture_stats(&fixture).mapped_pages == fixture_stats(&same).mapped_pages, "%u", i);
        MUST(fixture.faulty.tried[FAULTY_LOCK] == same.faulty.tried[FAULTY_LOCK], "%u", i);
    }
    cached_flush(cache);
    close_pool(&fixture);
    close_pool(&same);
}

Test(cache_others, a_page_with_a_slot_in_a_cache_is_not_trimmed)
{
    struct fixture fixture;
    struct memory memory;

    open_pool(&fixture, 16);
    cr_assert_eq(cgdt_reserve(fixture.pool, 0), 0);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 8);
    cached_give(cache, cached_take(cache));
    cr_assert_eq(cgdt_trim(fixture.pool), 0);
    cached_flush(cache);
    cr_assert_eq(cgdt_trim(fixture.pool), 1);
    close_pool(&fixture);
}

Test(cache_others, a_pool_with_slots_in_a_cache_is_not_destroyed)
{
    struct fixture fixture;
    struct memory memory;
    struct snapshot before;

    open_pool(&fixture, 16);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 8);
    cached_give(cache, cached_take(cache));
    snapshot_take(&before, &fixture);
    cr_assert_eq(cgdt_pool_destroy(fixture.pool), -CGDT_EBUSY);
    cr_assert(snapshot_same(&before, &fixture));
    cached_flush(cache);
    close_pool(&fixture); /* which destroys it */
}

Test(cache_others, the_reserve_counts_slots_in_caches_as_taken)
{
    struct fixture fixture;
    struct memory memory;

    open_pool(&fixture, 16);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 16);
    (void)cached_take(cache); /* and 7 more */
    for (int i = 0; i < 8; i++)
        (void)fixture_alloc(&fixture);
    cr_assert_eq(cgdt_reserve(fixture.pool, 16), 0);
    cr_assert_eq(fixture_stats(&fixture).mapped_pages, 1, "16 are there already");
    cgdt_slot_t slot;
    cr_assert_eq(cgdt_alloc_nowait(fixture.pool, &slot), -CGDT_EAGAIN, "the 10th in use");
    cr_assert_eq(cgdt_reserve(fixture.pool, 9 + 7 + 1), 0);
    cr_assert_eq(cgdt_alloc_nowait(fixture.pool, &slot), 0, "with those in the cache");
    cached_flush(cache);
    close_pool(&fixture);
}

/* A port that fails. */

Test(cache_others, a_template_that_cannot_be_written_leaves_the_slot_in_the_cache)
{
    struct fixture fixture;
    struct memory memory, before_memory;
    struct snapshot before;
    cgdt_slot_t slot = 99;

    open_pool(&fixture, 16);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 8);
    (void)cached_take(cache);
    snapshot_take(&before, &fixture);
    before_memory = memory;
    faulty_arm(&fixture.faulty, 1u << FAULTY_LIVE_WRITE, 1, CODE);
    cr_assert_eq(cgdt_cache_alloc(cache, &slot), CODE);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    cr_assert(snapshot_same(&before, &fixture));
    cr_assert_eq(memcmp(&before_memory, &memory, sizeof(memory)), 0);
    cr_assert_eq(cached_take(cache), 2);
    cached_flush(cache);
    close_pool(&fixture);
}

Test(cache_others, what_was_taken_for_an_alloc_that_fails_goes_back)
{
    struct fixture fixture;
    struct memory memory;
    struct snapshot before;
    cgdt_slot_t slot = 99;

    open_pool(&fixture, 16);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 8);
    snapshot_take(&before, &fixture);
    faulty_arm(&fixture.faulty, 1u << FAULTY_LIVE_WRITE, 1, CODE);
    cr_assert_eq(cgdt_cache_alloc(cache, &slot), CODE);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    cr_assert(snapshot_same(&before, &fixture));
    cr_assert_eq(fixture_alloc(&fixture), 1, "it is not in the cache");
    cr_assert_eq(cached_take(cache), 2);
    cached_flush(cache);
    close_pool(&fixture);
}

Test(cache_others, a_slot_that_cannot_be_zeroed_stays_its_owners_and_a_full_cache_full)
{
    struct fixture fixture;
    struct memory memory, before_memory;
    struct snapshot before;
    cgdt_slot_t slots[9];

    open_pool(&fixture, 16);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 8);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 9, slots), 0);
    for (int i = 0; i < 8; i++)
        cached_give(cache, slots[i]);
    snapshot_take(&before, &fixture);
    before_memory = memory;
    faulty_arm(&fixture.faulty, 1u << FAULTY_LIVE_WRITE, 1, CODE);
    cr_assert_eq(cgdt_cache_free(cache, slots[8]), CODE);
    cr_assert(snapshot_same(&before, &fixture));
    cr_assert_eq(memcmp(&before_memory, &memory, sizeof(memory)), 0);
    cr_assert(holds_the_template(&fixture, slots[8]));
    cached_give(cache, slots[8]);
    cached_flush(cache);
    close_pool(&fixture);
}

Test(cache_others, a_page_that_cannot_be_had_is_the_ports_code)
{
    struct fixture fixture;
    struct memory memory;
    struct snapshot before;
    cgdt_slot_t slot = 99;

    open_pool(&fixture, 0);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 8);
    snapshot_take(&before, &fixture);
    (void)leave_alone(&fixture);
    cr_assert_eq(cgdt_cache_alloc(cache, &slot), CODE);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    faulty_arm(&fixture.faulty, 0, 0, 0);
    cr_assert(snapshot_same_pages(&before, &fixture));
    cr_assert_eq(cached_take(cache), 1);
    cached_flush(cache);
    close_pool(&fixture);
}

/* The port writes nothing for a slot between a cache and the pool, so it cannot refuse that. */
Test(cache_others, slots_go_to_the_pool_whatever_the_port_says_and_without_the_lock)
{
    struct fixture fixture;
    struct memory memory;
    cgdt_slot_t slots[9];

    fixture_prepare(&fixture, 32, 2, SLOTS);
    fixture.config.template_entries = 0; /* so that nothing has to be zeroed */
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 9, slots), 0);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 8);
    const uint32_t locks = leave_alone(&fixture);
    for (int i = 0; i < 9; i++)
        cached_give(cache, slots[i]);
    cr_assert_eq(cached_take(cache), next_owner(slots[8]));
    cached_flush(cache);
    cr_assert_eq(fixture.faulty.fired, 0);
    cr_assert_eq(fixture.faulty.tried[FAULTY_LOCK], locks);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 1);
    close_pool(&fixture);
}

Test(cache_others, recover_gives_back_what_caches_hold_and_then_they_begin_anew)
{
    struct fixture fixture;
    struct memory memory, another;
    cgdt_slot_t slots[6];

    open_pool(&fixture, 40);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 8);
    struct cgdt_cache *other = cached_make(&another, &fixture, 16);
    for (int i = 0; i < 6; i++) /* two stay, of 4 and 4 */
        slots[i] = cached_take(cache);
    cached_give(cache, slots[5]);
    (void)cached_take(other); /* 7 stay */
    cr_assert_eq(cgdt_recover(fixture.pool), 3 + 7);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 5 + 1, "what is owned stays so");
    cr_assert_eq(cgdt_free(fixture.pool, slots[5]), -CGDT_ESTALE);
    cache = cached_make(&memory, &fixture, 8);
    other = cached_make(&another, &fixture, 16);
    bool seen[SLOTS] = {false};
    for (int i = 0; i < 40 - 6; i++) {
        const uint32_t number = cgdt_slot_number(cached_take(i % 2 == 0 ? cache : other));

        MUST(!seen[number], "slot %u is given twice", number);
        seen[number] = true;
        for (int owned = 0; owned < 5; owned++)
            MUST(number != cgdt_slot_number(slots[owned]), "slot %u has an owner", number);
    }
    cached_flush(cache);
    cached_flush(other);
    close_pool(&fixture);
}

static void use(struct fixture *fixture)
{
    struct memory memory;
    cgdt_slot_t slots[20];
    struct cgdt_cache *cache = cached_make(&memory, fixture, 8);

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 20; i++) {
            slots[i] = cached_take(cache);
            MUST(fixture_slot(fixture, slots[i])[2] == DATA3, "slot %d has no template", i);
        }
        for (int i = 0; i < 20; i++)
            cached_give(cache, slots[i]);
        fixture_must_be_sound(fixture, "used");
    }
    cached_flush(cache);
    MUST(fixture_stats(fixture).taken_slots == 0, "something is left");
}

Test(cache_others, it_serves_pools_of_every_kind)
{
    struct fixture fixture;

    for (int kind = 0; kind < 5; kind++) {
        fixture_prepare(&fixture, 32, 2, SLOTS);
        fixture.config.serialized = kind == 0 || kind == 4;
        if (kind == 1)
            fixture_set_common(&fixture);
        if (kind == 2)
            fixture_set_native(&fixture, CGDT_PROFILE_NATIVE64);
        kind >= 3 ? fixture_open(&fixture) : fixture_open_live(&fixture);
        use(&fixture);
        close_pool(&fixture);
    }
}

Test(cache_others, slots_in_it_stay_when_the_boot_phase_ends)
{
    struct fixture fixture;
    struct memory memory;

    fixture_prepare(&fixture, 32, 2, SLOTS);
    fixture_open(&fixture);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 8);
    (void)fixture_alloc(&fixture);
    cached_give(cache, cached_take(cache));
    cr_assert_eq(cgdt_seal(fixture.pool), 0);
    const cgdt_slot_t slot = cached_take(cache);
    cr_assert(holds_the_template(&fixture, slot));
    cached_flush(cache);
    close_pool(&fixture);
}
