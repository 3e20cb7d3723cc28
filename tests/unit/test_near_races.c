/* SPDX-License-Identifier: MIT */
/*
 * cgdt_alloc_near() beside other CPUs' calls, each made certain as in test_races.c: the other's
 * whole call comes before the n-th atomic operation, for every n. Built twice: with words of 64
 * slots, and of 8, as many as a page has.
 */
#include "../../alloc/pool.h"

#include "fixture.h"

#define SLOTS 32 /* of 8 to a page */

static struct fixture fixture;
static cgdt_slot_t slots[SLOTS];
static cgdt_slot_t rivals; /* the slot that the other CPU got */

static struct rival {
    void (*go)(void);
    uint32_t before; /* the n-th operation, 1 up */
    uint32_t seen;
    bool came;
} rival;

/* Changes of the words of free bits and all above; of anything of the pool's. */
static uint32_t changes_of_bits, changes;

static bool is_in(const volatile void *at, const void *start, size_t bytes)
{
    return (uintptr_t)at - (uintptr_t)start < bytes;
}

static void count(const volatile void *at)
{
    const struct slotmap *map = &fixture.pool->map;

    changes += is_in(at, fixture.memory, fixture.bytes);
    changes_of_bits +=
        is_in(at, map->level[0], (size_t)((const uint8_t *)map->owners - (uint8_t *)map->level[0]));
}

void hook(enum hooked kind, const volatile void *at)
{
    if (kind == HOOKED_CHANGE && fixture.pool != NULL)
        count(at);
    if (rival.go == NULL || rival.came || kind == HOOKED_DESCRIPTOR || ++rival.seen != rival.before)
        return;
    rival.came = true;
    rival.go();
}

static void arm(void (*go)(void), uint32_t before)
{
    rival = (struct rival){.go = go, .before = before};
    rivals = CGDT_NO_SLOT;
    changes = changes_of_bits = 0;
}

/* Four pages in service; slots first .. end-1 are taken. */
static void open_pool(uint32_t first, uint32_t end)
{
    arm(NULL, 0);
    fixture.pool = NULL;
    fixture_prepare(&fixture, 64, 2, SLOTS);
    fixture_open_live(&fixture);
    MUST(cgdt_reserve(fixture.pool, SLOTS) == 0, "reserve");
    MUST(cgdt_alloc_bulk(fixture.pool, end, slots) == 0, "bulk");
    for (uint32_t i = 0; i < first; i++)
        MUST(cgdt_free(fixture.pool, slots[i]) == 0, "free");
}

static void close_pool(void)
{
    arm(NULL, 0);
    fixture_end(&fixture);
    fixture.pool = NULL;
}

static uint32_t page_of(cgdt_slot_t slot)
{
    return cgdt_slot_page(cgdt_pool_layout(fixture.pool), slot);
}

/* One bit, and the owner's byte. */
Test(near_races, a_slot_of_the_same_page_costs_one_change_of_the_free_bits)
{
    for (uint32_t end = 1; end < 8; end++) {
        cgdt_slot_t slot = CGDT_NO_SLOT;

        open_pool(0, end);
        arm(NULL, 0);
        MUST(cgdt_alloc_near(fixture.pool, 1, slots, &slot) == 0, "%u", end);
        MUST(page_of(slot) == 0, "%u", end);
        MUST(changes_of_bits == 1 && changes == 2, "%u: %u and %u", end, changes_of_bits, changes);
        close_pool();
    }
}

Test(near_races, a_page_to_itself_costs_one_change_of_the_free_bits)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;

    open_pool(0, 9);
    arm(NULL, 0);
    cr_assert_eq(cgdt_alloc_near(fixture.pool, 0, NULL, &slot), 0);
    cr_assert_eq(page_of(slot), 2);
    cr_assert(changes_of_bits == 1 && changes == 2, "%u and %u", changes_of_bits, changes);
    close_pool();
}

