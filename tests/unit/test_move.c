/* SPDX-License-Identifier: MIT */
/*
 * CPUs that move: what they find in the new slot, what each step is told, and what is in the pool
 * at the end, however it ends. How few pages and moves it takes is in test_crowded.c.
 */
#include "../../alloc/pool.h"
#include "fixture.h"

#define CPUS  40u /* 16 to a page */
#define CODE  (-4321)
#define ENTRY 20 /* behind the template */

static struct fixture fixture;
static cgdt_slot_t slot_of[CPUS];

static void close_pool(void)
{
    fixture_end(&fixture);
}

static void leave_mark(cgdt_slot_t slot, uint32_t number)
{
    const cgdt_desc_t desc = mark(number);

    MUST(cgdt_write(fixture.pool, slot, ENTRY, &desc, 1) == 0, "write");
}

static void bring_up(void)
{
    fixture_bring_up(&fixture, CPUS, ENTRY, slot_of);
}

static void take_down(uint32_t first, uint32_t end)
{
    for (uint32_t cpu = first; cpu < end; cpu++)
        MUST(cgdt_cpu_offline(fixture.pool, cpu) == 0, "CPU %u", cpu);
}

/* CPUs 0 .. 9 on page 0, 16 .. 17 on page 1: those two have to move. */
static void open_two_pages(void)
{
    fixture_prepare(&fixture, 32, 2, CPUS);
    fixture_open_live(&fixture);
    bring_up();
    take_down(10, 16);
    take_down(18, CPUS);
}

static cgdt_slot_t directory(uint32_t cpu)
{
    cgdt_slot_t slot = 99;

    MUST(cgdt_cpu_slot(fixture.pool, cpu, &slot) == 0, "CPU %u", cpu);
    return slot;
}

static cgdt_slot_t begin(uint32_t cpu)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;

    MUST(cgdt_cpu_move_begin(fixture.pool, cpu, 0, NULL, &slot) == 0, "CPU %u", cpu);
    return slot;
}

Test(move, begin_gives_the_lowest_free_slot_of_a_kept_page)
{
    open_two_pages();
    cr_assert_eq(cgdt_slot_number(begin(17)), 10);
    close_pool();
}

Test(move, the_new_slot_holds_all_that_the_old_one_does)
{
    open_two_pages();
    const cgdt_slot_t to = begin(17);
    cr_assert_arr_eq(fixture_slot(&fixture, to), fixture_slot(&fixture, slot_of[17]), 256);
    cr_assert_eq(fixture_slot(&fixture, to)[ENTRY], mark(17));
    close_pool();
}

/* What a port keeps of a descriptor is what is copied, not what was meant once. */
Test(move, what_the_hypervisor_made_of_a_descriptor_comes_along)
{
    const cgdt_desc_t ring0 = 0x00af9b000000ffffull;

    open_two_pages();
    cr_assert_eq(cgdt_write(fixture.pool, slot_of[17], 5, &ring0, 1), 0);
    const cgdt_slot_t to = begin(17);
    cr_assert_eq(fixture_slot(&fixture, to)[5], ring0 | 3ull << 45);
    close_pool();
}

/* Natively TR's TSS is busy, and stays so in the table that the CPU comes to. */
Test(move, a_tss_that_is_busy_comes_along_whole)
{
    cgdt_desc_t tss[2];
    cgdt_slot_t to = CGDT_NO_SLOT;

    fixture_prepare(&fixture, 32, 1, CPUS);
    fixture_set_native(&fixture, CGDT_PROFILE_NATIVE64);
    fixture_open_live(&fixture);
    bring_up();
    take_down(1, 39);
    cr_assert_eq(cgdt_desc_system64(tss, 0xffff800012345000ull, 103, CGDT_SYS_TSS_BUSY, 0), 0);
    cr_assert_eq(cgdt_write(fixture.pool, slot_of[39], 8, tss, 2), 0);
    cr_assert_eq(cgdt_cpu_move_begin(fixture.pool, 39, 0, NULL, &to), 0);
    cr_assert_eq(fixture_slot(&fixture, to)[8], tss[0]);
    cr_assert_eq(fixture_slot(&fixture, to)[9], tss[1]);
    close_pool();
}

