/* SPDX-License-Identifier: MIT */
/*
 * What a cache does to the pool, step by step: none of its words but the owner's byte while there
 * are slots in the cache, one change of a word to fill it, and one for each word to drain it.
 */
#include "../../alloc/pool.h"

#include "cached.h"

#define SLOTS 2000

static struct fixture fixture;

/* Accesses of the slot map since count_anew(). */
static struct counts {
    uint32_t owners;  /* changes of bytes */
    uint32_t words;   /* changes of words of free bits */
    uint32_t summary; /* changes of those above */
    uint32_t looks;   /* loads of any word */
} counts;

static void count_anew(void)
{
    counts = (struct counts){0};
}

void hook(enum hooked kind, const volatile void *at)
{
    if (fixture.pool == NULL)
        return;
    const struct slotmap *map = &fixture.pool->map;
    const uintptr_t words = (uintptr_t)map->level[0];
    const uintptr_t above = (uintptr_t)map->level[1];
    const uintptr_t end = (uintptr_t)(map->level[map->top] + 1);
    const uintptr_t owners = (uintptr_t)map->owners;
    const uintptr_t place = (uintptr_t)at;
    const bool is_word = place >= words && place < end;

    if (kind == HOOKED_LOAD)
        counts.looks += is_word;
    if (kind != HOOKED_CHANGE)
        return;
    counts.owners += place >= owners && place < owners + SLOTS;
    counts.words += is_word && place < above;
    counts.summary += is_word && place >= above;
}

/* 64 slots to a page, as many as to a word; ordinary stores reach them. */
static void open_pool(void)
{
    fixture_prepare(&fixture, 8, 1, SLOTS);
    fixture_open(&fixture);
    cr_assert_eq(cgdt_reserve(fixture.pool, SLOTS), 0);
}

static void close_pool(void)
{
    fixture_end(&fixture);
}

Test(cache_steps, while_there_are_slots_in_it_nothing_of_the_pool_changes_but_the_owners_byte)
{
    struct cgdt_cache cache;
    cgdt_slot_t slots[60];

    open_pool();
    cr_assert_eq(cgdt_cache_init(&cache, sizeof(cache), fixture.pool), 0);
    slots[0] = cached_take(&cache);
    count_anew();
    for (int i = 1; i < 60; i++)
        slots[i] = cached_take(&cache);
    for (int i = 0; i < 60; i++)
        cached_give(&cache, slots[i]);
    cr_assert_eq(counts.owners, 59 + 60);
    cr_assert_eq(counts.words + counts.summary, 0);
    cr_assert_eq(counts.looks, 0);
    cached_flush(&cache);
    close_pool();
}

Test(cache_steps, it_is_filled_by_one_change_of_one_word)
{
    struct cgdt_cache cache;

    open_pool();
    cr_assert_eq(cgdt_cache_init(&cache, sizeof(cache), fixture.pool), 0);
    count_anew();
    for (uint32_t i = 0; i < 640; i++) {
        (void)cached_take(&cache);
        MUST(counts.words == i / 64 + 1, "%u changes for %u slots", counts.words, i + 1);
    }
    /* The next walk finds a word that is used up, and takes its bit out of the summary. */
    cr_assert_leq(counts.summary, 10);
    cached_flush(&cache);
    close_pool();
}

/* Slots of `words` words, in any order, into a cache; then half of them have to go. */
static uint32_t changes_of_a_drain(uint32_t n_words)
{
    struct cgdt_cache cache;
    static cgdt_slot_t slots[SLOTS];
    uint64_t seed = n_words;

    open_pool();
    MUST(cgdt_cache_init(&cache, sizeof(cache), fixture.pool) == 0, "init");
    MUST(cgdt_alloc_bulk(fixture.pool, SLOTS, slots) == 0, "bulk");
    for (uint32_t i = 0; i < 129; i++) {
        uint32_t which;

        do
            which = i % n_words * 64 + random_below(&seed, 64);
        while (slots[which] == CGDT_NO_SLOT);
        count_anew();
        cached_give(&cache, slots[which]);
        slots[which] = CGDT_NO_SLOT;
        MUST(i == 128 || counts.words == 0, "the free of slot %u", i);
    }
    MUST(fixture_stats(&fixture).free_slots == 64, "half");
    const uint32_t changes = counts.words;
    count_anew();
    cached_flush(&cache);
    MUST(counts.words <= (n_words <= 16 ? n_words : 65), "%u for the rest", counts.words);
    close_pool();
    return changes;
}

Test(cache_steps, it_is_drained_by_one_change_for_each_word_in_whatever_order_slots_came)
{
    for (uint32_t n = 3; n <= 16; n++)
        MUST(changes_of_a_drain(n) == n, "%u words", n);
}

/* Words that are 16 apart meet where bits are gathered: still never more than one for each slot. */
Test(cache_steps, of_more_words_than_are_gathered_none_is_lost_nor_changed_more_than_once_a_slot)
{
    for (uint32_t n = 17; n <= 31; n++) {
        const uint32_t changes = changes_of_a_drain(n);

        MUST(changes >= n && changes <= 64, "%u changes for %u words", changes, n);
    }
}

Test(cache_steps, a_flush_is_one_change_for_each_word)
{
    struct cgdt_cache cache;
    cgdt_slot_t slots[120];

    open_pool();
    cr_assert_eq(cgdt_cache_init(&cache, sizeof(cache), fixture.pool), 0);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 120, slots), 0);
    for (int i = 0; i < 120; i++)
        cached_give(&cache, slots[i * 7 % 120]);
    count_anew();
    cached_flush(&cache);
    cr_assert_eq(counts.words, 2);
    cr_assert_eq(counts.owners, 0);
    count_anew();
    cached_flush(&cache);
    cr_assert_eq(counts.words + counts.summary + counts.looks, 0, "of an empty one");
    close_pool();
}
