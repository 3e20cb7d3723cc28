/* SPDX-License-Identifier: MIT */
/*
 * CPU number -> slot. One word per CPU:
 *
 *     0                   offline
 *     BUSY                coming: it has no slot yet
 *     handle              online
 *     handle | BUSY       going: it still has its slot, and keeps it if it will not let go
 *
 * BUSY is bit 25, which no handle uses (layout.h). It is set by one compare-and-swap, so of
 * any number of CPUs that change the same word one goes on and the others hear -CGDT_EBUSY.
 */
#include "cgdt/cpus.h"
#include "cgdt/slots.h"
#include "pool.h"

#define BUSY 0x02000000u

_Static_assert((BUSY & (CGDT_SLOT_NUMBER_MASK | ~0u << CGDT_SLOT_GENERATION_SHIFT)) == 0,
               "no handle uses the bit");

static bool swap(const struct cgdt_pool *pool, uint32_t *word, uint32_t expected, uint32_t value)
{
    /* Acquires what the last holder of BUSY released with its store. */
    if (!pool->given.config.serialized)
        return cgdt_cas32_acq_rel_(word, expected, value);
    if (*word != expected)
        return false;
    *word = value;
    return true;
}

int cgdt_cpu_online(struct cgdt_pool *pool, uint32_t cpu, cgdt_slot_t *slot)
{
    cgdt_slot_t got = CGDT_NO_SLOT;

    if (cpu >= pool->given.config.max_cpus)
        return -CGDT_EINVAL;
    uint32_t *word = &pool->directory[cpu];
    if (!swap(pool, word, 0, BUSY)) {
        const uint32_t now = cgdt_load32_relaxed_(word);
        /* 0 counts as BUSY: whoever was at it is done, and the CPU may never have been online. */
        return ((now | (now - 1)) & BUSY) != 0 ? -CGDT_EBUSY : -CGDT_EEXIST;
    }
    const int error = cgdt_alloc(pool, &got);
    /* Pairs with the compare-and-swap in swap() and with the load in cgdt_cpu_slot(). */
    cgdt_store32_release_(word, error == 0 ? got : 0);
    if (slot != NULL)
        *slot = got;
    return error;
}

int cgdt_cpu_offline(struct cgdt_pool *pool, uint32_t cpu)
{
    const struct cgdt_port *port = &pool->given.port;
    int error = 0;

    if (cpu >= pool->given.config.max_cpus)
        return -CGDT_EINVAL;
    uint32_t *word = &pool->directory[cpu];
    const uint32_t slot = cgdt_load32_relaxed_(word);
    if (slot == 0)
        return -CGDT_ENOENT;
    if ((slot & BUSY) != 0 || !swap(pool, word, slot, slot | BUSY))
        return -CGDT_EBUSY;
    if (port->quiesce != NULL)
        error = port->quiesce(pool->given.config.port_ctx, cpu);
    if (error >= 0)
        error = cgdt_free(pool, slot);
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
