/* SPDX-License-Identifier: MIT */
/* Pages into the pool, and cgdt_reserve(); see grow.h. */
#include "grow.h"

/* That page is gone round. */
static void refuse(const struct cgdt_pool *pool, struct growth *growth, uint32_t page, int error)
{
    growth->from = cgdt_pool_behind_(pool, page);
    if (growth->refused == 0)
        growth->refused = error;
}

CGDT_SELDOM_ int cgdt_grow_page_(struct cgdt_pool *pool, struct growth *growth, uint32_t *page)
{
    bool absent = false;
    int error = 0;

    /*
     * map() says that there is no page at all; a page that is there may be the only one that cannot
     * be cleaned.
     */
    while (!absent || error != -CGDT_ENOMEM) {
        *page = cgdt_page_hole_(&pool->pages, growth->from);
        if (*page >= pool->pages.count)
            break;
        absent = cgdt_page_view_(&pool->pages, *page) == NULL;
        error = cgdt_page_map_(&pool->pages, *page);
        if (error >= 0) {
            if (growth->end == 0)
                growth->first = *page;
            growth->from = growth->end = *page + 1;
            return 0;
        }
        refuse(pool, growth, *page, error);
    }
    return growth->refused != 0 ? growth->refused : -CGDT_ENOSPC;
}

/* Below a page that could not be taken back nothing is unmapped: a window has no gap. */
static void give_back(struct cgdt_pool *pool, uint32_t page)
{
    if (cgdt_page_unseal_(&pool->pages, page) >= 0 && !cgdt_pool_is_below_another_(pool, page))
        cgdt_page_unmap_(&pool->pages, page);
    else
        cgdt_page_leave_(&pool->pages, page);
}

CGDT_SELDOM_ bool cgdt_grow_seal_(struct cgdt_pool *pool, struct growth *growth, uint32_t page)
{
    const int error = pool->live ? cgdt_page_seal_(&pool->pages, page) : 0;

    if (error >= 0)
        return true;
    give_back(pool, page);
    refuse(pool, growth, page, error);
    return false;
}

static bool is_coming(const struct cgdt_pool *pool, uint32_t page)
{
    return cgdt_page_state_(&pool->pages, page).coming;
}

CGDT_SELDOM_ void cgdt_grow_serve_(struct cgdt_pool *pool, const struct growth *growth,
                                   uint32_t taken)
{
    for (uint32_t page = growth->first; page < growth->end; page++) {
        if (!is_coming(pool, page))
            continue;
        const uint32_t slots = cgdt_pool_slots_of_(pool, page);
        const uint32_t here = taken < slots ? taken : slots;

        taken -= here;
        cgdt_pool_serve_(pool, page, here);
    }
}

CGDT_SELDOM_ void cgdt_grow_undo_(struct cgdt_pool *pool, const struct growth *growth)
{
    for (uint32_t page = growth->end; page-- > growth->first;) {
        if (is_coming(pool, page))
            give_back(pool, page);
    }
}

/* Grow until n slots are in service; all or nothing. */
static int make_room(struct cgdt_pool *pool, uint32_t n)
{
    struct growth growth = {0, 0, 0, 0};
    uint32_t slots = pool->served_slots;

    while (slots < n) {
        uint32_t page;
        const int error = cgdt_grow_page_(pool, &growth, &page);

        if (error != 0) {
            cgdt_grow_undo_(pool, &growth);
            return error;
        }
        if (cgdt_grow_seal_(pool, &growth, page))
            slots += cgdt_pool_slots_of_(pool, page);
    }
    cgdt_grow_serve_(pool, &growth, 0);
    return 0;
}

CGDT_SELDOM_ int cgdt_reserve(struct cgdt_pool *pool, uint32_t n)
{
    if (n > pool->map.slots)
        return -CGDT_ENOSPC;
    cgdt_pool_lock_(pool);
    const int error = make_room(pool, n);
    /* cgdt_stats() looks without the lock. */
    if (error == 0)
        cgdt_store32_relaxed_(&pool->reserved_slots, n);
    cgdt_pool_unlock_(pool);
    return error;
}
