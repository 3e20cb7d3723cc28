/* SPDX-License-Identifier: MIT */
/*
 * cgdt_alloc_for() and cgdt_cpu_online_for() with both that a request can ask for: a page of a
 * kind, and descriptors. Of each alone test_near.c, test_near_cpus.c and test_with.c.
 */
#include "fixture.h"

#define CODE  (-4321)
#define SLOTS 40 /* of 16 to a page, windows of two */

static struct fixture fixture;
static cgdt_slot_t slots[SLOTS];
static const cgdt_desc_t own[2] = {0x00cff3000000ffffull, 0x00affb000000ffffull};

/* The first n slots are taken; two pages are in service. */
static void open_pool(uint32_t n)
{
    fixture_prepare(&fixture, 32, 2, SLOTS);
    fixture_open_live(&fixture);
    MUST(cgdt_alloc_bulk(fixture.pool, 17, slots) == 0, "bulk");
    for (uint32_t i = n; i < 17; i++)
        MUST(cgdt_free(fixture.pool, slots[i]) == 0, "free");
}

static void close_pool(void)
{
    fixture_end(&fixture);
}

/* Descriptors in entries 3 and 4, and a page of the kind of near[]. */
static struct cgdt_request both(uint32_t near_count, const uint32_t *near)
{
    return (struct cgdt_request){.struct_bytes = sizeof(struct cgdt_request),
                                 .first = 3,
                                 .count = 2,
                                 .desc = own,
                                 .apart = 1,
                                 .near_count = near_count,
                                 .near = near};
}

static bool has_table(cgdt_slot_t slot)
{
    const cgdt_desc_t expected[6] = {0, CODE64, DATA3, own[0], own[1]};

    return memcmp(fixture_slot(&fixture, slot), expected, sizeof(expected)) == 0;
}

/* Number of the slot that comes, by as many live writes as are said. */
static uint32_t taken_for(const struct cgdt_request *request, uint32_t writes)
{
    const uint32_t before = fixture.faulty.tried[FAULTY_LIVE_WRITE];
    cgdt_slot_t slot = CGDT_NO_SLOT;

    MUST(cgdt_alloc_for(fixture.pool, request, &slot) == 0, "alloc_for");
    MUST(has_table(slot), "slot %u: contents", cgdt_slot_number(slot));
    MUST(fixture.faulty.tried[FAULTY_LIVE_WRITE] - before == writes, "slot %u: %u writes",
         cgdt_slot_number(slot), fixture.faulty.tried[FAULTY_LIVE_WRITE] - before);
    return cgdt_slot_number(slot);
}

Test(request, beside_one_of_its_kind_the_slot_has_the_descriptors_by_one_live_write)
{
    open_pool(17);
    const struct cgdt_request request = both(1, &slots[16]);
    cr_assert_eq(taken_for(&request, 1), 17);
    close_pool();
}

Test(request, the_first_of_a_kind_comes_with_its_descriptors_to_a_page_of_its_own)
{
    open_pool(5);
    const struct cgdt_request request = both(0, NULL);
    cr_assert_eq(taken_for(&request, 1), 16);
    close_pool();
}

Test(request, on_a_new_page_for_a_kind_the_descriptors_are_there_before_it_is_sealed)
{
    open_pool(17);
    const struct cgdt_request request = both(0, NULL);
    cr_assert_eq(taken_for(&request, 0), 32);
    close_pool();
}

Test(request, without_a_page_for_a_kind_the_descriptors_come_to_the_next_best_slot)
{
    open_pool(17);
    faulty_arm(&fixture.faulty, 1u << FAULTY_SEAL, 1, CODE);
    fixture.faulty.from_then_on = true;
    const struct cgdt_request request = both(0, NULL);
    cr_assert_eq(taken_for(&request, 1), 17);
    close_pool();
}

Test(request, a_live_write_that_fails_beside_one_of_its_kind_changes_nothing)
{
    struct snapshot before;
    cgdt_slot_t slot = 99;

    open_pool(17);
    const struct cgdt_request request = both(1, &slots[16]);
    snapshot_take(&before, &fixture);
    faulty_arm(&fixture.faulty, 1u << FAULTY_LIVE_WRITE, 1, CODE);
    cr_assert_eq(cgdt_alloc_for(fixture.pool, &request, &slot), CODE);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    cr_assert(snapshot_same_pages(&before, &fixture));
    cr_assert_eq(taken_for(&request, 1), 17, "it is free");
    close_pool();
}

Test(request, a_bad_descriptor_is_refused_before_a_slot_is_looked_for)
{
    static const cgdt_desc_t bad[2] = {TSS64, 0};
    struct snapshot before;
    cgdt_slot_t slot = 99;

    open_pool(17);
    struct cgdt_request request = both(0, NULL);
    request.desc = bad;
    snapshot_take(&before, &fixture);
    faulty_arm(&fixture.faulty, FAULTY_ANY, 1, CODE);
    cr_assert_eq(cgdt_alloc_for(fixture.pool, &request, &slot), -CGDT_EILSEQ);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    cr_assert_eq(fixture.faulty.fired, 0);
    cr_assert(snapshot_same(&before, &fixture));
    close_pool();
}

