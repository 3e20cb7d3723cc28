/* SPDX-License-Identifier: MIT */
/*
 * CPUs of the directory that move: cgdt_cpu_move_begin(), cgdt_cpu_move_end(),
 * cgdt_cpu_move_abort(). Must not know where to (plan.c) or how (copy.c).
 *
 * What a moving CPU has in the pool:
 *
 *     directory    old | BUSY from begin to the end of the move, so that nobody else is at the CPU;
 *                  new | BUSY while end() zeroes the old slot; then old or new
 *     both slots   owned and pinned, as every slot of a CPU
 *     pool->mover  CPU + 1, and the bit MOVING while a call is at it; 0: nobody moves
 *     pool->goal   the new slot, while the move is under way
 *
 * So at each step the directory names a slot that is whole, and cgdt_recover() makes of a CPU that
 * died on its way one that is online there; the other slot is pinned, but no CPU's: it is zeroed
 * and free then.
 */
#include "cgdt/move.h"
#include "alloc.h"
#include "cpu.h"
#include "copy.h"

#define BUSY   CGDT_CPU_BUSY_
#define MOVING 0x80000000u

_Static_assert(CGDT_MAX_SLOTS < MOVING, "no CPU's number has the bit");

CGDT_COMPACT_ int cgdt_cpu_move_begin(struct cgdt_pool *pool, uint32_t cpu, uint32_t n,
                                      const uint32_t *near, cgdt_slot_t *slot)
{
    const struct group kind = {n, near, CGDT_SLOTMAP_PINNED, 0};
    int error = -CGDT_EBUSY;

    if (cpu >= pool->given.config.max_cpus || slot == NULL || (near == NULL && n != 0))
        return -CGDT_EINVAL;
    uint32_t *word = &pool->directory[cpu];
    const uint32_t old = cgdt_load32_relaxed_(word);
    if (old == 0)
        return -CGDT_ENOENT;
    /* Acquires what the last move released, its goal above all. */
    if ((old & BUSY) != 0 || !cgdt_cpu_swap_(pool, &pool->mover, 0, MOVING | (cpu + 1)))
        return -CGDT_EBUSY;
    if (cgdt_cpu_swap_(pool, word, old, old | BUSY)) {
        error = cgdt_copy_slot_(pool, old, &kind, &pool->goal);
        if (error != 0)
            cgdt_store32_release_(word, old); /* pairs as in cgdt_cpu_online() */
        else
            *slot = pool->goal;
    }
    /* Pairs with the compare-and-swap above and in end_move(). */
    cgdt_store32_release_(&pool->mover, error == 0 ? cpu + 1 : 0);
    return error;
}

/* `back`: the goal goes, else the slot that the CPU had. */
CGDT_COMPACT_ static int end_move(struct cgdt_pool *pool, uint32_t cpu, bool back)
{
    if (cpu >= pool->given.config.max_cpus)
        return -CGDT_EINVAL;
    if (!cgdt_cpu_swap_(pool, &pool->mover, cpu + 1, MOVING | (cpu + 1)))
        return cgdt_load32_relaxed_(&pool->mover) == (MOVING | (cpu + 1)) ? -CGDT_EBUSY
                                                                          : -CGDT_ENOENT;
    uint32_t *word = &pool->directory[cpu];
    const uint32_t old = cgdt_load32_relaxed_(word) & ~BUSY;
    const uint32_t stays = back ? old : pool->goal;
    /* If this CPU dies from here on, the other one stays where it is (cgdt_recover()). */
    cgdt_store32_release_(word, stays | BUSY);
    const int error = cgdt_alloc_unpin_(pool, back ? pool->goal : old);
    /* Pairs as in cgdt_cpu_online(). */
    cgdt_store32_release_(word, error != 0 ? old | BUSY : stays);
    cgdt_store32_release_(&pool->mover, error != 0 ? cpu + 1 : 0);
    return error;
}

int cgdt_cpu_move_end(struct cgdt_pool *pool, uint32_t cpu)
{
    return end_move(pool, cpu, false);
}

int cgdt_cpu_move_abort(struct cgdt_pool *pool, uint32_t cpu)
{
    return end_move(pool, cpu, true);
}
