/* SPDX-License-Identifier: MIT */
/*
 * Pages into the pool and out of it. Everything here runs under the port's lock.
 *
 * In: pages are mapped and *held*: known to nobody, so they can be filled by ordinary stores and given back
 * without a trace. Only when nothing can fail any more are they published, with the caller's slots already
 * taken. That makes every call that grows all-or-nothing.
 *
 * Out: a window goes as a whole, because each of its CPUs holds all its frames. Each page's free bits are
 * claimed by one atomic operation, which succeeds only if all its slots are free; from then on nobody can
 * get in, and the page can be unsealed and unmapped in peace.
 */
#include "pool.h"

uint32_t cgdt_grow_next_(const struct cgdt_pool *pool, const struct growth *growth, uint32_t page)
{
    for (page++; page < growth->end; page++) {
        if (cgdt_page_state_(&pool->pages, page).held)
            break;
    }
    return page < growth->end ? page : growth->end;
}

CGDT_SELDOM_ void cgdt_grow_undo_(struct cgdt_pool *pool, const struct growth *growth)
{
    for (uint32_t page = cgdt_grow_next_(pool, growth, growth->first - 1); page < growth->end;
         page = cgdt_grow_next_(pool, growth, page)) {
        if (cgdt_page_unseal_(&pool->pages, page) >= 0)
            cgdt_page_unmap_(&pool->pages, page);
    }
}

CGDT_SELDOM_ int cgdt_grow_hold_(struct cgdt_pool *pool, uint32_t slots, struct growth *growth)
{
    const uint32_t first = cgdt_page_hole_(&pool->pages, 0);

    *growth = (struct growth){first, first, 0};
    while (growth->slots < slots) {
        const uint32_t page = cgdt_page_hole_(&pool->pages, growth->end);
        int error = -CGDT_ENOSPC;

        if (page < pool->pages.count)
            error = cgdt_page_map_(&pool->pages, page);
        if (error < 0) {
            cgdt_grow_undo_(pool, growth);
            return error;
        }
        growth->end = page + 1;
        growth->slots += cgdt_pool_slots_of_(pool, page);
    }
    return 0;
}

CGDT_SELDOM_ int cgdt_grow_seal_(struct cgdt_pool *pool, const struct growth *growth)
{
    if (!pool->live)
        return 0;
    for (uint32_t page = cgdt_grow_next_(pool, growth, growth->first - 1); page < growth->end;
         page = cgdt_grow_next_(pool, growth, page)) {
        const int error = cgdt_page_seal_(&pool->pages, page);

        if (error < 0) {
            cgdt_grow_undo_(pool, growth);
            return error;
        }
    }
    return 0;
}

CGDT_SELDOM_ void cgdt_grow_publish_(struct cgdt_pool *pool, const struct growth *growth,
                                     uint32_t taken)
{
    for (uint32_t page = cgdt_grow_next_(pool, growth, growth->first - 1); page < growth->end;
         page = cgdt_grow_next_(pool, growth, page)) {
        const uint32_t slots = cgdt_pool_slots_of_(pool, page);
        const uint32_t here = taken < slots ? taken : slots;

        taken -= here;
        cgdt_page_serve_(&pool->pages, page);
        if (here < slots)
            cgdt_slotmap_publish_(&pool->map, cgdt_pool_first_of_(pool, page) + here, slots - here);
    }
}

static bool in_service(const struct cgdt_pool *pool, uint32_t page)
{
    const struct page_state state = cgdt_page_state_(&pool->pages, page);

    return state.view != NULL && !state.held;
}

static bool is_held(const struct cgdt_pool *pool, uint32_t page)
{
    return cgdt_page_state_(&pool->pages, page).held;
}

CGDT_SELDOM_ static uint32_t free_slots(const struct cgdt_pool *pool)
{
    uint32_t n = 0;

    for (uint32_t page = 0; page < pool->pages.count; page++)
        n += cgdt_count_bits_(cgdt_slotmap_free_bits_(&pool->map, cgdt_pool_first_of_(pool, page),
                                                      cgdt_pool_slots_of_(pool, page)));
    return n;
}

/* Grow until n slots are free. */
static int make_room(struct cgdt_pool *pool, uint32_t n)
{
    struct growth growth;
    const uint32_t have = free_slots(pool);

    if (have >= n)
        return 0;
    int error = cgdt_grow_hold_(pool, n - have, &growth);
    if (error == 0)
        error = cgdt_grow_seal_(pool, &growth);
    if (error == 0)
        cgdt_grow_publish_(pool, &growth, 0);
    return error;
}

CGDT_SELDOM_ int cgdt_reserve(struct cgdt_pool *pool, uint32_t n)
{
    cgdt_pool_lock_(pool);
    const int error = make_room(pool, n);
    /* cgdt_stats() looks without the lock. */
    if (error == 0)
        cgdt_store32_relaxed_(&pool->reserved_slots, n);
    cgdt_pool_unlock_(pool);
    return error;
}

/* Pages first .. end-1 of a window; absent ones are passed over by whoever walks them. */
struct span {
    uint32_t first;
    uint32_t end;
};

CGDT_SELDOM_ static struct span span_of(const struct cgdt_pool *pool, uint32_t window)
{
    const uint32_t first = window * pool->pages.window_pages;
    const uint32_t end = first + pool->pages.window_pages;

    return (struct span){first, end < pool->pages.count ? end : pool->pages.count};
}

enum use {
    ABSENT,  /* no page */
    USELESS, /* held ones alone */
    SERVING,
};

