/* SPDX-License-Identifier: MIT */
/* One slot, without ever waiting for anybody: cgdt_alloc_nowait(). */
#include "alloc.h"
#include "cgdt/slots.h"

int cgdt_alloc_nowait(struct cgdt_pool *pool, cgdt_slot_t *slot)
{
    if (slot == NULL)
        return -CGDT_EINVAL;
    const uint32_t number = cgdt_slotmap_take_slowly_(&pool->map);
    if (number != CGDT_SLOTMAP_NONE)
        return cgdt_alloc_hand_over_(pool, number, slot);
    *slot = CGDT_NO_SLOT;
    return -CGDT_EAGAIN;
}
