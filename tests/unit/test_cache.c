/* SPDX-License-Identifier: MIT */
/*
 * A cache of slots in the caller's memory: what comes out of it and goes back, in which order, and
 * whose a slot is meanwhile. What others see of it, and ports that fail: test_cache_others.c. How
 * many operations on the pool all that takes: test_cache_steps.c.
 */
#include "cached.h"

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

static bool holds_the_template(const struct fixture *fixture, cgdt_slot_t slot)
{
    const cgdt_desc_t *desc = fixture_slot(fixture, slot);

    for (uint32_t entry = 0; entry < 32; entry++)
        if (desc[entry] != (entry == 1 ? CODE64 : entry == 2 ? DATA3 : 0))
            return false;
    return true;
}

/* What comes out. */

Test(cache, a_slot_comes_with_the_template_and_zeros_and_is_its_owners)
{
    const cgdt_desc_t own = mark(7);
    struct fixture fixture;
    struct memory memory;

    open_pool(&fixture, 40);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 8);
    const cgdt_slot_t slot = cached_take(cache);
    cr_assert(holds_the_template(&fixture, slot));
    cr_assert_eq(cgdt_write(fixture.pool, slot, 20, &own, 1), 0);
    cr_assert_eq(fixture_slot(&fixture, slot)[20], own);
    cached_give(cache, slot);
    for (int entry = 0; entry < 32; entry++)
        cr_assert_eq(fixture_slot(&fixture, slot)[entry], 0);
    cr_assert_eq(cached_take(cache), next_owner(slot));
    cr_assert(holds_the_template(&fixture, slot));
    cached_flush(cache);
    close_pool(&fixture);
}

Test(cache, from_the_pool_the_lowest_slots_come_first_half_a_cache_at_a_time)
{
    struct fixture fixture;
    struct memory memory;

    open_pool(&fixture, 40);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 8);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 0, "init takes none");
    for (uint32_t i = 0; i < 24; i++) {
        MUST(cached_take(cache) == i + 1, "slot %u", i);
        MUST(fixture_stats(&fixture).taken_slots == i / 4 * 4 + 4, "after slot %u", i);
    }
    cached_flush(cache);
    close_pool(&fixture);
}

Test(cache, a_full_size_cache_takes_all_64_slots_of_a_word)
{
    struct fixture fixture;
    struct cgdt_cache cache;

    open_pool(&fixture, 130);
    cr_assert_eq(cgdt_cache_init(&cache, sizeof(cache), fixture.pool), 0);
    cr_assert_eq(cached_take(&cache), 1);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 64);
    for (uint32_t i = 1; i < 65; i++)
        MUST(cached_take(&cache) == i + 1, "slot %u", i);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 128);
    cached_flush(&cache);
    close_pool(&fixture);
}

/* Of one word: what is left of it, be it less than half a cache. */
Test(cache, it_takes_what_one_word_of_the_pool_has)
{
    struct fixture fixture;
    struct memory memory;
    cgdt_slot_t slots[62];

    open_pool(&fixture, 130);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 62, slots), 0);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 16);
    cr_assert_eq(cached_take(cache), 63);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 64);
    cr_assert_eq(cached_take(cache), 64);
    cr_assert_eq(cached_take(cache), 65);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 64 + 8);
    cached_flush(cache);
    close_pool(&fixture);
}

Test(cache, the_slot_that_was_freed_last_comes_first)
{
    struct fixture fixture;
    struct memory memory;
    cgdt_slot_t slots[5];

    open_pool(&fixture, 40);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 16);
    for (int i = 0; i < 5; i++)
        slots[i] = cached_take(cache);
    cached_give(cache, slots[1]);
    cached_give(cache, slots[4]);
    cached_give(cache, slots[0]);
    cr_assert_eq(cached_take(cache), next_owner(slots[0]));
    cr_assert_eq(cached_take(cache), next_owner(slots[4]));
    cr_assert_eq(cached_take(cache), next_owner(slots[1]));
    cr_assert_eq(cached_take(cache), 6, "and then what came from the pool");
    cached_flush(cache);
    close_pool(&fixture);
}

Test(cache, a_handle_goes_through_all_generations)
{
    struct fixture fixture;
    struct memory memory;

    open_pool(&fixture, 16);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 2);
    cgdt_slot_t slot = cached_take(cache);
    for (int i = 0; i < 200; i++) {
        const cgdt_slot_t old = slot;

        cached_give(cache, old);
        slot = cached_take(cache);
        MUST(slot == next_owner(old), "%d: %x after %x", i, slot, old);
        MUST(cgdt_cache_free(cache, old) == -CGDT_ESTALE, "%d: %x", i, old);
    }
    cached_flush(cache);
    close_pool(&fixture);
}

