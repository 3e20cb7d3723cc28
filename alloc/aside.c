/* SPDX-License-Identifier: MIT */
/* A CPU onto a slot that was set aside for it; see cpu.h. */
#include "cgdt/cpus.h"
#include "cpu.h"
#include "slot.h"

int cgdt_cpu_online_at(struct cgdt_pool *pool, uint32_t cpu, cgdt_slot_t slot)
{
    if (cpu >= pool->given.config.max_cpus)
        return -CGDT_EINVAL;
    uint32_t *word = &pool->directory[cpu];
    if (!cgdt_cpu_swap_(pool, word, 0, CGDT_CPU_BUSY_))
        return cgdt_cpu_taken_(word);
    uint8_t seen = 0;
    const bool pinned =
        cgdt_slot_is_possible_(pool, slot) &&
        cgdt_slotmap_pin_(&pool->map, cgdt_slot_number(slot), cgdt_slot_generation_(slot), &seen);
    const int error = pinned ? 0 : cgdt_slot_refused_(pool, slot, seen);
    /* Pairs as in cgdt_cpu_online(). */
    cgdt_store32_release_(word, error == 0 ? slot : 0);
    return error;
}
