/* SPDX-License-Identifier: MIT */
/*
 * A page in use cannot be made writable and cannot be stored to; a live write that fails half-way
 * is undone.
 */

#include "refusals.h"

#include "console.h"
#include "descriptors.h"
#include "gdtpool.h"
#include "sabotage.h"
#include "segment.h"
#include "tables.h"
#include "watch.h"

#define SPARE_COUNT 20u /* entries of vCPU 0's slot that are used here: more than two multicalls */

static bool expect(const char *what, int64_t got, int64_t wanted)
{
    if (got != wanted)
        console_printf("PROBLEM: %s: %" PRId64 " instead of %" PRId64 "\n", what, got, wanted);
    return got == wanted;
}

static bool check_page_in_use(void)
{
    void *view = watch_view(0);
    uint64_t *word = (uint64_t *)view + (ENTRY_FS - tables_first());
    const uint64_t before = *word;
    bool ok = expect("unseal of a page in use", cgdt_xen_pv_port.unseal(&gdtpool_xen, 0, &view),
                     -XEN_EBUSY);

    ok &= expect("store to a page in use", try_store((uintptr_t *)word, 0),
                 FAULT(TRAP_PAGE_FAULT, PAGE_FAULT_WRITE_PROTECTED));
    return expect("the word stored to", (int64_t)*word, (int64_t)before) && ok;
}

/* The first of them. */
static uint32_t spare(void)
{
    return ENTRY_EMPTY - tables_first();
}

static uint32_t count_equal(const cgdt_desc_t *values, uint32_t n)
{
    const uint64_t *at = (const uint64_t *)watch_view(0) + spare();
    uint32_t equal = 0;

    for (uint32_t i = 0; i < n; i++)
        equal += at[i] == values[i];
    return equal;
}

/*
 * From `first` to `second`, which must not come through when Xen refuses the broken-th of its
 * hypercalls.
 */
static bool check_undo(struct cgdt_pool *pool, const cgdt_desc_t *first, const cgdt_desc_t *second,
                       uint32_t n, uint32_t broken)
{
    static const cgdt_desc_t zeros[SPARE_COUNT];
    const cgdt_slot_t slot = cpus[0].slot;
    const uint64_t undone = gdtpool_xen.counts.undone;
    bool ok = expect("live write", cgdt_write(pool, slot, spare(), first, n), 0);

    ok &= expect("descriptors before", count_equal(first, n), n);
    sabotage_break_write(broken);
    ok &= expect("broken live write", cgdt_write(pool, slot, spare(), second, n), -XEN_EINVAL);
    ok &= expect("descriptors as before it", count_equal(first, n), n);
    ok &= expect("undone", (int64_t)(gdtpool_xen.counts.undone - undone), 1);
    ok &= expect("not undone", (int64_t)gdtpool_xen.counts.undo_failed, 0);
    ok &= expect("write again", cgdt_write(pool, slot, spare(), second, n), 0);
    ok &= expect("descriptors after it", count_equal(second, n), n);
    return expect("zeros", cgdt_write(pool, slot, spare(), zeros, n), 0) && ok;
}

static bool check_segments(struct cgdt_pool *pool, uint32_t n, uint32_t broken)
{
    cgdt_desc_t first[SPARE_COUNT];
    cgdt_desc_t second[SPARE_COUNT];

    for (uint32_t i = 0; i < n; i++) { /* told apart by their limits */
        first[i] = (STORED_BYTES | 0x100u) + i;
        second[i] = (STORED_BYTES | 0x200u) + i;
    }
    return check_undo(pool, first, second, n, broken);
}

/*
 * With 16 bytes: one hypercall to take the old low half down, one for the high half, one to publish
 * the new low half.
 */
static bool check_gates(struct cgdt_pool *pool, uint32_t broken)
{
    const cgdt_desc_t first[GATE_ENTRIES] = FIRST_GATE;
    const cgdt_desc_t second[GATE_ENTRIES] = SECOND_GATE;

    return check_undo(pool, first, second, GATE_ENTRIES, broken);
}

bool refusals_check(struct cgdt_pool *pool)
{
    const uint32_t room = tables_end() - ENTRY_EMPTY;
    const uint32_t n = room < SPARE_COUNT ? room : SPARE_COUNT;
    bool ok = check_page_in_use();

    for (uint32_t broken = 1; broken <= 3; broken++) {
        if ((broken - 1) * CGDT_XEN_PV_CHUNK < n)
            ok &= check_segments(pool, n, broken); /* 8, 8 and 4 in a multicall, if there is room */
        if (broken <= GATE_WRITES)
            ok &= check_gates(pool, broken);
    }
    ok &= check_segments(pool, 1, 1);
    return check_segments(pool, 5, 1) && ok;
}