/* What goes back. */

Test(cache, a_full_cache_gives_half_of_it_to_the_pool_what_came_last)
{
    struct fixture fixture;
    struct memory memory;
    cgdt_slot_t slots[12];

    open_pool(&fixture, 40);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 8);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 12, slots), 0);
    for (int i = 0; i < 8; i++)
        cached_give(cache, slots[i]);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 12, "the pool sees none of them");
    cached_give(cache, slots[8]);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 8);
    for (int i = 4; i < 8; i++)
        MUST(fixture_alloc(&fixture) == next_owner(slots[i]), "slot %d is free", i);
    cr_assert_eq(cached_take(cache), next_owner(slots[8]));
    for (int i = 3; i >= 0; i--)
        MUST(cached_take(cache) == next_owner(slots[i]), "slot %d stayed", i);
    cached_flush(cache);
    close_pool(&fixture);
}

Test(cache, at_its_borders_it_does_not_go_to_the_pool_each_time)
{
    struct fixture fixture;
    struct memory memory;
    cgdt_slot_t slots[40];

    open_pool(&fixture, 100);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 32);
    slots[0] = cached_take(cache); /* it was empty */
    uint32_t taken = fixture_stats(&fixture).taken_slots;
    for (int i = 0; i < 100; i++) {
        cached_give(cache, slots[0]);
        slots[0] = cached_take(cache);
        MUST(fixture_stats(&fixture).taken_slots == taken, "empty, %d", i);
    }
    for (int i = 1; i < 40; i++)
        slots[i] = fixture_alloc(&fixture);
    for (int i = 1; i < 40; i++) /* it was full */
        cached_give(cache, slots[i]);
    taken = fixture_stats(&fixture).taken_slots;
    for (int i = 0; i < 100; i++) {
        cached_give(cache, cached_take(cache));
        MUST(fixture_stats(&fixture).taken_slots == taken, "full, %d", i);
    }
    cached_flush(cache);
    close_pool(&fixture);
}

Test(cache, flush_gives_all_back_and_it_can_be_used_on)
{
    struct fixture fixture;
    struct memory memory;
    cgdt_slot_t slots[30];

    open_pool(&fixture, 40);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 64);
    cached_flush(cache);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 0, "of an empty one it does nothing");
    for (int i = 0; i < 30; i++)
        slots[i] = cached_take(cache);
    for (int i = 0; i < 30; i++)
        cached_give(cache, slots[i * 7 % 30]);
    cached_flush(cache);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 0);
    for (uint32_t i = 0; i < 30; i++)
        MUST(fixture_alloc(&fixture) == next_owner(slots[i]), "slot %u", i);
    cr_assert_eq(cached_take(cache), 31);
    cached_flush(cache);
    close_pool(&fixture);
}

/* Slots of as many words as there are, more than are gathered at a time, in any order. */
Test(cache, slots_of_all_words_come_back_from_a_cache)
{
    static cgdt_slot_t slots[4000];
    struct fixture fixture;
    struct cgdt_cache cache;
    uint64_t seed = 7;

    fixture_prepare(&fixture, 8, 2, 4000);
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 4000, slots), 0);
    cr_assert_eq(cgdt_cache_init(&cache, sizeof(cache), fixture.pool), 0);
    for (uint32_t n = 4000; n > 0; n--) {
        const uint32_t which = random_below(&seed, n);

        cached_give(&cache, slots[which]);
        slots[which] = slots[n - 1];
    }
    cached_flush(&cache);
    cr_assert_eq(fixture_stats(&fixture).free_slots, 4000);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 4000, slots), 0);
    for (uint32_t i = 0; i < 4000; i++)
        MUST(slots[i] == next_owner(i + 1), "slot %u", i);
    close_pool(&fixture);
}

/* Who owns a slot. */

Test(cache, a_double_free_is_noticed_wherever_the_slot_was_freed_first)
{
    struct fixture fixture;
    struct memory memory, another;

    open_pool(&fixture, 40);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 8);
    struct cgdt_cache *other = cached_make(&another, &fixture, 8);
    cgdt_slot_t slot = cached_take(cache);
    cached_give(cache, slot);
    cr_assert_eq(cgdt_cache_free(cache, slot), -CGDT_ESTALE);
    cr_assert_eq(cgdt_cache_free(other, slot), -CGDT_ESTALE);
    cr_assert_eq(cgdt_free(fixture.pool, slot), -CGDT_ESTALE);
    cr_assert_eq(cgdt_free_bulk(fixture.pool, 1, &slot), -CGDT_ESTALE);
    cr_assert_eq(cgdt_read(fixture.pool, slot, 1, &(cgdt_desc_t){0}, 1), -CGDT_ESTALE);
    cached_flush(cache);
    cr_assert_eq(cgdt_cache_free(other, slot), -CGDT_ESTALE, "nor when it is the pool's again");
    slot = fixture_alloc(&fixture);
    cr_assert_eq(cgdt_free(fixture.pool, slot), 0);
    cr_assert_eq(cgdt_cache_free(cache, slot), -CGDT_ESTALE, "freed without a cache");
    cr_assert_eq(cached_take(other), next_owner(slot), "nothing of that is in a cache");
    cached_flush(other);
    close_pool(&fixture);
}