Test(near_races, in_a_serialized_pool_the_free_bits_are_changed_by_no_atomic_operation)
{
    cgdt_slot_t slot = CGDT_NO_SLOT, next = CGDT_NO_SLOT;

    fixture_prepare(&fixture, 64, 2, SLOTS);
    fixture.config.serialized = true;
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_reserve(fixture.pool, SLOTS), 0);
    arm(NULL, 0);
    cr_assert_eq(cgdt_alloc_near(fixture.pool, 0, NULL, &slot), 0);
    cr_assert_eq(cgdt_alloc_near(fixture.pool, 1, &slot, &next), 0);
    cr_assert_eq(page_of(next), page_of(slot));
    cr_assert_eq(changes_of_bits, 0);
    close_pool();
}

/*
 * `call` takes a slot, the other CPU comes before each of its operations in turn: never are both on
 * one page. prepare: what the pool is like besides, with slot 0 taken.
 */
static void must_stay_apart(void (*prepare)(void), void (*go)(void), int (*call)(cgdt_slot_t *))
{
    for (uint32_t n = 1;; n++) {
        cgdt_slot_t slot = CGDT_NO_SLOT;

        open_pool(0, 1);
        if (prepare != NULL)
            prepare();
        arm(go, n);
        MUST(call(&slot) == 0, "operation %u", n);
        const bool came = rival.came;
        MUST(!came || page_of(slot) != page_of(rivals), "operation %u: both on %u", n,
             page_of(slot));
        close_pool();
        if (!came)
            break;
    }
}

static int alloc_alone(cgdt_slot_t *slot)
{
    return cgdt_alloc_near(fixture.pool, 0, NULL, slot);
}

static void another_kind_comes(void)
{
    MUST(cgdt_alloc_near(fixture.pool, 0, NULL, &rivals) == 0, "the other CPU");
}

Test(near_races, of_two_that_want_a_page_to_themselves_each_gets_one)
{
    must_stay_apart(NULL, another_kind_comes, alloc_alone);
}

/* It has begun a page, another slot has come there, and the lowest is free again. */
static void another_kind_comes_and_its_first_leaves(void)
{
    cgdt_slot_t first;

    another_kind_comes();
    first = rivals;
    MUST(cgdt_alloc_near(fixture.pool, 1, &first, &rivals) == 0, "the other CPU");
    MUST(page_of(first) == page_of(rivals) && cgdt_free(fixture.pool, first) == 0, "free");
}

Test(near_races, a_page_whose_lowest_slot_alone_is_free_is_not_a_page_to_itself)
{
    must_stay_apart(NULL, another_kind_comes_and_its_first_leaves, alloc_alone);
}

/* The only slot of its kind goes, and another kind takes the page that is empty now. */
static void its_neighbour_leaves(void)
{
    MUST(cgdt_free(fixture.pool, slots[0]) == 0, "free");
    another_kind_comes();
}

Test(near_races, a_neighbour_that_goes_meanwhile_does_not_bring_it_onto_anothers_page)
{
    uint32_t given_back = 0;

    for (uint32_t n = 1;; n++) {
        cgdt_slot_t slot = CGDT_NO_SLOT;

        open_pool(0, 1);
        arm(its_neighbour_leaves, n);
        MUST(cgdt_alloc_near(fixture.pool, 1, slots, &slot) == 0, "operation %u", n);
        const bool came = rival.came;
        MUST(!came || page_of(slot) != page_of(rivals), "operation %u: both on %u", n,
             page_of(slot));
        given_back += came && changes_of_bits > 4;
        close_pool();
        if (!came)
            break;
    }
    cr_assert_gt(given_back, 0, "no slot was claimed and given back");
}

/* Whatever becomes of the slots beside it, it comes onto that page while a slot of it is free. */
static void another_takes_a_slot(void)
{
    MUST(cgdt_alloc_nowait(fixture.pool, &rivals) == 0, "the other CPU");
}

Test(near_races, who_loses_a_slot_of_the_page_takes_another_of_it)
{
    for (uint32_t n = 1;; n++) {
        cgdt_slot_t slot = CGDT_NO_SLOT;

        open_pool(0, 3);
        arm(another_takes_a_slot, n);
        MUST(cgdt_alloc_near(fixture.pool, 1, slots, &slot) == 0, "operation %u", n);
        const bool came = rival.came;
        MUST(page_of(slot) == 0 && slot != rivals, "operation %u: %x", n, slot);
        close_pool();
        if (!came)
            break;
    }
}

