/* SPDX-License-Identifier: MIT */
/*
 * Two faults in one call, in every layout: the n-th port operation, and after it the first that
 * would undo it, or all from then on. Such a call may leave something behind, but nothing may be
 * lost: see survives().
 */
#include <stdio.h>

#include "fault_pool.h"

/* Slots that a failed bulk could not undo are in got[], and nowhere else. */
static int bulk_keeping(struct fixture *fixture, uint32_t n, cgdt_slot_t *got)
{
    memset(got, 0xee, n * sizeof(*got));
    return cgdt_alloc_bulk(fixture->pool, n, got);
}

/*
 * After a fault and a second one in its undoing: whatever stays owned is in the caller's hands and
 * can be freed; whatever page stays is counted as held and leaves, clean, with a later call; nobody
 * else's slot has changed.
 */
static void survives(struct fixture *fixture, cgdt_slot_t *got, uint32_t n, uint32_t before,
                     const char *when)
{
    uint32_t left = 0;

    faulty_arm(&fixture->faulty, 0, 0, 0);
    for (uint32_t i = 0; i < n; i++)
        left += got[i] != CGDT_NO_SLOT ? 1u : 0u;
    const struct cgdt_pool_stats stats = fixture_stats(fixture);
    MUST(stats.taken_slots == before + left, "%s: %u owned, %u before, %u left", when,
         stats.taken_slots, before, left);
    MUST(fixture->strict.out == stats.mapped_pages + stats.held_pages + stats.common_pages,
         "%s: %u pages out", when, fixture->strict.out);
    for (uint32_t i = 0; i < n; i++)
        MUST(got[i] == CGDT_NO_SLOT || cgdt_free(fixture->pool, got[i]) == 0, "%s: free", when);
    MUST(cgdt_alloc_bulk(fixture->pool, FAULT_SLOTS - before, got) == 0, "%s: all that is left",
         when);
    MUST(fixture_stats(fixture).held_pages == 0, "%s: still held", when);
    fixture_must_be_sound(fixture, when);
    for (int i = 0; i < 24; i++)
        MUST(fault_owned[i] == CGDT_NO_SLOT || fixture_slot(fixture, fault_owned[i])[1] == CODE64,
             "%s: slot %x was damaged", when, fault_owned[i]);
}

/* The n-th operation fails, and of `second` the first after it, or all. False: nothing failed. */
static bool run_pair(enum fault_layout layout, uint32_t want, uint32_t n, uint32_t gap, bool all)
{
    struct fixture fixture;
    cgdt_slot_t got[FAULT_SLOTS];
    char when[120];

    (void)snprintf(when, sizeof(when), "bulk of %u, %s, operation %u and %u later%s", want,
                   fault_layout_names[layout], n, gap, all ? ", all" : "");
    fault_pool_open(&fixture, layout, true);
    const uint32_t before = fixture_stats(&fixture).taken_slots;
    faulty_arm(&fixture.faulty, FAULTY_ANY, n, FAULT_CODE);
    fixture.faulty.then_after = gap;
    fixture.faulty.then_all = all;
    const int result = bulk_keeping(&fixture, want, got);
    const bool fired = fixture.faulty.fired != 0;
    MUST((result < 0) == fired, "%s: %d", when, result);
    if (fired)
        survives(&fixture, got, want, before, when);
    fault_pool_close(&fixture);
    return fired;
}

Test(fault_pairs, a_bulk_whose_undoing_fails_too_loses_nothing)
{
    uint32_t met = 0;

    for (int layout = 0; layout < LAYOUTS; layout++)
        for (uint32_t want = 20; want <= 46; want += 26)
            for (uint32_t gap = 1; gap <= 3; gap++)
                for (uint32_t n = 1; run_pair((enum fault_layout)layout, want, n, gap, false) ||
                                     run_pair((enum fault_layout)layout, want, n, gap, true);
                     n++)
                    met++;
    cr_assert_gt(met, 200);
}

/* The same for trim, which undoes nothing: what cannot leave has stayed as it was. */
Test(fault_pairs, a_trim_that_fails_twice_loses_nothing)
{
    uint32_t met = 0;

    for (int layout = 0; layout < LAYOUTS; layout++)
        for (uint32_t gap = 0; gap <= 3; gap++)
            for (uint32_t n = 1;; n++) {
                struct fixture fixture;
                cgdt_slot_t got[FAULT_SLOTS];
                char when[80];

                (void)snprintf(when, sizeof(when), "trim, %s, operation %u and %u later",
                               fault_layout_names[layout], n, gap);
                fault_pool_open(&fixture, (enum fault_layout)layout, true);
                const uint32_t before = fixture_stats(&fixture).taken_slots;
                faulty_arm(&fixture.faulty, FAULTY_ANY, n, FAULT_CODE);
                fixture.faulty.then_after = gap;
                fixture.faulty.then_all = gap == 1;
                (void)cgdt_trim(fixture.pool);
                const bool fired = fixture.faulty.fired != 0;
                if (fired)
                    survives(&fixture, got, 0, before, when);
                fault_pool_close(&fixture);
                if (!fired)
                    break;
                met++;
            }
    cr_assert_gt(met, 20);
}