Test(cache, a_slot_that_a_cache_holds_is_nobodys)
{
    struct fixture fixture;
    struct memory memory;
    cgdt_desc_t desc;

    open_pool(&fixture, 40);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 8);
    const cgdt_slot_t slot = cached_take(cache);
    cached_give(cache, slot);
    const cgdt_slot_t next = next_owner(slot);
    cr_assert_eq(cgdt_cache_free(cache, next), -CGDT_ENOENT);
    cr_assert_eq(cgdt_free(fixture.pool, next), -CGDT_ENOENT);
    cr_assert_eq(cgdt_read(fixture.pool, next, 1, &desc, 1), -CGDT_ENOENT);
    cr_assert_eq(cgdt_write(fixture.pool, next, 1, &(cgdt_desc_t){0}, 1), -CGDT_ENOENT);
    cr_assert_eq(cgdt_cpu_online_at(fixture.pool, 3, next), -CGDT_ENOENT);
    cached_flush(cache);
    close_pool(&fixture);
}

Test(cache, a_slot_can_be_freed_through_any_cache_and_through_none)
{
    struct fixture fixture;
    struct memory memory, another;

    open_pool(&fixture, 40);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 8);
    struct cgdt_cache *other = cached_make(&another, &fixture, 8);
    const cgdt_slot_t first = cached_take(cache);
    const cgdt_slot_t second = cached_take(cache);
    const cgdt_slot_t third = cached_take(cache);
    cached_give(other, first);
    cr_assert_eq(cgdt_free(fixture.pool, second), 0);
    cr_assert_eq(cgdt_free_bulk(fixture.pool, 1, &(cgdt_slot_t){third}), 0);
    cr_assert_eq(cached_take(other), next_owner(first), "it is the other's now");
    cr_assert_eq(fixture_alloc(&fixture), next_owner(second));
    cr_assert_eq(cached_take(cache), 4, "not this one's");
    cached_flush(cache);
    cached_flush(other);
    close_pool(&fixture);
}

Test(cache, a_cpus_slot_is_busy_and_one_from_a_cache_can_become_a_cpus)
{
    struct fixture fixture;
    struct memory memory;
    cgdt_slot_t slot;

    open_pool(&fixture, 40);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 8);
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 3, &slot), 0);
    cr_assert_eq(cgdt_cache_free(cache, slot), -CGDT_EBUSY);
    const cgdt_slot_t own = cached_take(cache);
    cr_assert_eq(cgdt_cpu_online_at(fixture.pool, 4, own), 0);
    cr_assert_eq(cgdt_cache_free(cache, own), -CGDT_EBUSY);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 4), 0);
    cr_assert_eq(cgdt_cache_free(cache, own), -CGDT_ESTALE);
    cr_assert_eq(fixture_alloc(&fixture), next_owner(own), "the pool's, and not a cache's");
    cached_flush(cache);
    close_pool(&fixture);
}

Test(cache, handles_that_nobody_has_are_refused_as_by_free)
{
    struct fixture fixture;
    struct memory memory;
    struct snapshot before;

    open_pool(&fixture, 40);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 8);
    (void)fixture_alloc(&fixture);
    snapshot_take(&before, &fixture);
    for (cgdt_slot_t slot = 0; slot < 300; slot++)
        for (uint32_t upper = 0; upper < 128; upper++) {
            const cgdt_slot_t any = slot | upper << 25;

            if (any == 1)
                continue;
            const int result = cgdt_cache_free(cache, any);
            MUST(result < 0 && result == cgdt_free(fixture.pool, any), "%x: %d", any, result);
        }
    cr_assert(snapshot_same(&before, &fixture));
    cr_assert_eq(cached_take(cache), 2, "none of them is in it");
    cached_flush(cache);
    close_pool(&fixture);
}