static void another_trims(void)
{
    MUST(cgdt_trim(fixture.pool) >= 0, "trim");
}

/* The pages above are leaving: it is on one of them, and that stays; or on a new one. */
Test(near_races, a_page_to_itself_is_not_one_that_trim_takes)
{
    uint32_t taken = 0;

    for (uint32_t n = 1;; n++) {
        cgdt_slot_t slot = CGDT_NO_SLOT;

        open_pool(0, 1);
        MUST(cgdt_reserve(fixture.pool, 0) == 0, "reserve");
        arm(another_trims, n);
        MUST(cgdt_alloc_near(fixture.pool, 0, NULL, &slot) == 0, "operation %u", n);
        const bool came = rival.came;
        const uint32_t mapped = fixture_stats(&fixture).mapped_pages;
        MUST(page_of(slot) == 1, "operation %u: %x", n, slot);
        MUST(fixture_slot(&fixture, slot)[1] == CODE64, "operation %u", n);
        MUST(!came || mapped == 2, "operation %u: %u pages", n, mapped);
        taken += came;
        close_pool();
        if (!came)
            break;
    }
    cr_assert_gt(taken, 3);
}

static void a_slot_comes_back(void)
{
    MUST(cgdt_free(fixture.pool, slots[20]) == 0, "free");
}

/* Beside a slot that is freed at any moment: it is found, or there was none. */
Test(near_races, full_is_said_only_if_no_slot_was_free)
{
    for (uint32_t n = 1;; n++) {
        cgdt_slot_t slot = 99;

        open_pool(0, SLOTS);
        arm(a_slot_comes_back, n);
        const int result = cgdt_alloc_near(fixture.pool, 1, slots, &slot);
        const bool came = rival.came;
        MUST(result == 0 ? cgdt_slot_number(slot) == 20 : result == -CGDT_ENOSPC,
             "operation %u: %d", n, result);
        MUST(came || result == -CGDT_ENOSPC, "operation %u", n);
        arm(NULL, 0);
        MUST(result == 0 || !came || cgdt_alloc_near(fixture.pool, 1, slots, &slot) == 0,
             "operation %u: the slot is lost", n);
        close_pool();
        if (!came)
            break;
    }
}

static cgdt_slot_t was; /* CPU 3's */
static bool same_again;

static void cpu_3_comes(void)
{
    MUST(cgdt_cpu_online_near(fixture.pool, 3, 0, NULL, &was) == 0, "online");
}

static int cpu_5_near_cpu_3(cgdt_slot_t *slot)
{
    const uint32_t near[] = {3};

    return cgdt_cpu_online_near(fixture.pool, 5, 1, near, slot);
}

static void its_cpu_goes(void)
{
    MUST(cgdt_cpu_offline(fixture.pool, 3) == 0, "offline");
    MUST(cgdt_cpu_online_near(fixture.pool, 4, 0, NULL, &rivals) == 0, "the other CPU");
}

/* The same by the directory. */
Test(near_races, a_cpu_that_goes_meanwhile_does_not_bring_it_onto_anothers_page)
{
    must_stay_apart(cpu_3_comes, its_cpu_goes, cpu_5_near_cpu_3);
}

/* The other CPU comes to that very slot, and goes, until its handle is what CPU 3's was. */
static void its_slot_is_anothers_64_owners_later(void)
{
    its_cpu_goes();
    for (uint32_t owner = 0; rivals != was && owner < 64; owner++) {
        MUST(cgdt_cpu_offline(fixture.pool, 4) == 0, "offline %u", owner);
        MUST(cgdt_cpu_online_near(fixture.pool, 4, 0, NULL, &rivals) == 0, "online %u", owner);
    }
    same_again = same_again || rivals == was;
}

/* The directory tells whose slot it is, where the handle looks the same again. */
Test(near_races, a_cpu_whose_slot_has_had_64_owners_meanwhile_brings_it_onto_nobodys_page)
{
    same_again = false;
    must_stay_apart(cpu_3_comes, its_slot_is_anothers_64_owners_later, cpu_5_near_cpu_3);
    cr_assert(same_again, "no handle came again");
}
