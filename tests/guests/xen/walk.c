/* SPDX-License-Identifier: MIT */
/*
 * The independent walk. Where a page is comes from Xen's own table of machine frames, what it must
 * hold from tables.c's own arithmetic.
 */

#include "walk.h"

#include "gdtpool.h"
#include "pages.h"
#include "tables.h"
#include "watch.h"

static uint8_t seen[MAX_VCPUS];          /* by number in the supply */
static const uint64_t *pages[MAX_VCPUS]; /* by page of the pool */
static const uint64_t *common_page;

static const uint64_t *page_of_frame(cgdt_frame_t mfn)
{
    const void *va = page_of_mfn(mfn);

    return gdtpool_supply_index(va) >= 0 && page_mfn(va) == mfn ? va : NULL;
}

/* The list of a vCPU: the common page, then the pages of its window, from the first to its own. */
static const uint64_t *follow_frames(struct cgdt_pool *pool, uint32_t vcpu)
{
    const uint32_t head = tables_page(vcpu) - tables_position(vcpu);
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t n;
    uint32_t entries;

    if (cgdt_frames(pool, cpus[vcpu].slot, frames, &n, &entries) != 0 || n != tables_frames(vcpu) ||
        entries != n * CGDT_PAGE_ENTRIES)
        return NULL;
    const uint32_t heads = n - tables_position(vcpu) - 1; /* common pages: 0 or 1 */
    for (uint32_t i = 0; i + 1 < n; i++)
        if (page_of_frame(frames[i]) != (i < heads ? common_page : pages[head + i - heads]))
            return NULL;
    return page_of_frame(frames[n - 1]);
}

/* A page that is met for the first time must be new. */
static bool is_new(const uint64_t *page)
{
    const int32_t index = gdtpool_supply_index(page);

    if (index < 0 || seen[index] != 0)
        return false;
    seen[index] = 1;
    return true;
}

static bool is_zero(const uint64_t *slot, uint32_t entries)
{
    for (uint32_t i = 0; i < entries; i++)
        if (slot[i] != 0)
            return false;
    return true;
}

static bool table_is_right(struct cgdt_pool *pool, uint32_t vcpu, const uint64_t *table)
{
    const uint32_t first = tables_first();
    cgdt_desc_t read[ENTRY_EMPTY];

    if (cgdt_read(pool, cpus[vcpu].slot, 0, read, ENTRY_EMPTY - first) != 0)
        return false;
    for (uint32_t entry = first; entry < tables_end(); entry++) {
        const uint64_t expected = tables_expected(vcpu, entry);
        if (table[entry - first] != expected ||
            (entry < ENTRY_EMPTY && read[entry - first] != expected))
            return false;
    }
    return true;
}

/* The one page that heads every window: by its frame, which is the first of Xen's lists. */
static void walk_common(struct cgdt_pool *pool, struct walk *walk)
{
    const cgdt_desc_t *view = NULL;
    cgdt_frame_t frame = 0;

    if (cgdt_common_frame(pool, &frame, &view) != 0)
        return;
    common_page = page_of_frame(frame);
    walk->pages += is_new(common_page);
    walk->misplaced += common_page != view || view != watch_view(CGDT_COMMON_PAGE);
    for (uint32_t entry = 0; common_page != NULL && entry < CGDT_PAGE_ENTRIES; entry++)
        walk->misplaced += common_page[entry] != (entry < ENTRY_FS ? tables_expected(0, entry) : 0);
}

/* What the pool says of the place of a vCPU's slot. */
static bool is_read_at(struct cgdt_pool *pool, uint32_t vcpu, const uint64_t *table)
{
    const cgdt_desc_t *view = NULL;

    return cgdt_slot_view(pool, cpus[vcpu].slot, &view) == 0 && view == table;
}

/* What the pool says about owners, and slots that nobody owns. */
static bool page_is_right(const struct args *args, struct cgdt_pool *pool, uint32_t page)
{
    const uint32_t colors = CGDT_PAGE_ENTRIES / args->slot_entries;
    uint64_t owned = 0;
    uint64_t expected = 0;
    bool zero = true;

    for (uint32_t color = 0; color < colors; color++)
        if (page * colors + color < args->nr)
            expected |= (uint64_t)1 << color;
        else
            zero &= is_zero(pages[page] + color * args->slot_entries, args->slot_entries);
    return cgdt_page_taken(pool, page, &owned) == 1 && owned == expected && zero;
}

static void walk_vcpu(const struct args *args, struct cgdt_pool *pool, struct walk *walk,
                      uint32_t vcpu)
{
    const uint32_t page = tables_page(vcpu);
    const uint64_t *at = follow_frames(pool, vcpu);

    if (tables_color(vcpu) == 0 && at != NULL) {
        walk->pages += is_new(at);
        pages[page] = at;
        walk->misplaced += !page_is_right(args, pool, page);
    }
    const uint64_t *table = at + tables_color(vcpu) * args->slot_entries;

    if (at == NULL || at != pages[page] || at != watch_view(page) ||
        !is_read_at(pool, vcpu, table)) {
        walk->misplaced++;
        return;
    }
    if (table_is_right(pool, vcpu, table))
        walk->tables++;
    else if (walk->wrong++ == 0)
        walk->first_wrong = vcpu;
}

void walk_all(const struct args *args, struct cgdt_pool *pool, struct walk *walk)
{
    *walk = (struct walk){.first_wrong = UINT32_MAX};
    if (args->common)
        walk_common(pool, walk);
    for (uint32_t vcpu = 0; vcpu < args->nr; vcpu++)
        walk_vcpu(args, pool, walk, vcpu);
}
