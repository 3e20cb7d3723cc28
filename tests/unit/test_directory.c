/* SPDX-License-Identifier: MIT */
/*
 * A slot that a CPU of the directory has is the directory's: its handle is good for everything but
 * to free it. And cgdt_cpu_online_at(), which puts a CPU onto a slot that was set aside.
 */
#include <setjmp.h>

#include "fixture.h"
#include "mortal_port.h"

#define CODE (-4321)
#define CPUS 40

static struct fixture fixture;
static struct snapshot before;

static void open_pool(void)
{
    fixture_prepare(&fixture, 32, 2, CPUS);
    fixture_open_live(&fixture);
}

static void close_pool(void)
{
    fixture_end(&fixture);
}

static cgdt_slot_t online(uint32_t cpu)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;
    const int result = cgdt_cpu_online(fixture.pool, cpu, &slot);

    MUST(result == 0, "online of %u: %d", cpu, result);
    return slot;
}

/* Its own table, by a mark in entry 7. */
static void leave_mark(cgdt_slot_t slot, uint32_t number)
{
    const cgdt_desc_t desc = mark(number);

    MUST(cgdt_write(fixture.pool, slot, 7, &desc, 1) == 0, "write to %x", slot);
}

static bool has_mark(cgdt_slot_t slot, uint32_t number)
{
    cgdt_desc_t desc = 0;

    return cgdt_read(fixture.pool, slot, 7, &desc, 1) == 0 && desc == mark(number);
}

Test(pinned, a_cpus_slot_cannot_be_freed_by_its_handle)
{
    open_pool();
    const cgdt_slot_t slot = online(5);
    snapshot_take(&before, &fixture);
    cr_assert_eq(cgdt_free(fixture.pool, slot), -CGDT_EBUSY);
    cr_assert(snapshot_same(&before, &fixture));
    close_pool();
}

Test(pinned, a_handle_of_another_generation_is_stale_as_ever)
{
    open_pool();
    const cgdt_slot_t slot = online(5);
    snapshot_take(&before, &fixture);
    for (uint32_t generation = 1; generation < 64; generation++) {
        const cgdt_slot_t other = slot + (generation << CGDT_SLOT_GENERATION_SHIFT);

        cr_assert_eq(cgdt_free(fixture.pool, other), -CGDT_ESTALE, "%x", other);
    }
    cr_assert_eq(cgdt_free(fixture.pool, slot | 1u << 25), -CGDT_ESTALE, "the bit of no handle");
    cr_assert_eq(cgdt_free(fixture.pool, slot + 1), -CGDT_ENOENT, "the slot behind is free");
    cr_assert(snapshot_same(&before, &fixture));
    close_pool();
}

/* At each place of 20 handles that rise, so that some come eight at a time. */
Test(pinned, a_bulk_with_a_cpus_slot_frees_none)
{
    cgdt_slot_t slots[20];
    cgdt_slot_t copy[20];

    for (uint32_t at = 0; at < 20; at++) {
        open_pool();
        for (uint32_t i = 0; i < 20; i++)
            slots[i] = i == at ? online(5) : fixture_alloc(&fixture);
        memcpy(copy, slots, sizeof(slots));
        snapshot_take(&before, &fixture);
        MUST(cgdt_free_bulk(fixture.pool, 20, slots) == -CGDT_EBUSY, "%u", at);
        MUST(snapshot_same(&before, &fixture), "%u", at);
        MUST(memcmp(copy, slots, sizeof(slots)) == 0, "%u", at);
        close_pool();
    }
}

Test(pinned, reads_writes_and_frames_of_it_work)
{
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t n = 0, entries = 0;

    open_pool();
    const cgdt_slot_t slot = online(5);
    leave_mark(slot, 5);
    cr_assert(has_mark(slot, 5));
    cr_assert_eq(cgdt_frames(fixture.pool, slot, frames, &n, &entries), 0);
    cr_assert(n == 1 && entries == 512 && frames[0] == STRICT_FRAME);
    close_pool();
}