Test(request, of_more_than_every_slot_begins_with_nothing_is_left_behind_by_the_free)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;

    open_pool(17);
    struct cgdt_request request = both(1, &slots[16]);
    request.first = 29;
    cr_assert_eq(cgdt_alloc_for(fixture.pool, &request, &slot), 0);
    cr_assert_eq(fixture_slot(&fixture, slot)[30], own[1]);
    cr_assert_eq(cgdt_free(fixture.pool, slot), 0);
    for (uint32_t i = 0; i < 32; i++)
        cr_assert_eq(fixture_slot(&fixture, slot)[i], 0);
    close_pool();
}

Test(request, near_may_be_where_the_slot_goes)
{
    open_pool(17);
    cgdt_slot_t last = slots[16];
    const struct cgdt_request request = both(1, &last);
    for (uint32_t i = 17; i < 20; i++) {
        cr_assert_eq(cgdt_alloc_for(fixture.pool, &request, &last), 0);
        cr_assert_eq(cgdt_slot_number(last), i);
    }
    close_pool();
}

Test(request, one_that_asks_for_nothing_is_alloc)
{
    const struct cgdt_request nothing = {.struct_bytes = sizeof(nothing)};
    cgdt_slot_t slot = CGDT_NO_SLOT;

    open_pool(5);
    cr_assert_eq(cgdt_alloc_for(fixture.pool, &nothing, &slot), 0);
    cr_assert_eq(cgdt_slot_number(slot), 5);
    cr_assert_eq(fixture_slot(&fixture, slot)[2], DATA3);
    cr_assert_eq(fixture_slot(&fixture, slot)[3], 0);
    close_pool();
}

Test(request, arguments_that_nobody_should_pass_are_invalid_and_change_nothing)
{
    struct cgdt_request wrong[7];
    struct snapshot before;

    open_pool(17);
    for (uint32_t i = 0; i < COUNT_OF(wrong); i++)
        wrong[i] = both(1, slots);
    wrong[0].struct_bytes = 0;
    wrong[1].struct_bytes -= (uint32_t)sizeof(void *);
    wrong[2].near = NULL;
    wrong[3].apart = 0;
    wrong[4].apart = 2;
    wrong[5].desc = NULL;
    wrong[6].struct_bytes++;
    snapshot_take(&before, &fixture);
    for (uint32_t i = 0; i < COUNT_OF(wrong); i++) {
        cgdt_slot_t slot = 99;

        MUST(cgdt_alloc_for(fixture.pool, &wrong[i], &slot) == -CGDT_EINVAL, "%u", i);
        MUST(slot == CGDT_NO_SLOT, "%u: %x", i, slot);
        MUST(cgdt_cpu_online_for(fixture.pool, 7, &wrong[i], NULL) == -CGDT_EINVAL, "%u", i);
    }
    cr_assert_eq(cgdt_alloc_for(fixture.pool, NULL, slots), -CGDT_EINVAL);
    cr_assert_eq(cgdt_alloc_for(fixture.pool, &wrong[2], NULL), -CGDT_EINVAL);
    cr_assert(snapshot_same(&before, &fixture));
    close_pool();
}

Test(request, what_a_later_version_asks_for_is_refused_and_what_it_leaves_at_zero_is_not)
{
    struct {
        struct cgdt_request request;
        uintptr_t one_more;
    } later;
    cgdt_slot_t slot = 99;

    open_pool(17);
    later.request = both(1, &slots[16]);
    later.request.struct_bytes = sizeof(later);
    later.one_more = 1;
    cr_assert_eq(cgdt_alloc_for(fixture.pool, &later.request, &slot), -CGDT_E2BIG);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    later.one_more = 0;
    cr_assert_eq(taken_for(&later.request, 1), 17);
    close_pool();
}

/* The directory. */

Test(request, a_cpu_of_a_node_that_comes_late_has_its_descriptors_by_one_live_write)
{
    static const uint32_t node[] = {5, 6, 7};
    const struct cgdt_request request = both(3, node);
    cgdt_slot_t first = 99, late = 99, found = 99;

    open_pool(3);
    cr_assert_eq(cgdt_cpu_online_for(fixture.pool, 5, &request, &first), 0);
    const uint32_t writes = fixture.faulty.tried[FAULTY_LIVE_WRITE];
    cr_assert_eq(cgdt_cpu_online_for(fixture.pool, 7, &request, &late), 0);
    cr_assert_eq(fixture.faulty.tried[FAULTY_LIVE_WRITE], writes + 1);
    cr_assert(has_table(first) && has_table(late));
    cr_assert_eq(cgdt_slot_number(first), 16);
    cr_assert_eq(cgdt_slot_number(late), 17);
    cr_assert_eq(cgdt_cpu_slot(fixture.pool, 7, &found), 0);
    cr_assert_eq(found, late);
    cr_assert_eq(cgdt_free(fixture.pool, late), -CGDT_EBUSY);
    close_pool();
}

Test(request, a_cpu_whose_live_write_fails_stays_offline)
{
    static const uint32_t node[] = {5, 6, 7};
    const struct cgdt_request request = both(3, node);
    cgdt_slot_t slot = 99;

    open_pool(3);
    faulty_arm(&fixture.faulty, 1u << FAULTY_LIVE_WRITE, 1, CODE);
    cr_assert_eq(cgdt_cpu_online_for(fixture.pool, 5, &request, &slot), CODE);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    cr_assert_eq(cgdt_cpu_slot(fixture.pool, 5, &slot), -CGDT_ENOENT);
    cr_assert_eq(cgdt_cpu_online_for(fixture.pool, SLOTS, &request, &slot), -CGDT_EINVAL);
    close_pool();
}
