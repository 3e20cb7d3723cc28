/* SPDX-License-Identifier: MIT */
/* What is in a slot, and where its CPU finds it. */
#include "cgdt/contents.h"
#include "accept.h"
#include "profile.h"
#include "slot.h"
#include "store.h"

/*
 * Descriptors of a write that lie on the stack in any case: a thread's TLS, a TSS, a table of i386
 * Linux.
 */
#define FEW 32u

/* Where a write goes. */
struct target {
    struct cgdt_pool *pool;
    uint32_t number; /* the slot; the common page has none */
    uint32_t page;
    struct page_state state;
    struct table table;
};

/*
 * The caller's values are loaded once, into `copy`: what is judged is what is stored, whatever the
 * caller's memory is meanwhile. False: all are there already, as in most writes of a context
 * switch.
 */
static CGDT_INLINE_UNLESS_SMALL_ bool
load_values(const cgdt_desc_t *there, const cgdt_desc_t *values, uint32_t n, cgdt_desc_t *copy)
{
    cgdt_desc_t differs = 0;

    for (uint32_t i = 0; i < n; i++) {
        copy[i] = cgdt_load_descriptor_(&values[i]);
        differs |= copy[i] ^ cgdt_load_descriptor_(&there[i]);
    }
    return differs != 0;
}

#ifdef __OPTIMIZE_SIZE__

/* Each free looks at all of its slot from the first such write on: see cgdt_write(). */
#define mark(target, end) false
#define unmark(target)    ((void)0)

#else

/*
 * Entries up to `end` are about to be written. Who frees the slot has to hear of those behind the
 * ones that every slot begins with, whatever happens meanwhile. True: to be taken back if nothing
 * comes of it.
 */
static inline bool mark(const struct target *target, uint32_t end)
{
    return target->page != CGDT_COMMON_PAGE && end > target->pool->clear_entries &&
           cgdt_slotmap_mark_(&target->pool->map, target->number);
}

static inline void unmark(const struct target *target)
{
    cgdt_slotmap_unmark_(&target->pool->map, target->number);
}

#endif

#ifdef __OPTIMIZE_SIZE__

static inline bool is_plain(const struct target *target, uint32_t first, const cgdt_desc_t *copy,
                            uint32_t n)
{
    (void)target, (void)first, (void)copy, (void)n;
    return false;
}

#else

/*
 * Segments that the profile takes as they are, where segments or nothing were: a thread's TLS. All
 * of them are acceptable, and none is half of anything.
 */
static inline bool is_plain(const struct target *target, uint32_t first, const cgdt_desc_t *copy,
                            uint32_t n)
{
    const cgdt_desc_t plain = target->pool->given.config.profile->plain;
    const cgdt_desc_t *there = target->table.descs + first;

    /* It is a hypervisor's profile that has such, and no accessed bit is left to the CPU there. */
    if (plain == 0 || first == 0)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        const cgdt_desc_t now = cgdt_load_descriptor_(&there[i]);

        if ((copy[i] & plain) != plain || ((now & CGDT_DESC_SEGMENT) == 0 && now != 0))
            return false;
    }
    return true;
}

#endif

static CGDT_INLINE_UNLESS_SMALL_ int write_copy(const struct target *target, uint32_t first,
                                                const cgdt_desc_t *values, uint32_t n,
                                                cgdt_desc_t *copy)
{
    struct cgdt_batch batch = {.values = copy,
                               .profile = target->pool->given.config.profile,
                               .first = (uint16_t)first,
                               .count = (uint16_t)n,
                               .order = CGDT_BATCH_ANY,
                               .stored = true};

    if (!load_values(target->table.descs + first, values, n, copy))
        return 0;
    int error = 0;
    if (is_plain(target, first, copy, n))
        batch.order = CGDT_BATCH_RISING;
    else
        error = cgdt_accept_(&batch, &target->table, copy);
    if (error < 0)
        return error;
    const bool marked = mark(target, first + n);
    error = cgdt_store_batch_(target->pool, target->page, &target->state,
                              (uint32_t)(target->table.descs - target->state.view), &batch);
    if (error != 0 && marked)
        unmark(target);
    return error;
}

