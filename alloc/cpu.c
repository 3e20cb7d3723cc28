/* SPDX-License-Identifier: MIT */
/* CPU number -> slot; see cpu.h. */
#include "cpu.h"
#include "alloc.h"
#include "cgdt/cpus.h"

#define BUSY CGDT_CPU_BUSY_

CGDT_SELDOM_ int cgdt_cpu_taken_(const uint32_t *word)
{
    const uint32_t now = cgdt_load32_relaxed_(word);

    /* 0: whoever was at it has just finished, and the CPU may never have been online. */
    return now == 0 || (now & BUSY) != 0 ? -CGDT_EBUSY : -CGDT_EEXIST;
}

CGDT_COMPACT_ int cgdt_cpu_online(struct cgdt_pool *pool, uint32_t cpu, cgdt_slot_t *slot)
{
    cgdt_slot_t got = CGDT_NO_SLOT;

    if (cpu >= pool->given.config.max_cpus)
        return -CGDT_EINVAL;
    uint32_t *word = &pool->directory[cpu];
    if (!cgdt_cpu_swap_(pool, word, 0, BUSY))
        return cgdt_cpu_taken_(word);
    const int error = cgdt_alloc_pinned_(pool, &got);
    /* Pairs with the compare-and-swap in cgdt_cpu_swap_() and with the load in cgdt_cpu_slot(). */
    cgdt_store32_release_(word, error == 0 ? got : 0);
    if (slot != NULL)
        *slot = got;
    return error;
}

CGDT_COMPACT_ int cgdt_cpu_offline(struct cgdt_pool *pool, uint32_t cpu)
{
    int error = 0;

    if (cpu >= pool->given.config.max_cpus)
        return -CGDT_EINVAL;
    uint32_t *word = &pool->directory[cpu];
    const uint32_t slot = cgdt_load32_relaxed_(word);
    if (slot == 0)
        return -CGDT_ENOENT;
    if ((slot & BUSY) != 0 || !cgdt_cpu_swap_(pool, word, slot, slot | BUSY))
        return -CGDT_EBUSY;
    if (pool->given.port.quiesce != NULL)
        error = pool->given.port.quiesce(pool->given.config.port_ctx, cpu);
    if (error >= 0)
        error = cgdt_alloc_unpin_(pool, slot);
    /* Pairs as in cgdt_cpu_online(). */
    cgdt_store32_release_(word, error < 0 ? slot : 0);
    return error;
}

int cgdt_cpu_slot(const struct cgdt_pool *pool, uint32_t cpu, cgdt_slot_t *slot)
{
    if (cpu >= pool->given.config.max_cpus || slot == NULL)
        return -CGDT_EINVAL;
    /* Pairs with the release stores above: the slot's contents are there when its handle is. */
    const uint32_t word = cgdt_load32_acquire_(&pool->directory[cpu]);
    if (word == 0)
        return -CGDT_ENOENT;
    if (word == BUSY)
        return -CGDT_EBUSY;
    *slot = word & ~BUSY;
    return 0;
}