Test(move, until_the_end_both_slots_are_good_and_the_directory_names_the_old_one)
{
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t n = 0, entries = 0;

    open_two_pages();
    const cgdt_slot_t to = begin(17);
    cr_assert_eq(directory(17), slot_of[17]);
    cr_assert_eq(fixture_slot(&fixture, slot_of[17])[ENTRY], mark(17));
    cr_assert_eq(cgdt_frames(fixture.pool, slot_of[17], frames, &n, &entries), 0);
    cr_assert_eq(n, 2);
    cr_assert_eq(cgdt_frames(fixture.pool, to, frames, &n, &entries), 0);
    cr_assert_eq(n, 1);
    cr_assert_eq(cgdt_free(fixture.pool, slot_of[17]), -CGDT_EBUSY);
    cr_assert_eq(cgdt_free(fixture.pool, to), -CGDT_EBUSY);
    close_pool();
}

Test(move, end_leaves_the_new_slot_alone_and_zeroes_the_old_one)
{
    open_two_pages();
    const cgdt_slot_t to = begin(17);
    cr_assert_eq(cgdt_cpu_move_end(fixture.pool, 17), 0);
    cr_assert_eq(directory(17), to);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 12);
    cr_assert_eq(fixture_slot(&fixture, to)[ENTRY], mark(17));
    cr_assert_eq(cgdt_read(fixture.pool, slot_of[17], 0, NULL, 0), -CGDT_ESTALE);
    fixture_must_be_sound(&fixture, "after the end"); /* what nobody owns is zero */
    close_pool();
}

Test(move, abort_leaves_the_old_slot_alone_and_zeroes_the_new_one)
{
    open_two_pages();
    const cgdt_slot_t to = begin(17);
    cr_assert_eq(cgdt_cpu_move_abort(fixture.pool, 17), 0);
    cr_assert_eq(directory(17), slot_of[17]);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 12);
    cr_assert_eq(fixture_slot(&fixture, slot_of[17])[ENTRY], mark(17));
    cr_assert_eq(cgdt_read(fixture.pool, to, 0, NULL, 0), -CGDT_ESTALE);
    fixture_must_be_sound(&fixture, "after the abort");
    close_pool();
}

/* By an alias a free that has no mark looks at the template's entries alone. */
Test(move, what_an_owner_wrote_behind_the_template_is_gone_when_the_copy_is_freed)
{
    fixture_prepare(&fixture, 32, 1, CPUS);
    fixture_open(&fixture); /* private pages take ordinary stores */
    bring_up();
    take_down(10, 16);
    take_down(18, CPUS);
    (void)begin(17);
    cr_assert_eq(cgdt_cpu_move_end(fixture.pool, 17), 0);
    take_down(17, 18);
    fixture_must_be_sound(&fixture, "after the free");
    cr_assert_eq(cgdt_seal(fixture.pool), 0);
    close_pool();
}

Test(move, a_cpu_that_has_moved_goes_offline_and_comes_back)
{
    open_two_pages();
    (void)begin(17);
    cr_assert_eq(cgdt_cpu_move_end(fixture.pool, 17), 0);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 17), 0);
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 17, NULL), 0);
    close_pool();
}

Test(move, pages_behind_the_last_cpu_go_once_all_have_moved)
{
    open_two_pages();
    for (uint32_t cpu = 16; cpu < 18; cpu++) {
        (void)begin(cpu);
        cr_assert_eq(cgdt_cpu_move_end(fixture.pool, cpu), 0);
    }
    cr_assert_eq(cgdt_trim(fixture.pool), 2);
    cr_assert_eq(fixture_stats(&fixture).mapped_pages, 1);
    close_pool();
}

Test(move, a_page_stays_while_a_cpu_is_on_its_way_there_or_from_there)
{
    open_two_pages();
    (void)begin(16);
    cr_assert_eq(cgdt_cpu_move_end(fixture.pool, 16), 0);
    (void)begin(17);
    cr_assert_eq(cgdt_trim(fixture.pool), 1); /* page 2 */
    cr_assert_eq(cgdt_cpu_move_end(fixture.pool, 17), 0);
    cr_assert_eq(cgdt_trim(fixture.pool), 1);
    close_pool();
}