/*
 * Of a large slot or the common page, as at boot. All of it at once, since a write that fails
 * changes nothing; contents.h says what stack that takes.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wframe-larger-than="
CGDT_SELDOM_ static int write_many(const struct target *target, uint32_t first,
                                   const cgdt_desc_t *values, uint32_t n)
{
    cgdt_desc_t copy[CGDT_PAGE_ENTRIES];

    return write_copy(target, first, values, n, copy);
}
#pragma GCC diagnostic pop

static CGDT_INLINE_UNLESS_SMALL_ int write_few(const struct target *target, uint32_t first,
                                               const cgdt_desc_t *values, uint32_t n)
{
    cgdt_desc_t copy[FEW];

    return write_copy(target, first, values, n, copy);
}

static CGDT_INLINE_UNLESS_SMALL_ int write_table(const struct target *target, uint32_t first,
                                                 const void *desc, uint32_t n)
{
    const int error = cgdt_accept_range_(&target->table, first, n, desc);

    if (error != 0 || n == 0)
        return error;
    return n <= FEW ? write_few(target, first, desc, n) : write_many(target, first, desc, n);
}

CGDT_COMPACT_ int cgdt_write(struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t first,
                             const void *desc, uint32_t n)
{
    const uint32_t number = cgdt_slot_number(slot);
    struct target target;
    const int error = cgdt_slot_lookup_(pool, slot, &target.state);

    if (error != 0)
        return error;
    target.pool = pool;
#ifndef __OPTIMIZE_SIZE__
    target.number = number;
#endif
    target.page = cgdt_pool_page_of_(pool, number);
    target.table.descs = target.state.view + cgdt_pool_offset_(pool, number);
    target.table.entries = cgdt_pool_layout_(pool)->slot_entries;
#ifdef __OPTIMIZE_SIZE__
    cgdt_store32_relaxed_(&pool->clear_entries, target.table.entries);
#endif
    target.table.null_entry = !cgdt_pool_layout_(pool)->common;
    target.table.read_only = pool->read_only;
    return write_table(&target, first, desc, n);
}

CGDT_COMPACT_ int cgdt_read(const struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t first,
                            void *desc, uint32_t n)
{
    const uint32_t entries = cgdt_pool_layout_(pool)->slot_entries;
    cgdt_desc_t *to = desc;
    struct page_state page;
    const int error = cgdt_slot_lookup_(pool, slot, &page);

    if (error != 0)
        return error;
    if (first > entries || n > entries - first)
        return -CGDT_ERANGE;
    if (n != 0 && (to == NULL || (uintptr_t)to % _Alignof(cgdt_desc_t) != 0))
        return -CGDT_EINVAL;
    const cgdt_desc_t *from = page.view + cgdt_pool_offset_(pool, cgdt_slot_number(slot)) + first;
    for (uint32_t i = 0; i < n; i++)
        to[i] = cgdt_load_descriptor_(&from[i]);
    return 0;
}

CGDT_COMPACT_ int cgdt_write_common(struct cgdt_pool *pool, uint32_t first, const void *desc,
                                    uint32_t n)
{
    struct target target = {.pool = pool,
                            .page = CGDT_COMMON_PAGE,
                            .state = cgdt_page_state_(&pool->pages, CGDT_COMMON_PAGE),
                            .table = {.entries = CGDT_PAGE_ENTRIES, .null_entry = true}};

    if (target.state.view == NULL)
        return -CGDT_ENOTSUP;
    target.table.descs = target.state.view;
    return write_table(&target, first, desc, n);
}

CGDT_COMPACT_ int cgdt_frames(const struct cgdt_pool *pool, cgdt_slot_t slot,
                              cgdt_frame_t frames[CGDT_MAX_FRAMES], uint32_t *n_frames,
                              uint32_t *entries)
{
    const struct cgdt_layout *layout = cgdt_pool_layout_(pool);
    const struct cgdt_port *port = &pool->given.port;
    struct page_state page;
    uint32_t n = 0;
    int error = cgdt_slot_lookup_(pool, slot, &page);

    if (layout->mode != CGDT_MODE_PAGED)
        return -CGDT_ENOTSUP;
    if (error != 0)
        return error;
    if (frames == NULL || n_frames == NULL || entries == NULL)
        return -CGDT_EINVAL;
    if (!page.sealed)
        return -CGDT_EPERM;
    const uint32_t first = cgdt_page_window_first_(&pool->pages, cgdt_slot_page(layout, slot));
    const uint32_t end = cgdt_slot_page(layout, slot) + 1;
    for (uint32_t index = layout->common ? CGDT_COMMON_PAGE : first; index != end;
         index = cgdt_page_next_(index, first)) {
        page = cgdt_page_state_(&pool->pages, index);
        error = port->frame(pool->given.config.port_ctx, index, page.view, &frames[n++]);
        if (error < 0)
            return error;
    }
    *n_frames = n;
    *entries = cgdt_window_entries(layout, slot);
    return 0;
}

CGDT_COMPACT_ int cgdt_gdtr(const struct cgdt_pool *pool, cgdt_slot_t slot,
                            struct cgdt_pseudo_descriptor *gdtr)
{
    const struct cgdt_layout *layout = cgdt_pool_layout_(pool);
    struct page_state page;
    const int error = cgdt_slot_lookup_(pool, slot, &page);

    if (layout->mode != CGDT_MODE_NATIVE)
        return -CGDT_ENOTSUP;
    if (error != 0)
        return error;
    if (gdtr == NULL)
        return -CGDT_EINVAL;
    if (!page.sealed)
        return -CGDT_EPERM;
    gdtr->base = (uintptr_t)(page.view + cgdt_pool_offset_(pool, cgdt_slot_number(slot)));
    gdtr->limit = (uint16_t)(layout->slot_entries * CGDT_DESC_BYTES - 1u);
    return 0;
}