Test(pinned, the_gdtr_of_it_works)
{
    struct cgdt_pseudo_descriptor gdtr = {0, 0};

    fixture_prepare(&fixture, 32, 2, CPUS);
    fixture_set_native(&fixture, CGDT_PROFILE_NATIVE32);
    fixture_open_live(&fixture);
    (void)online(4);
    const cgdt_slot_t slot = online(5);
    cr_assert_eq(cgdt_gdtr(fixture.pool, slot, &gdtr), 0);
    cr_assert_eq(gdtr.base, (uintptr_t)fixture.strict.ro + 256);
    cr_assert_eq(gdtr.limit, 255);
    close_pool();
}

Test(pinned, offline_frees_it_and_its_handle_is_stale_from_then_on)
{
    cgdt_desc_t desc;

    open_pool();
    const cgdt_slot_t slot = online(5);
    leave_mark(slot, 5);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 5), 0);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 0);
    cr_assert_eq(cgdt_read(fixture.pool, slot, 7, &desc, 1), -CGDT_ESTALE);
    cr_assert_eq(cgdt_free(fixture.pool, slot), -CGDT_ESTALE);
    cr_assert_eq(fixture_alloc(&fixture), next_owner(slot));
    close_pool();
}

Test(pinned, an_offline_that_fails_leaves_it_pinned)
{
    const enum faulty_kind kinds[] = {FAULTY_QUIESCE, FAULTY_LIVE_WRITE};

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        open_pool();
        const cgdt_slot_t slot = online(5);
        faulty_arm(&fixture.faulty, 1u << kinds[i], 1, CODE);
        cr_assert_eq(cgdt_cpu_offline(fixture.pool, 5), CODE);
        cr_assert_eq(cgdt_free(fixture.pool, slot), -CGDT_EBUSY, "%zu", i);
        close_pool();
    }
}

/* Every pair of calls about CPU 0 and its slot, from each state, whatever the port refuses. */
static cgdt_slot_t its_slot;
static cgdt_slot_t aside;

static void call_online(void)
{
    (void)cgdt_cpu_online(fixture.pool, 0, NULL);
}

static void call_offline(void)
{
    (void)cgdt_cpu_offline(fixture.pool, 0);
}

static void call_free(void)
{
    (void)cgdt_free(fixture.pool, its_slot);
}

static void call_free_bulk(void)
{
    cgdt_slot_t slots[2] = {its_slot, aside};

    (void)cgdt_free_bulk(fixture.pool, 2, slots);
}

static void call_online_at(void)
{
    (void)cgdt_cpu_online_at(fixture.pool, 0, aside);
}

static void call_online_at_its_own(void)
{
    (void)cgdt_cpu_online_at(fixture.pool, 0, its_slot);
}

static void call_other_online_at(void)
{
    (void)cgdt_cpu_online_at(fixture.pool, 2, its_slot);
}

static void call_other_offline(void)
{
    (void)cgdt_cpu_offline(fixture.pool, 2);
}

static void (*const calls[])(void) = {
    call_online,          call_offline,      call_free,
    call_free_bulk,       call_online_at,    call_online_at_its_own,
    call_other_online_at, call_other_offline};

/* Offline, online, online on a slot set aside. */
static void begin(unsigned state)
{
    open_pool();
    aside = fixture_alloc(&fixture);
    its_slot = state == 1 ? online(0) : fixture_alloc(&fixture);
    if (state == 2)
        MUST(cgdt_cpu_online_at(fixture.pool, 0, its_slot) == 0, "online_at");
}

/* Of CPU 1, 130 generations of slots, and CPU 0's old handles all the while. */
static void no_stranger_is_touched(void)
{
    for (uint32_t round = 0; round < 130; round++) {
        const cgdt_slot_t slot = online(1);

        leave_mark(slot, round);
        MUST(cgdt_cpu_offline(fixture.pool, 0) == -CGDT_ENOENT, "round %u", round);
        call_free_bulk();
        call_free();
        MUST(has_mark(slot, round), "round %u: the stranger's table is gone", round);
        MUST(cgdt_cpu_online_at(fixture.pool, 0, slot) == -CGDT_EBUSY, "round %u", round);
        MUST(cgdt_cpu_offline(fixture.pool, 1) == 0, "round %u", round);
    }
}

