// SPDX-License-Identifier: MIT
//
// A page in use cannot be made writable and cannot be stored to; a live write that fails half-way is undone.

#include "refusals.h"

#include "console.h"
#include "gdtpool.h"
#include "segment.h"
#include "tables.h"

#define SPARE       ENTRY_EMPTY + 2 // entries of vCPU 0's slot that are used here
#define SPARE_COUNT 20u             // more than two multicalls
#define PF_WRITE    3u              // present, write

static bool expect(const char *what, int64_t got, int64_t wanted)
{
    if (got != wanted) {
        console_printf("PROBLEM: %s: %ld instead of %ld\n", what, got, wanted);
    }
    return got == wanted;
}

static bool check_page_in_use(void)
{
    void *view = gdtpool_view(0);
    uint64_t *word = (uint64_t *)view + ENTRY_CODE;
    const uint64_t before = *word;
    bool ok = expect("unseal of a page in use", cgdt_xen_pv_port.unseal(&gdtpool_xen, 0, &view),
                     -XEN_EBUSY);

    ok &= expect("store to a page in use", store_u64(word, 0), FAULT(TRAP_PAGE_FAULT, PF_WRITE));
    return expect("the word stored to", (int64_t)*word, (int64_t)before) && ok;
}

// Any present data segment that is told apart by its limit.
static void make(cgdt_desc_t *values, uint32_t n, uint32_t limit)
{
    for (uint32_t i = 0; i < n; i++) {
        values[i] = 0x0040f30000000000u + limit + i;
    }
}

static uint32_t count_equal(const uint64_t *at, const cgdt_desc_t *values, uint32_t n)
{
    uint32_t equal = 0;

    for (uint32_t i = 0; i < n; i++) {
        equal += at[i] == values[i];
    }
    return equal;
}

// Two values for n entries: the second must not come through when Xen refuses one of its calls.
static bool check_undo(struct cgdt_pool *pool, uint32_t n, uint32_t broken_call)
{
    const uint64_t *at = (const uint64_t *)gdtpool_view(0) + SPARE;
    const struct cgdt_xen_pv_counts before = gdtpool_xen.counts;
    cgdt_desc_t first[SPARE_COUNT];
    cgdt_desc_t second[SPARE_COUNT];
    bool ok;

    make(first, n, 0x100);
    make(second, n, 0x200);
    ok = expect("live write", cgdt_write(pool, cpus[0].slot, SPARE, first, n), 0);
    gdtpool_break_multicall(broken_call);
    ok &=
        expect("broken live write", cgdt_write(pool, cpus[0].slot, SPARE, second, n), -XEN_EINVAL);
    ok &= expect("descriptors as before it", count_equal(at, first, n), n);
    ok &= expect("undone", (int64_t)(gdtpool_xen.counts.undone - before.undone), 1);
    ok &= expect("not undone", (int64_t)gdtpool_xen.counts.undo_failed, 0);
    ok &= expect("write again", cgdt_write(pool, cpus[0].slot, SPARE, second, n), 0);
    ok &= expect("descriptors after it", count_equal(at, second, n), n);
    for (uint32_t i = 0; i < n; i++) {
        first[i] = 0;
    }
    return expect("zeros", cgdt_write(pool, cpus[0].slot, SPARE, first, n), 0) && ok;
}

bool refusals_check(struct cgdt_pool *pool)
{
    bool ok = check_page_in_use();

    ok &= check_undo(pool, 5, 1);           // one multicall
    ok &= check_undo(pool, SPARE_COUNT, 1); // the first of three: the others must not follow
    ok &= check_undo(pool, SPARE_COUNT, 2); // 8 done, 7 of 8 done, 4 to come
    return check_undo(pool, SPARE_COUNT, 3) && ok;
}