CGDT_SELDOM_ static enum use use_of(const struct cgdt_pool *pool, struct span span)
{
    enum use use = ABSENT;

    for (uint32_t page = span.first; page < span.end; page++) {
        if (in_service(pool, page))
            return SERVING;
        if (is_held(pool, page))
            use = USELESS;
    }
    return use;
}

/*
 * Held pages of the span go back into service, sealed if the pool is live; of each window those up to the first
 * that is absent, cannot be sealed, or has what a failed call left on it. What is above stays held, for the
 * next growth to clean: a CPU's frame list names every page below its own, so there must be no gap.
 */
CGDT_SELDOM_ static void restore(struct cgdt_pool *pool, struct span span)
{
    for (uint32_t page = span.first; page < span.end; page++) {
        /* No page of the span is in service: who calls has just retired those that were. */
        if (cgdt_page_state_(&pool->pages, page).view == NULL ||
            !cgdt_page_is_zero_(&pool->pages, page) ||
            (pool->live && cgdt_page_seal_(&pool->pages, page) < 0)) {
            page += pool->pages.window_pages - 1 - page % pool->pages.window_pages;
            continue;
        }
        cgdt_page_serve_(&pool->pages, page);
        cgdt_slotmap_publish_(&pool->map, cgdt_pool_first_of_(pool, page),
                              cgdt_pool_slots_of_(pool, page));
    }
}

/* Take pages out of service: all their slots, or none of them if one is owned. */
CGDT_SELDOM_ static bool retire(struct cgdt_pool *pool, struct span span, uint32_t *slots)
{
    *slots = 0;
    for (uint32_t page = span.first; page < span.end; page++) {
        if (!in_service(pool, page))
            continue;
        const uint32_t here = cgdt_pool_slots_of_(pool, page);
        if (!cgdt_slotmap_retire_(&pool->map, cgdt_pool_first_of_(pool, page), here)) {
            restore(pool, (struct span){span.first, page});
            return false;
        }
        cgdt_page_hold_(&pool->pages, page);
        *slots += here;
    }
    return true;
}

/* All held pages must be unsealed before the first is unmapped, since that can fail. */
CGDT_SELDOM_ static int unseal_held(struct cgdt_pool *pool, struct span span)
{
    for (uint32_t page = span.first; page < span.end; page++) {
        const int error = is_held(pool, page) ? cgdt_page_unseal_(&pool->pages, page) : 0;

        if (error < 0)
            return error;
    }
    return 0;
}

CGDT_SELDOM_ static void unmap_held(struct cgdt_pool *pool, struct span span)
{
    for (uint32_t page = span.first; page < span.end; page++) {
        if (is_held(pool, page))
            cgdt_page_unmap_(&pool->pages, page);
    }
}

CGDT_SELDOM_ int cgdt_grow_leave_(struct cgdt_pool *pool)
{
    const struct span all = {0, pool->pages.count};
    const bool common = pool->config.layout.common;
    uint32_t slots;

    /* Nobody else is here, by the rules for destroy: what is free stays so. */
    for (uint32_t page = 0; page < all.end; page++) {
        if (in_service(pool, page) && cgdt_pool_taken_bits_(pool, page) != 0)
            return -CGDT_EBUSY;
    }
    (void)retire(pool, all, &slots);
    int error = unseal_held(pool, all);
    if (error == 0 && common)
        error = cgdt_page_unseal_(&pool->pages, CGDT_COMMON_PAGE);
    if (error < 0) {
        restore(pool, all);
        return error;
    }
    unmap_held(pool, all);
    if (common)
        cgdt_page_unmap_(&pool->pages, CGDT_COMMON_PAGE);
    return 0;
}

/* Returns 1: given back; 0: in use or to be kept; or the port's code. */
static int trim_window(struct cgdt_pool *pool, struct span span, uint32_t *free_left)
{
    uint32_t slots;

    if (!retire(pool, span, &slots))
        return 0;
    /* Others may have taken slots since they were counted: those used the reserve, as they may. */
    if (*free_left < slots || *free_left - slots < pool->reserved_slots) {
        restore(pool, span);
        return 0;
    }
    const int error = unseal_held(pool, span);
    if (error < 0) {
        restore(pool, span);
        *free_left = free_slots(pool); /* perhaps not all of it came back */
        return error;
    }
    unmap_held(pool, span);
    *free_left -= slots;
    return 1;
}

static int trim_all(struct cgdt_pool *pool)
{
    const uint32_t per_window = pool->pages.window_pages;
    const uint32_t windows = (pool->pages.count + per_window - 1) / per_window;
    uint32_t serving = 0;
    uint32_t free_left = free_slots(pool);
    int given_back = 0;
    int first_error = 0;

    for (uint32_t window = 0; window < windows; window++)
        serving += use_of(pool, span_of(pool, window)) == SERVING ? 1u : 0u;
    for (uint32_t window = windows; window-- > 0;) {
        const struct span span = span_of(pool, window);
        const enum use use = use_of(pool, span);

        if (use == ABSENT || (use == SERVING && serving <= pool->config.keep_windows))
            continue;
        const int result = trim_window(pool, span, &free_left);
        given_back += result > 0 ? 1 : 0;
        if (result < 0 && first_error == 0)
            first_error = result;
        serving -= use == SERVING && use_of(pool, span) != SERVING ? 1u : 0u;
    }
    return given_back > 0 ? given_back : first_error;
}

CGDT_SELDOM_ int cgdt_trim(struct cgdt_pool *pool)
{
    cgdt_pool_lock_(pool);
    const int result = trim_all(pool);
    cgdt_pool_unlock_(pool);
    return result;
}