static void two_calls(unsigned state, size_t first, size_t second, uint32_t kinds)
{
    begin(state);
    faulty_arm(&fixture.faulty, kinds, kinds != 0, CODE);
    fixture.faulty.from_then_on = true;
    calls[first]();
    calls[second]();
    faulty_arm(&fixture.faulty, 0, 0, 0);
    const int was = cgdt_cpu_offline(fixture.pool, 0);
    MUST(was == 0 || was == -CGDT_ENOENT, "%u, %zu, %zu: offline: %d", state, first, second, was);
    const int came = cgdt_cpu_online(fixture.pool, 0, NULL);
    MUST(came == 0, "%u, %zu, %zu: online: %d", state, first, second, came);
    MUST(cgdt_cpu_offline(fixture.pool, 0) == 0, "%u, %zu, %zu", state, first, second);
    (void)cgdt_cpu_offline(fixture.pool, 2);
    no_stranger_is_touched();
    close_pool();
}

static void all_pairs(uint32_t kinds)
{
    for (unsigned state = 0; state < 3; state++)
        for (size_t first = 0; first < COUNT_OF(calls); first++)
            for (size_t second = 0; second < COUNT_OF(calls); second++)
                two_calls(state, first, second, kinds);
}

Test(pairs, after_any_two_calls_the_cpu_comes_and_goes_and_no_stranger_is_touched)
{
    all_pairs(0);
}

Test(pairs, nor_if_the_cpu_would_not_let_go)
{
    all_pairs(1u << FAULTY_QUIESCE);
}

Test(pairs, nor_if_no_slot_could_be_written)
{
    all_pairs(1u << FAULTY_LIVE_WRITE);
}

/* The port's operations so far, locks included. */
static uint32_t operations(void)
{
    uint32_t sum = 0;

    for (int kind = 0; kind < FAULTY_KINDS; kind++)
        sum += fixture.faulty.tried[kind];
    return sum;
}

Test(online_at, a_cpu_gets_the_slot_as_it_is)
{
    cgdt_slot_t found = CGDT_NO_SLOT;

    open_pool();
    (void)fixture_alloc(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    leave_mark(slot, 77);
    cr_assert_eq(cgdt_cpu_online_at(fixture.pool, 9, slot), 0);
    cr_assert_eq(cgdt_cpu_slot(fixture.pool, 9, &found), 0);
    cr_assert_eq(found, slot);
    cr_assert(has_mark(slot, 77));
    cr_assert_eq(cgdt_free(fixture.pool, slot), -CGDT_EBUSY, "it is the directory's now");
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 9), 0);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 1);
    cr_assert_eq(cgdt_free(fixture.pool, slot), -CGDT_ESTALE);
    close_pool();
}

Test(online_at, nothing_is_asked_of_the_port_whatever_comes_of_it)
{
    open_pool();
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    const cgdt_slot_t other = fixture_alloc(&fixture);
    const uint32_t asked = operations();
    cr_assert_eq(cgdt_cpu_online_at(fixture.pool, CPUS, slot), -CGDT_EINVAL);
    cr_assert_eq(cgdt_cpu_online_at(fixture.pool, 9, CGDT_NO_SLOT), -CGDT_ENOENT);
    cr_assert_eq(cgdt_cpu_online_at(fixture.pool, 9, next_owner(slot)), -CGDT_ESTALE);
    cr_assert_eq(cgdt_cpu_online_at(fixture.pool, 9, slot), 0);
    cr_assert_eq(cgdt_cpu_online_at(fixture.pool, 9, other), -CGDT_EEXIST);
    cr_assert_eq(cgdt_cpu_online_at(fixture.pool, 8, slot), -CGDT_EBUSY);
    cr_assert_eq(operations(), asked);
    close_pool();
}

/* A refusal: this code, and nothing has changed. */
static void refused(uint32_t cpu, cgdt_slot_t slot, int code)
{
    snapshot_take(&before, &fixture);
    const int result = cgdt_cpu_online_at(fixture.pool, cpu, slot);

    MUST(result == code, "CPU %u, slot %x: %d, not %d", cpu, slot, result, code);
    MUST(snapshot_same(&before, &fixture), "CPU %u, slot %x: something changed", cpu, slot);
}

