/* SPDX-License-Identifier: MIT */
/*
 * Pages out of the pool: cgdt_trim() and cgdt_pool_destroy(), under the port's lock. Must not know
 * how a pool grows.
 *
 * Trim takes one page at a time, from the top, and looks before it takes. A page's slots are
 * claimed by one atomic operation, which succeeds only if all of them are free; from then on nobody
 * can get in, and the page can be unsealed and unmapped in peace; or, if the port refuses, it is
 * put back into service as it was. A CPU's frame list ends with its own page, so a page may go when
 * no page above it in its window is left.
 */
#include "pool.h"

static bool is_mapped(const struct cgdt_pool *pool, uint32_t page)
{
    return cgdt_page_view_(&pool->pages, page) != NULL;
}

/* Whether the page may go as far as the pool and its owners are concerned. */
static bool may_go(const struct cgdt_pool *pool, uint32_t page)
{
    const struct cgdt_config *config = &pool->given.config;
    const uint32_t slots = cgdt_pool_slots_of_(pool, page);

    if (pool->pages.serving <= config->keep_pages ||
        pool->served_slots - slots < pool->reserved_slots)
        return false;
    return cgdt_pool_taken_bits_(pool, page) == 0;
}

/* 1: it is gone; 0: it stays, as it must; or the port's code: it stays, as it was. */
CGDT_COMPACT_ static int trim_page(struct cgdt_pool *pool, uint32_t page)
{
    const struct page_state state = cgdt_page_state_(&pool->pages, page);

    if (state.view == NULL || cgdt_pool_is_below_another_(pool, page))
        return 0;
    if (!state.held && (!may_go(pool, page) || !cgdt_pool_retire_(pool, page)))
        return 0;
    const int error = cgdt_page_unseal_(&pool->pages, page);
    if (error < 0) {
        if (!state.held)
            cgdt_pool_serve_(pool, page, 0);
        return error;
    }
    cgdt_page_unmap_(&pool->pages, page);
    return 1;
}

CGDT_SELDOM_ int cgdt_trim(struct cgdt_pool *pool)
{
    int given_back = 0;
    int first_error = 0;

    cgdt_pool_lock_(pool);
    for (uint32_t page = pool->pages.count; page-- > 0;) {
        const int result = trim_page(pool, page);

        if (result > 0)
            given_back++;
        else if (first_error == 0)
            first_error = result;
    }
    cgdt_pool_unlock_(pool);
    return given_back > 0 ? given_back : first_error;
}

/* Whether a slot is taken on some page in service. */
CGDT_COMPACT_ static bool is_in_use(const struct cgdt_pool *pool)
{
    for (uint32_t page = 0; page < pool->pages.count; page++) {
        const struct page_state state = cgdt_page_state_(&pool->pages, page);

        if (cgdt_page_serves_(&state) && cgdt_pool_taken_bits_(pool, page) != 0)
            return true;
    }
    return false;
}

/*
 * All pages, from the top; the common page last. That can fail, so it comes before the first is
 * unmapped.
 */
CGDT_COMPACT_ static int unseal_all(struct cgdt_pool *pool)
{
    for (uint32_t n = pool->pages.count + 1; n-- > 0;) {
        const uint32_t page = n - 1; /* the common page is the one before 0 */
        const int error = is_mapped(pool, page) ? cgdt_page_unseal_(&pool->pages, page) : 0;

        if (error < 0)
            return error;
    }
    return 0;
}

/*
 * What unseal_all() did is undone. A page that cannot be sealed again is held from now on, and with
 * it all above it in its window: no page in service may be above a hole.
 */
CGDT_COMPACT_ static void seal_again(struct cgdt_pool *pool)
{
    uint32_t next = 0;

    for (uint32_t page = 0; page < pool->pages.count; page++) {
        const struct page_state state = cgdt_page_state_(&pool->pages, page);

        if (!cgdt_page_serves_(&state))
            continue;
        if (page >= next && (!pool->live || cgdt_page_seal_(&pool->pages, page) >= 0))
            continue;
        (void)cgdt_pool_retire_(pool, page); /* nobody else is here: all its slots are free */
        next = cgdt_pool_behind_(pool, page);
    }
}

CGDT_COMPACT_ static int unmap_all(struct cgdt_pool *pool)
{
    if (is_in_use(pool))
        return -CGDT_EBUSY;
    const int error = unseal_all(pool);
    if (error < 0) {
        seal_again(pool);
        return error;
    }
    for (uint32_t n = pool->pages.count + 1; n-- > 0;) {
        const uint32_t page = n - 1; /* as above */

        if (is_mapped(pool, page))
            cgdt_page_unmap_(&pool->pages, page);
    }
    return 0;
}

CGDT_COMPACT_ int cgdt_pool_destroy(struct cgdt_pool *pool)
{
    cgdt_pool_lock_(pool);
    const int error = unmap_all(pool);
    cgdt_pool_unlock_(pool);
    return error;
}
