/* SPDX-License-Identifier: MIT */
/* Which pages are kept when slots move together. Private to alloc/. */
#ifndef CGDT_ALLOC_PLAN_H
#define CGDT_ALLOC_PLAN_H

#include "pool.h"

/*
 * Whose pages a plan is about: all, if n is 0; or those that one of near[] (cgdt_near_slot_()) is
 * on, and `own`, a page or CGDT_SLOTMAP_NONE.
 */
struct group {
    uint32_t n;
    const uint32_t *near;
    uint32_t pin;
    uint32_t own;
};

/* A page, and how much the pages of its run hold on average (plan.c). 0: it is not in the plan. */
struct stand {
    uint32_t page;
    uint32_t fullness;
};

/* Whether slots of that page are the group's. */
bool cgdt_plan_is_about_(const struct cgdt_pool *pool, const struct group *group, uint32_t page);

struct stand cgdt_plan_stand_(const struct cgdt_pool *pool, const struct group *group,
                              uint32_t page);

/* Whether page a is kept rather than b. */
bool cgdt_plan_before_(struct stand a, struct stand b);

/*
 * Whether a page of the group is to be given up; and the fullest of the kept ones that has room.
 * What is taken may change meanwhile.
 */
bool cgdt_plan_gives_up_(const struct cgdt_pool *pool, const struct group *group, uint32_t page,
                         uint32_t *better);

#endif
