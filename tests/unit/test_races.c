/* SPDX-License-Identifier: MIT */
/*
 * Races made certain: another CPU's whole call runs right before the n-th atomic operation of a
 * call, for every n. tests/interleave takes every schedule; here each branch that only a race can
 * take is taken once by the plain unit tests, and what both calls say is checked.
 */
#include "../../alloc/slotmap.h"

#include <string.h>

#include "fixture.h"

/* What happens before an atomic operation. */
static struct rival {
    void (*go)(enum hooked kind, const volatile void *at);
    uint32_t before; /* the n-th operation, 1 up; 0: each */
    uint32_t seen;
    uint32_t times;
    bool inside; /* a rival has no rival */
} rival;

void hook(enum hooked kind, const volatile void *at)
{
    if (rival.go == NULL || rival.inside || kind == HOOKED_DESCRIPTOR)
        return;
    if (++rival.seen != rival.before && rival.before != 0)
        return;
    rival.inside = true;
    rival.times++;
    rival.go(kind, at);
    rival.inside = false;
}

static void arm(void (*go)(enum hooked kind, const volatile void *at), uint32_t before)
{
    rival = (struct rival){.go = go, .before = before};
}

static struct fixture fixture;
static cgdt_slot_t slots[40];
static cgdt_slot_t rivals;
static int rivals_result;

/* 40 slots of 16 to a page, all owned. */
static void open_full(void)
{
    arm(NULL, 0);
    fixture_prepare(&fixture, 32, 2, 40);
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 40, slots), 0);
}

