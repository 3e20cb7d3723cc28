/* SPDX-License-Identifier: MIT */
/*
 * The directory's words. Private to alloc/.
 *
 *     0                   offline
 *     BUSY                coming: it has no slot yet
 *     handle              online
 *     handle | BUSY       going: it still has its slot, and keeps it if it will not let go
 *
 * BUSY is bit 25, which no handle uses (layout.h). It is set by one compare-and-swap, so of any
 * number of CPUs that change the same word one goes on and the others hear -CGDT_EBUSY. A slot that
 * the directory names is pinned (slotmap.h): its handle is good for everything but cgdt_free(), so
 * no word ever names a slot that is not its CPU's.
 */
#ifndef CGDT_ALLOC_CPU_H
#define CGDT_ALLOC_CPU_H

#include "pool.h"

#define CGDT_CPU_BUSY_ 0x02000000u

_Static_assert((CGDT_CPU_BUSY_ & (CGDT_SLOT_NUMBER_MASK | ~0u << CGDT_SLOT_GENERATION_SHIFT)) == 0,
               "no handle uses the bit");

/* True and stored if the word was `expected`. */
static inline bool cgdt_cpu_swap_(const struct cgdt_pool *pool, uint32_t *word, uint32_t expected,
                                  uint32_t value)
{
    /* Acquires what the last holder of BUSY released with its store. */
    if (!pool->given.config.serialized)
        return cgdt_cas32_acq_rel_(word, expected, value);
    if (*word != expected)
        return false;
    *word = value;
    return true;
}

/* Why a CPU cannot come online now: it is, or somebody is at it. */
int cgdt_cpu_taken_(const uint32_t *word);

#endif
