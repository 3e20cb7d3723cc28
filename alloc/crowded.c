/* SPDX-License-Identifier: MIT */
/* Who should move next: cgdt_crowded(), cgdt_cpu_crowded(). Must not know how a slot moves. */
#include "cgdt/move.h"
#include "near.h"
#include "plan.h"
#include "slot.h"

/* One of near[], or a CPU: whichever stands last, if it is to move. */
CGDT_COMPACT_ static int find(const struct cgdt_pool *pool, const struct group *group, uint32_t n,
                              uint32_t *one)
{
    struct stand last = {CGDT_SLOTMAP_NONE, 0};
    struct page_state unused;
    uint32_t found = 0;
    uint32_t better;

    for (uint32_t i = 0; i < n; i++) {
        const uint32_t its = group->n != 0 ? group->near[i] : i;
        const cgdt_slot_t slot = cgdt_near_slot_(pool, its, group->pin);

        if (cgdt_slot_lookup_(pool, slot, &unused) != 0)
            continue;
        const struct stand stand =
            cgdt_plan_stand_(pool, group, cgdt_pool_page_of_(pool, cgdt_slot_number(slot)));
        if (last.page == CGDT_SLOTMAP_NONE || cgdt_plan_before_(last, stand)) {
            last = stand;
            found = its;
        }
    }
    if (last.page == CGDT_SLOTMAP_NONE || !cgdt_plan_gives_up_(pool, group, last.page, &better))
        return -CGDT_ENOENT;
    *one = found;
    return 0;
}

int cgdt_cpu_crowded(const struct cgdt_pool *pool, uint32_t n, const uint32_t *near, uint32_t *cpu)
{
    const struct group group = {n, near, CGDT_SLOTMAP_PINNED, CGDT_SLOTMAP_NONE};

    if (cpu == NULL || (near == NULL && n != 0))
        return -CGDT_EINVAL;
    return find(pool, &group, n != 0 ? n : pool->given.config.max_cpus, cpu);
}

int cgdt_crowded(const struct cgdt_pool *pool, uint32_t n, const cgdt_slot_t *slots,
                 cgdt_slot_t *slot)
{
    const struct group group = {n, slots, 0, CGDT_SLOTMAP_NONE};

    if (slot == NULL || (slots == NULL && n != 0))
        return -CGDT_EINVAL;
    return find(pool, &group, n, slot);
}