Test(move, what_is_in_the_way_is_said_and_nothing_changes)
{
    struct snapshot before;
    cgdt_slot_t slot = 99;
    const uint32_t near[] = {0};

    open_two_pages();
    snapshot_take(&before, &fixture);
    cr_assert_eq(cgdt_cpu_move_begin(fixture.pool, CPUS, 0, NULL, &slot), -CGDT_EINVAL);
    cr_assert_eq(cgdt_cpu_move_begin(fixture.pool, 17, 0, NULL, NULL), -CGDT_EINVAL);
    cr_assert_eq(cgdt_cpu_move_begin(fixture.pool, 17, 1, NULL, &slot), -CGDT_EINVAL);
    cr_assert_eq(cgdt_cpu_move_begin(fixture.pool, 30, 1, near, &slot), -CGDT_ENOENT);
    cr_assert_eq(cgdt_cpu_move_begin(fixture.pool, 3, 0, NULL, &slot), -CGDT_EAGAIN);
    cr_assert_eq(cgdt_cpu_move_end(fixture.pool, CPUS), -CGDT_EINVAL);
    cr_assert_eq(cgdt_cpu_move_end(fixture.pool, 17), -CGDT_ENOENT);
    cr_assert_eq(cgdt_cpu_move_abort(fixture.pool, CPUS), -CGDT_EINVAL);
    cr_assert_eq(cgdt_cpu_move_abort(fixture.pool, 17), -CGDT_ENOENT);
    cr_assert_eq(slot, 99);
    cr_assert(snapshot_same(&before, &fixture));
    close_pool();
}

Test(move, while_one_cpu_moves_others_and_its_own_offline_are_told_to_wait)
{
    cgdt_slot_t slot = 99;

    open_two_pages();
    (void)begin(17);
    cr_assert_eq(cgdt_cpu_move_begin(fixture.pool, 16, 0, NULL, &slot), -CGDT_EBUSY);
    cr_assert_eq(cgdt_cpu_move_begin(fixture.pool, 17, 0, NULL, &slot), -CGDT_EBUSY);
    cr_assert_eq(cgdt_cpu_move_end(fixture.pool, 16), -CGDT_ENOENT);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 17), -CGDT_EBUSY);
    cr_assert_eq(cgdt_cpu_online(fixture.pool, 17, &slot), -CGDT_EBUSY);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 16), 0);
    cr_assert_eq(slot, 99);
    cr_assert_eq(cgdt_cpu_move_abort(fixture.pool, 17), 0);
    cr_assert_eq(cgdt_cpu_offline(fixture.pool, 17), 0);
    close_pool();
}

Test(move, an_end_that_the_port_refuses_can_be_tried_again_or_taken_back)
{
    for (uint32_t way = 0; way < 2; way++) {
        open_two_pages();
        const cgdt_slot_t to = begin(17);
        faulty_arm(&fixture.faulty, 1u << FAULTY_LIVE_WRITE, 1, CODE);
        cr_assert_eq(cgdt_cpu_move_end(fixture.pool, 17), CODE);
        faulty_arm(&fixture.faulty, 0, 0, 0);
        cr_assert_eq(directory(17), slot_of[17]);
        cr_assert_eq(fixture_slot(&fixture, slot_of[17])[ENTRY], mark(17));
        cr_assert_eq(fixture_slot(&fixture, to)[ENTRY], mark(17));
        cr_assert_eq((way == 0 ? cgdt_cpu_move_end : cgdt_cpu_move_abort)(fixture.pool, 17), 0);
        cr_assert_eq(directory(17), way == 0 ? to : slot_of[17]);
        close_pool();
    }
}

/* 64 owners later a handle looks the same again; a move is an owner like any other. */
Test(move, handles_of_before_the_move_are_stale_after_it)
{
    open_two_pages();
    const cgdt_slot_t to = begin(17);
    cr_assert_eq(cgdt_cpu_move_abort(fixture.pool, 17), 0);
    cr_assert_eq(begin(17), next_owner(to));
    cr_assert_eq(cgdt_read(fixture.pool, to, 0, NULL, 0), -CGDT_ESTALE);
    cr_assert_eq(cgdt_cpu_move_end(fixture.pool, 17), 0);
    cr_assert_eq(cgdt_free(fixture.pool, slot_of[17]), -CGDT_ESTALE);
    close_pool();
}

Test(move, slots_in_caches_count_as_taken_and_are_left_where_they_are)
{
    struct cgdt_cache cache;
    cgdt_slot_t slot = CGDT_NO_SLOT;

    open_two_pages();
    cr_assert_eq(cgdt_cache_init(&cache, CGDT_CACHE_BYTES(16), fixture.pool), 0);
    cr_assert_eq(cgdt_cache_alloc(&cache, &slot), 0); /* all six of page 0 are gone now */
    cr_assert_eq(cgdt_cache_free(&cache, slot), 0);
    cr_assert_eq(cgdt_cpu_move_begin(fixture.pool, 17, 0, NULL, &slot), -CGDT_EAGAIN);
    cr_assert_eq(cgdt_cache_flush(&cache), 0);
    cr_assert_eq(cgdt_slot_number(begin(17)), 10);
    close_pool();
}

