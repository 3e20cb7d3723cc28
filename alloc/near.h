/* SPDX-License-Identifier: MIT */
/* What near.c, with.c and plan.c have in common. Private to alloc/. */
#ifndef CGDT_ALLOC_NEAR_H
#define CGDT_ALLOC_NEAR_H

#include "pool.h"

/* The slot that one of near[] means. It need not be owned, nor be one of the pool's. */
static inline cgdt_slot_t cgdt_near_slot_(const struct cgdt_pool *pool, uint32_t one, uint32_t pin)
{
    if (pin == 0)
        return one;
    /* Of a CPU that is coming, going or moving no handle. Pairs as in cgdt_cpu_slot(). */
    return one < pool->given.config.max_cpus ? cgdt_load32_acquire_(&pool->directory[one])
                                             : CGDT_NO_SLOT;
}

/*
 * A slot on a page of its own kind, as struct cgdt_request says. pin: 0; or CGDT_SLOTMAP_PINNED for
 * a slot that is to be a CPU's, and then near[] are CPUs of the directory. own: as for
 * cgdt_alloc_from_().
 */
int cgdt_near_alloc_(struct cgdt_pool *pool, uint32_t n, const uint32_t *near,
                     struct cgdt_batch *own, uint32_t pin, cgdt_slot_t *slot);

#endif