/* Caches of all sizes give different slots, and lose none. */
Test(cache, of_any_size_it_loses_no_slot_and_gives_none_twice)
{
    static struct memory memory[16];
    struct cgdt_cache *caches[16];
    cgdt_slot_t slots[SLOTS];
    bool is_taken[SLOTS] = {false};
    uint32_t n = 0;
    uint64_t seed = 42;
    struct fixture fixture;

    fixture_prepare(&fixture, 64, 2, SLOTS);
    fixture_open_live(&fixture);
    for (uint32_t i = 0; i < 16; i++)
        caches[i] = cached_make(&memory[i], &fixture, 2 + i % 8);
    for (int step = 0; step < 100000; step++) {
        struct cgdt_cache *cache = caches[random_below(&seed, 16)];
        const uint32_t which = n > 0 ? random_below(&seed, n) : 0;

        if (random_below(&seed, 1000) == 0)
            cached_flush(cache);
        if (random_below(&seed, 1000) == 0)
            MUST(cgdt_trim(fixture.pool) >= 0, "trim");
        if (n > 0 && (n > 60 || random_below(&seed, 2) == 0)) {
            is_taken[cgdt_slot_number(slots[which])] = false;
            cached_give(cache, slots[which]);
            slots[which] = slots[--n];
            continue;
        }
        const uint32_t number = cgdt_slot_number(slots[n++] = cached_take(cache));
        MUST(!is_taken[number], "step %d: slot %u is given twice", step, number);
        is_taken[number] = true;
    }
    for (uint32_t i = 0; i < 16; i++) {
        cached_flush(caches[i]);
        cached_must_end(&memory[i], 2 + i % 8);
    }
    cr_assert_eq(fixture_stats(&fixture).taken_slots, n);
    close_pool(&fixture);
}

Test(cache, init_refuses_what_is_no_memory_for_it_and_leaves_it_alone)
{
    struct fixture fixture;
    struct memory memory, before;
    struct cgdt_cache *cache = (struct cgdt_cache *)(void *)memory.bytes;
    struct cgdt_cache *crooked = (struct cgdt_cache *)(void *)(memory.bytes + 1);

    open_pool(&fixture, 16);
    memset(&memory, 0x3c, sizeof(memory));
    before = memory;
    cr_assert_eq(cgdt_cache_init(NULL, sizeof(*cache), fixture.pool), -CGDT_EINVAL);
    cr_assert_eq(cgdt_cache_init(crooked, sizeof(*cache), fixture.pool), -CGDT_EINVAL);
    cr_assert_eq(cgdt_cache_init(cache, sizeof(*cache), NULL), -CGDT_EINVAL);
    for (size_t bytes = 0; bytes < CGDT_CACHE_BYTES(2); bytes++)
        MUST(cgdt_cache_init(cache, bytes, fixture.pool) == -CGDT_EINVAL, "%zu bytes", bytes);
    cr_assert_eq(memcmp(&before, &memory, sizeof(memory)), 0);
    close_pool(&fixture);
}

Test(cache, it_holds_as_many_slots_as_its_bytes_say_up_to_128)
{
    struct fixture fixture;
    cgdt_slot_t slots[SLOTS];

    fixture_prepare(&fixture, 8, 2, SLOTS);
    fixture_open_live(&fixture);
    for (uint32_t n = 2; n <= CGDT_CACHE_SLOTS + 8; n++) {
        const uint32_t room = n < CGDT_CACHE_SLOTS ? n : CGDT_CACHE_SLOTS;
        struct memory memory;
        struct cgdt_cache *cache = cached_make(&memory, &fixture, n);

        MUST(cgdt_alloc_bulk(fixture.pool, SLOTS, slots) == 0, "bulk");
        for (uint32_t i = 0; i < room; i++)
            cached_give(cache, slots[i]);
        MUST(fixture_stats(&fixture).free_slots == 0, "%u: given back before it is full", n);
        cached_give(cache, slots[room]);
        MUST(fixture_stats(&fixture).free_slots == room - room / 2, "%u: half", n);
        cached_must_end(&memory, room);
        cached_flush(cache);
        MUST(cgdt_free_bulk(fixture.pool, SLOTS - room - 1, slots + room + 1) == 0, "free");
    }
    close_pool(&fixture);
}

Test(cache, a_null_pointer_is_invalid_and_takes_no_slot)
{
    struct fixture fixture;
    struct memory memory, before_memory;
    struct snapshot before;

    open_pool(&fixture, 16);
    struct cgdt_cache *cache = cached_make(&memory, &fixture, 8);
    snapshot_take(&before, &fixture);
    before_memory = memory;
    cr_assert_eq(cgdt_cache_alloc(cache, NULL), -CGDT_EINVAL);
    cr_assert(snapshot_same(&before, &fixture));
    cr_assert_eq(memcmp(&before_memory, &memory, sizeof(memory)), 0);
    close_pool(&fixture);
}
