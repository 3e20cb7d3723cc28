/* SPDX-License-Identifier: MIT */
/*
 * Which pages are kept when slots move together; see plan.h. Looks only, at what is taken at this
 * moment. Must not know how a slot moves.
 *
 * All pages stand in one order, and the first K of them are kept: as many as hold all that is
 * taken. The order is by fullness, then by number. It must never put a page before one below it in
 * its window, since that one would stay for its sake; so what counts is not the page's own fullness
 * but the average of its *run*. A window falls into runs from its first page on: each has the
 * highest average that a run which begins there can have, so the averages of a window never rise.
 * (That is the least concave majorant of what a window's first pages hold. Cutting it where runs
 * end keeps the most slots that so many pages can; a cut within a run may keep a few less.)
 * Natively, and in windows of one page, each page is a run.
 *
 * The last page of a pool may have fewer slots than others; it comes last, as if it were empty.
 */
#include "plan.h"
#include "near.h"
#include "slot.h"

/* Divisible by each number of pages that a run can have: averages of so much are whole numbers. */
#define UNIT 360360u

_Static_assert(CGDT_MAX_FRAMES == 15u, "what UNIT is for");

/* Pages first .. end-1: a window; natively one page. */
struct chain {
    uint32_t first;
    uint32_t end;
    uint32_t taken[CGDT_MAX_FRAMES];
    uint32_t fullness[CGDT_MAX_FRAMES]; /* as in struct stand */
};

CGDT_COMPACT_ bool cgdt_plan_is_about_(const struct cgdt_pool *pool, const struct group *group,
                                       uint32_t page)
{
    struct page_state unused;

    for (uint32_t i = 0; i < group->n; i++) {
        const cgdt_slot_t slot = cgdt_near_slot_(pool, group->near[i], group->pin);

        if (cgdt_slot_lookup_(pool, slot, &unused) == 0 &&
            cgdt_pool_page_of_(pool, cgdt_slot_number(slot)) == page)
            return true;
    }
    return group->n == 0 || page == group->own;
}

/* Of a run of its own. An empty page is anybody's. */
static uint32_t fullness_of(const struct cgdt_pool *pool, const struct group *group, uint32_t page,
                            uint32_t *taken)
{
    const struct page_state state = cgdt_page_state_(&pool->pages, page);

    *taken = 0;
    if (!cgdt_page_serves_(&state))
        return 0;
    *taken = cgdt_count_bits_(cgdt_pool_taken_bits_(pool, page));
    if (*taken != 0 && !cgdt_plan_is_about_(pool, group, page))
        return 0;
    return cgdt_pool_slots_of_(pool, page) >> pool->color_shift == 0 ? 1 : 1 + *taken * UNIT;
}

/* The run that begins at page `from` of the chain: all its pages are told. Behind it. */
static uint32_t make_run(struct chain *chain, uint32_t from)
{
    const uint32_t n = chain->end - chain->first;
    uint32_t behind = from + 1;
    uint32_t best = 0;
    uint32_t sum = 0;
    uint32_t pages = 0;

    for (uint32_t i = from; i < n; i++) {
        if (chain->fullness[i] == 0)
            continue;
        sum += (chain->fullness[i] - 1) / UNIT;
        pages++;
        const uint32_t average = 1 + sum * (UNIT / pages);
        if (average > best) {
            best = average;
            behind = i + 1;
        }
    }
    for (uint32_t i = from; i < behind; i++) {
        if (chain->fullness[i] != 0)
            chain->fullness[i] = best;
    }
    return behind;
}

/* The chain that a page is in. */
CGDT_COMPACT_ static void look_at(const struct cgdt_pool *pool, const struct group *group,
                                  uint32_t page, struct chain *chain)
{
    const bool native = cgdt_pool_layout_(pool)->mode == CGDT_MODE_NATIVE;
    uint32_t n = 0;

    chain->first = native ? page : cgdt_page_window_first_(&pool->pages, page);
    chain->end = native ? page + 1 : cgdt_page_window_end_(&pool->pages, page);
    for (page = chain->first; page < chain->end; page++, n++)
        chain->fullness[n] = fullness_of(pool, group, page, &chain->taken[n]);
    for (uint32_t from = 0; from < n;)
        from = make_run(chain, from);
}

CGDT_COMPACT_ struct stand cgdt_plan_stand_(const struct cgdt_pool *pool, const struct group *group,
                                            uint32_t page)
{
    struct chain chain;

    look_at(pool, group, page, &chain);
    return (struct stand){page, chain.fullness[page - chain.first]};
}

bool cgdt_plan_before_(struct stand a, struct stand b)
{
    return a.fullness > b.fullness || (a.fullness == b.fullness && a.page < b.page);
}

CGDT_COMPACT_ bool cgdt_plan_gives_up_(const struct cgdt_pool *pool, const struct group *group,
                                       uint32_t page, uint32_t *better)
{
    const struct stand own = cgdt_plan_stand_(pool, group, page);
    struct stand best = own;
    struct chain chain;
    uint32_t taken = 0;
    uint32_t before = 0;

    for (uint32_t first = 0; first < pool->pages.count; first = chain.end) {
        look_at(pool, group, first, &chain);
        for (uint32_t i = 0; i < chain.end - chain.first; i++) {
            const struct stand its = {first + i, chain.fullness[i]};

            if (its.fullness == 0)
                continue;
            taken += chain.taken[i];
            if (!cgdt_plan_before_(its, own))
                continue;
            before++;
            /* A kind does not come to a page that it is not on: others may be coming there. */
            if (chain.taken[i] >> pool->color_shift == 0 && cgdt_plan_before_(its, best) &&
                (group->n == 0 || chain.taken[i] != 0))
                best = its;
        }
    }
    *better = best.page;
    return best.page != page && before << pool->color_shift >= taken;
}
