/* SPDX-License-Identifier: MIT */
/* A CPU onto a slot that comes with what it asks for: cgdt_cpu_online_for(); see cpu.h. */
#include "cgdt/cpus.h"
#include "cpu.h"
#include "with.h"

CGDT_COMPACT_ int cgdt_cpu_online_for(struct cgdt_pool *pool, uint32_t cpu,
                                      const struct cgdt_request *request, cgdt_slot_t *slot)
{
    cgdt_slot_t got = CGDT_NO_SLOT;

    if (cpu >= pool->given.config.max_cpus)
        return -CGDT_EINVAL;
    uint32_t *word = &pool->directory[cpu];
    if (!cgdt_cpu_swap_(pool, word, 0, CGDT_CPU_BUSY_))
        return cgdt_cpu_taken_(word);
    const int error = cgdt_with_alloc_(pool, request, CGDT_SLOTMAP_PINNED, &got);
    /* Pairs as in cgdt_cpu_online(). */
    cgdt_store32_release_(word, got);
    if (slot != NULL)
        *slot = got;
    return error;
}