Test(move, recover_makes_of_a_cpu_that_died_while_it_moved_one_that_stayed)
{
    open_two_pages();
    const cgdt_slot_t to = begin(17);
    cr_assert_eq(cgdt_recover(fixture.pool), 1);
    cr_assert_eq(directory(17), slot_of[17]);
    cr_assert_eq(cgdt_read(fixture.pool, to, 0, NULL, 0), -CGDT_ESTALE);
    cr_assert_eq(cgdt_cpu_move_end(fixture.pool, 17), -CGDT_ENOENT);
    cr_assert_eq(cgdt_slot_number(begin(16)), 10);
    close_pool();
}

Test(move, a_pool_without_other_cpus_moves_them_too)
{
    fixture_prepare(&fixture, 32, 2, CPUS);
    fixture.config.serialized = true;
    fixture_open_live(&fixture);
    bring_up();
    take_down(10, 16);
    take_down(18, CPUS);
    cr_assert_eq(cgdt_slot_number(begin(17)), 10);
    cr_assert_eq(cgdt_cpu_move_end(fixture.pool, 17), 0);
    close_pool();
}

/* Without the directory. */

Test(move, a_slot_moves_and_both_are_the_callers)
{
    cgdt_slot_t slots[20], to = CGDT_NO_SLOT;

    fixture_prepare(&fixture, 32, 2, CPUS);
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 20, slots), 0);
    leave_mark(slots[19], 19);
    cr_assert_eq(cgdt_free_bulk(fixture.pool, 5, slots + 3), 0);
    cr_assert_eq(cgdt_move_begin(fixture.pool, slots[19], 0, NULL, &to), 0);
    cr_assert_eq(cgdt_slot_number(to), 3);
    cr_assert_eq(fixture_slot(&fixture, to)[ENTRY], mark(19));
    cr_assert_eq(cgdt_free(fixture.pool, slots[19]), 0);
    cr_assert_eq(cgdt_free(fixture.pool, to), 0);
    close_pool();
}

Test(move, of_a_slot_that_cannot_move_it_is_said_why)
{
    cgdt_slot_t slot = 99;
    struct snapshot before;

    open_two_pages();
    snapshot_take(&before, &fixture);
    cr_assert_eq(cgdt_move_begin(fixture.pool, slot_of[17], 0, NULL, &slot), -CGDT_EBUSY);
    cr_assert_eq(cgdt_move_begin(fixture.pool, slot_of[17], 0, NULL, NULL), -CGDT_EINVAL);
    cr_assert_eq(cgdt_move_begin(fixture.pool, slot_of[17], 1, NULL, &slot), -CGDT_EINVAL);
    cr_assert_eq(cgdt_move_begin(fixture.pool, slot_of[11], 0, NULL, &slot), -CGDT_ESTALE);
    cr_assert_eq(cgdt_move_begin(fixture.pool, 77, 0, NULL, &slot), -CGDT_ENOENT);
    cr_assert_eq(slot, 99);
    cr_assert(snapshot_same(&before, &fixture));
    close_pool();
}

/* What a refused copy leaves, with a mark and without. */
Test(move, a_copy_that_the_port_refuses_leaves_no_trace)
{
    for (uint32_t marked = 0; marked < 2; marked++) {
        struct snapshot before;
        cgdt_slot_t slot = 99;

        fixture_prepare(&fixture, 32, 2, CPUS);
        fixture_open_live(&fixture);
        for (uint32_t cpu = 0; cpu < 17; cpu++)
            cr_assert_eq(cgdt_cpu_online(fixture.pool, cpu, &slot_of[cpu]), 0);
        if (marked)
            leave_mark(slot_of[16], 16);
        cr_assert_eq(cgdt_cpu_offline(fixture.pool, 3), 0);
        snapshot_take(&before, &fixture);
        faulty_arm(&fixture.faulty, 1u << FAULTY_LIVE_WRITE, 1, CODE);
        cr_assert_eq(cgdt_cpu_move_begin(fixture.pool, 16, 0, NULL, &slot), CODE);
        faulty_arm(&fixture.faulty, 0, 0, 0);
        cr_assert_eq(slot, 99);
        cr_assert(snapshot_same(&before, &fixture));
        close_pool();
    }
}