static void close_sound(const char *when)
{
    arm(NULL, 0);
    fixture_must_be_sound(&fixture, when);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

static void rival_frees(enum hooked kind, const volatile void *at)
{
    (void)kind;
    (void)at;
    rivals_result = cgdt_free(fixture.pool, rivals);
}

static void rival_allocs(enum hooked kind, const volatile void *at)
{
    (void)kind;
    (void)at;
    rivals_result = cgdt_alloc(fixture.pool, &rivals);
}

Test(races, of_two_frees_of_a_slot_one_succeeds_whenever_the_other_comes)
{
    for (uint32_t n = 1, times = 1; times != 0; n++) {
        open_full();
        rivals = slots[7];
        rivals_result = -CGDT_ESTALE;
        arm(rival_frees, n);
        const int result = cgdt_free(fixture.pool, slots[7]);
        times = rival.times;
        MUST((result == 0) != (rivals_result == 0), "operation %u: %d, %d", n, result,
             rivals_result);
        MUST(result == 0 || result == -CGDT_ESTALE, "operation %u: %d", n, result);
        MUST(rivals_result == 0 || rivals_result == -CGDT_ESTALE, "operation %u: %d", n,
             rivals_result);
        MUST(fixture_stats(&fixture).free_slots == 1, "operation %u", n);
        close_sound("two frees");
    }
}

Test(races, of_two_allocs_of_the_last_slot_one_succeeds)
{
    for (uint32_t n = 1, times = 1; times != 0; n++) {
        cgdt_slot_t slot = 99;

        open_full();
        MUST(cgdt_free(fixture.pool, slots[39]) == 0, "free");
        rivals_result = -CGDT_ENOSPC;
        /*
         * The rival must not need the lock, which this CPU may have: it takes the slot if it is
         * there.
         */
        arm(rival_allocs, n);
        const int result = cgdt_alloc(fixture.pool, &slot);
        times = rival.times;
        MUST(times == 0 || (result == 0) != (rivals_result == 0), "operation %u: %d, %d", n, result,
             rivals_result);
        MUST(fixture_stats(&fixture).free_slots == 0, "operation %u", n);
        fixture.strict.breaches = 0; /* a lock inside the lock, which is not what is tested here */
        close_sound("two allocs");
    }
}

Test(races, an_alloc_finds_the_slot_that_is_freed_at_any_moment_of_it_or_says_full)
{
    for (uint32_t n = 1, times = 1; times != 0; n++) {
        cgdt_slot_t slot = 99;

        open_full();
        rivals = slots[11];
        arm(rival_frees, n);
        const int result = cgdt_alloc(fixture.pool, &slot);
        times = rival.times;
        MUST(times == 0 || rivals_result == 0, "operation %u", n);
        MUST(result == 0 ? slot == next_owner(slots[11])
                         : result == -CGDT_ENOSPC && slot == CGDT_NO_SLOT,
             "operation %u: %d, %x", n, result, slot);
        /* Not lost: it is found now, if it was not then. */
        MUST(result == 0 || times == 0 || fixture_alloc(&fixture) != CGDT_NO_SLOT, "operation %u",
             n);
        close_sound("alloc and free");
    }
}

Test(races, an_alloc_with_descriptors_finds_the_slot_that_is_freed_at_any_moment_of_it_or_says_full)
{
    for (uint32_t n = 1, times = 1; times != 0; n++) {
        const cgdt_desc_t own = mark(n);
        cgdt_slot_t slot = 99;

        open_full();
        rivals = slots[11];
        arm(rival_frees, n);
        const int result = cgdt_alloc_with(fixture.pool, 9, &own, 1, &slot);
        times = rival.times;
        arm(NULL, 0);
        MUST(times == 0 || rivals_result == 0, "operation %u", n);
        MUST(result == 0 ? slot == next_owner(slots[11])
                         : result == -CGDT_ENOSPC && slot == CGDT_NO_SLOT,
             "operation %u: %d, %x", n, result, slot);
        MUST(result != 0 || fixture_slot(&fixture, slot)[9] == own, "operation %u", n);
        MUST(result == 0 || times == 0 || fixture_alloc(&fixture) != CGDT_NO_SLOT, "operation %u",
             n);
        close_sound("alloc with and free");
    }
}

Test(races, a_trim_and_a_free_at_any_moment_of_it_lose_no_slot)
{
    for (uint32_t n = 1, times = 1; times != 0; n++) {
        open_full();
        for (int i = 32; i < 39; i++)
            MUST(cgdt_free(fixture.pool, slots[i]) == 0, "free");
        rivals = slots[39];
        rivals_result = 0;
        arm(rival_frees, n);
        const int trimmed = cgdt_trim(fixture.pool);
        times = rival.times;
        MUST(rivals_result == 0 && (trimmed == 0 || trimmed == 1), "operation %u: %d", n, trimmed);
        arm(NULL, 0);
        MUST(fixture_stats(&fixture).free_slots == (times == 0     ? 7
                                                    : trimmed == 1 ? 0
                                                                   : 8),
             "%u", n);
        MUST(times == 0 || cgdt_alloc_bulk(fixture.pool, 8, slots) == 0, "operation %u", n);
        close_sound("trim and free");
    }
}

Test(races, a_trim_and_an_alloc_at_any_moment_of_it_lose_no_slot)
{
    for (uint32_t n = 1, times = 1; times != 0; n++) {
        open_full();
        for (int i = 31; i < 40; i++) /* one of window 0, which the rival takes */
            MUST(cgdt_free(fixture.pool, slots[i]) == 0, "free");
        rivals_result = 0;
        arm(rival_allocs, n);
        const int trimmed = cgdt_trim(fixture.pool);
        times = rival.times;
        MUST(rivals_result == 0 && trimmed == 1, "operation %u: %d, %d", n, rivals_result, trimmed);
        MUST(times == 0 || cgdt_slot_number(rivals) == 31, "operation %u: %x", n, rivals);
        close_sound("trim and alloc");
    }
}

static void rival_allocs_nowait(enum hooked kind, const volatile void *at)
{
    (void)kind;
    (void)at;
    rivals_result = cgdt_alloc_nowait(fixture.pool, &rivals);
}

/* Trim looks before it claims: what is taken between the two is found by the claim. */
Test(races, a_slot_taken_at_any_moment_of_a_trim_keeps_its_page)
{
    uint32_t kept = 0;

    for (uint32_t n = 1, times = 1; times != 0; n++) {
        open_full();
        for (int i = 32; i < 40; i++) /* page 2, all of it */
            MUST(cgdt_free(fixture.pool, slots[i]) == 0, "free");
        rivals_result = -CGDT_EAGAIN;
        arm(rival_allocs_nowait, n);
        const int trimmed = cgdt_trim(fixture.pool);
        times = rival.times;
        arm(NULL, 0);
        MUST(trimmed == (rivals_result == 0 ? 0 : 1), "operation %u: %d, %d", n, trimmed,
             rivals_result);
        MUST(rivals_result == 0 || rivals_result == -CGDT_EAGAIN, "operation %u", n);
        MUST(fixture_stats(&fixture).mapped_pages == (trimmed != 0 ? 2 : 3), "operation %u", n);
        kept += trimmed == 0 ? 1 : 0;
        close_sound("trim and alloc");
    }
    cr_assert_gt(kept, 0);
}

/* The slot map alone. */
static struct slotmap map;
static _Alignas(8) unsigned char map_memory[8192];

static void make_map(uint32_t count)
{
    arm(NULL, 0);
    cr_assert_leq(cgdt_slotmap_bytes_(count), sizeof(map_memory));
    map = (struct slotmap){.slots = 0};
    memset(map_memory, 0, sizeof(map_memory));
    cgdt_slotmap_init_(&map, map_memory, count, false);
    cgdt_slotmap_cover_(&map, count - 1);
}

static void rival_publishes(enum hooked kind, const volatile void *at)
{
    (void)kind;
    (void)at;
    cgdt_slotmap_publish_bits_(&map, 3 * 64, 1);
}

/*
 * A walker that clears a stale bit of the summary, and a slot that is freed there at any moment of
 * it.
 */
Test(races, a_slot_freed_while_the_summary_is_cleared_is_found_by_the_next)
{
    for (uint32_t n = 1, times = 1; times != 0; n++) {
        uint32_t first = 99;

        make_map(256);
        cgdt_slotmap_publish_bits_(&map, 3 * 64, 1);
        MUST(cgdt_slotmap_claim_(&map, 1, &first) == 1, "the bit is stale now");
        arm(rival_publishes, n);
        const uint64_t got = cgdt_slotmap_claim_(&map, 1, &first);
        times = rival.times;
        MUST(times != 0 || got == 0, "operation %u", n);
        MUST(got == 0 || first == 3 * 64, "operation %u", n);
        MUST(times == 0 || got != 0 || cgdt_slotmap_claim_(&map, 1, &first) == 1,
             "operation %u: the slot is lost", n);
    }
}

/*
 * Takes the slot between this CPU's look and its claim, and puts it back before the next look;
 * 1,000 times.
 */
static void rival_wins_often(enum hooked kind, const volatile void *at)
{
    uint32_t first;

    if (at != (const volatile void *)map.level[0] || rival.times > 2000)
        return;
    if (kind == HOOKED_LOAD)
        cgdt_slotmap_publish_bits_(&map, 0, 1);
    else
        (void)cgdt_slotmap_claim_(&map, 1, &first);
}

Test(races, a_cpu_that_loses_a_thousand_times_gets_the_slot_when_it_is_left_alone)
{
    uint32_t first = 99;

    make_map(64);
    cgdt_slotmap_publish_bits_(&map, 0, 1);
    arm(rival_wins_often, 0);
    cr_assert_eq(cgdt_slotmap_claim_(&map, 1, &first), 1);
    cr_assert_gt(rival.times, 2000, "it did try");
    arm(NULL, 0);
}

static void rival_claims(enum hooked kind, const volatile void *at)
{
    uint32_t first;

    (void)kind;
    (void)at;
    (void)cgdt_slotmap_claim_(&map, 1, &first);
}

Test(races, an_exact_claim_that_loses_a_slot_takes_another_of_the_word)
{
    for (uint32_t n = 1, times = 1; times != 0; n++) {
        uint32_t first = 99;

        make_map(64);
        cgdt_slotmap_publish_bits_(&map, 0, 3);
        arm(rival_claims, n);
        first = cgdt_slotmap_take_slowly_(&map);
        times = rival.times;
        MUST(first == 0 || first == 1, "operation %u", n);
    }
}

Test(races, a_claim_of_all_that_loses_a_slot_of_its_word_has_none)
{
    for (uint32_t n = 1, times = 1; times != 0; n++) {
        uint32_t first = 99;

        make_map(64);
        cgdt_slotmap_publish_bits_(&map, 0, 15);
        arm(rival_claims, n);
        const uint64_t got = cgdt_slotmap_claim_all_(&map, 4, &first);
        times = rival.times;
        arm(NULL, 0);
        MUST(got == (times == 0 ? 15 : 0), "operation %u", n);
        MUST(map.level[0][0] == (times == 0 ? 0 : 14), "operation %u", n);
    }
}

static void count_change_of_the_map(enum hooked kind, const volatile void *at)
{
    (void)at;
    rival.seen -= kind == HOOKED_CHANGE ? 0 : 1;
}

/*
 * Words whose bit of the summary is stale are passed by, up to 32 of them and without a change, but
 * where four slots are free in a row: then the bits are to be cleared, by the walk.
 */
Test(races, a_few_slots_behind_words_that_the_summary_promises_in_vain_come_by_one_change)
{
    for (uint32_t word = 0; word < 40; word++)
        for (uint32_t bits = 1; bits < 16; bits++) {
            uint32_t slot = 99;

            make_map(40 * 64);
            cgdt_slotmap_publish_bits_(&map, word * 64 + 60, bits);
            map.level[1][0] = (1ull << 40) - 1;
            arm(count_change_of_the_map, 0);
            const bool found = cgdt_slotmap_take_at_once_(&map, false, &slot);
            MUST(found == (word == 0 || (word <= 32 && bits != 15)), "%u: %x", word, bits);
            MUST(!found || slot == word * 64 + 60 + (uint32_t)__builtin_ctz(bits), "%u", slot);
            MUST(rival.seen == (found ? 1 : 0), "%u changes", rival.seen);
            cr_assert_eq(map.level[1][0], (1ull << 40) - 1);
            cr_assert_eq(cgdt_slotmap_take_at_once_(&map, true, &slot) && word != 0, false);
        }
    arm(NULL, 0);
}

static uint32_t changes;

/* Of the pool's own state: the descriptors that become zero are another matter. */
static void count_changes(enum hooked kind, const volatile void *at)
{
    const uintptr_t offset = (uintptr_t)at - (uintptr_t)fixture.memory;

    changes += kind == HOOKED_CHANGE && offset < fixture.bytes ? 1 : 0;
}

/*
 * 64 slots: eight words of owners, one of free bits, and a bit in the summary above. One by one it
 * would be two changes for each slot.
 */
Test(races, a_bulk_free_that_rises_is_a_change_for_each_word_and_not_for_each_slot)
{
    cgdt_slot_t all[64];

    fixture_prepare(&fixture, 32, 2, 128);
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 64, all), 0);
    changes = 0;
    arm(count_changes, 0);
    cr_assert_eq(cgdt_free_bulk(fixture.pool, 64, all), 0);
    cr_assert_leq(changes, 8 + 1 + 1, "%u", changes);
    cr_assert_geq(changes, 8 + 1, "%u", changes);
    close_sound("a bulk free");
}