static void each_refusal(void)
{
    const cgdt_slot_t mine = fixture_alloc(&fixture);
    const cgdt_slot_t freed = fixture_alloc(&fixture);
    const cgdt_slot_t a_cpus = online(5);

    cr_assert_eq(cgdt_free(fixture.pool, freed), 0);
    refused(CPUS, mine, -CGDT_EINVAL);
    refused(0xffffffff, mine, -CGDT_EINVAL);
    refused(5, mine, -CGDT_EEXIST);
    refused(5, a_cpus, -CGDT_EEXIST);
    refused(5, CGDT_NO_SLOT, -CGDT_EEXIST);
    refused(6, a_cpus, -CGDT_EBUSY);
    refused(6, CGDT_NO_SLOT, -CGDT_ENOENT);
    refused(6, CPUS + 1, -CGDT_ENOENT);
    refused(6, CPUS, -CGDT_ENOENT); /* its page is not there */
    refused(6, next_owner(freed), -CGDT_ENOENT);
    refused(6, freed, -CGDT_ESTALE);
    refused(6, next_owner(mine), -CGDT_ESTALE);
    refused(6, mine | 1u << 25, -CGDT_ESTALE);
    cr_assert_eq(cgdt_cpu_online_at(fixture.pool, 6, mine), 0);
}

Test(online_at, each_refusal_changes_nothing)
{
    open_pool();
    each_refusal();
    close_pool();
}

Test(online_at, a_serialized_pool_says_the_same)
{
    fixture_prepare(&fixture, 32, 2, CPUS);
    fixture.config.serialized = true;
    fixture_open_live(&fixture);
    each_refusal();
    close_pool();
}

Test(online_at, before_the_pool_is_sealed_it_is_the_same)
{
    fixture_prepare(&fixture, 32, 2, CPUS);
    fixture_open(&fixture);
    each_refusal();
    close_pool();
}

/* Another CPU, in the middle of CPU 17's offline. */
static int results[3];

static int come_in_between(void *ctx, uint32_t cpu)
{
    (void)ctx;
    results[0] = cgdt_cpu_online_at(fixture.pool, cpu, aside);
    results[1] = cgdt_cpu_online_at(fixture.pool, 18, its_slot);
    results[2] = cgdt_free(fixture.pool, its_slot);
    return 0;
}

Test(online_at, while_the_cpu_is_going_it_is_busy_and_so_is_its_slot)
{
    struct cgdt_port port = faulty_port;

    port.quiesce = come_in_between;
    fixture_prepare(&fixture, 32, 2, CPUS);
    fixture.config.port = &port;
    fixture_open_live(&fixture);
    aside = fixture_alloc(&fixture);
    its_slot = online(17);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 17), 0);
    for (size_t i = 0; i < COUNT_OF(results); i++)
        cr_assert_eq(results[i], -CGDT_EBUSY, "%zu: %d", i, results[i]);
    close_pool();
}

/* What tests/unit/test_recover.c does at every step, here at one, in 32-bit mode too. */
static jmp_buf dead;
static uint32_t steps_left;

static void step(void)
{
    if (steps_left != 0 && --steps_left == 0)
        longjmp(dead, 1);
}

Test(recover, a_cpu_that_died_in_online_is_offline_and_its_slot_is_free)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;

    mortal_step = step;
    fixture_prepare(&fixture, 32, 2, CPUS);
    fixture.config.port = &mortal_port;
    fixture_open_live(&fixture);
    const cgdt_slot_t other = online(6);
    steps_left = 2; /* the slot has been written */
    if (setjmp(dead) == 0)
        (void)cgdt_cpu_online(fixture.pool, 7, NULL);
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 7, NULL), -CGDT_EBUSY);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 2);
    cr_assert_eq(cgdt_recover(fixture.pool), 1);
    cr_assert_eq(cgdt_cpu_slot(fixture.pool, 7, &slot), -CGDT_ENOENT);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 1);
    cr_assert_eq(cgdt_cpu_slot(fixture.pool, 6, &slot), 0);
    cr_assert_eq(slot, other);
    close_pool();
}
