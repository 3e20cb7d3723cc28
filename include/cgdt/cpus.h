/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The CPU directory: which CPU has which slot. Part of cgdt.h, which says who may call what
 * together.
 */
#ifndef CGDT_CPUS_H
#define CGDT_CPUS_H

#include "pool.h"
#include "slots.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The CPU directory: alloc a slot for a CPU. One CPU's calls may meet others' in any way: one wins.
 *
 * The slot is the directory's until cgdt_cpu_offline(): its handle is good for everything but
 * cgdt_free().
 *
 * @param      pool  the pool
 * @param      cpu   0 .. max_cpus-1
 * @param[out] slot  receives the slot, CGDT_NO_SLOT if there was none to be had; left alone on the
 *                   three codes below; may be NULL
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) cpu >= max_cpus
 * @retval -CGDT_EEXIST  (caller) it has a slot
 * @retval -CGDT_EBUSY   another CPU is at it right now
 * @return any other: as cgdt_alloc(); the CPU has no slot
 */
int cgdt_cpu_online(struct cgdt_pool *pool, uint32_t cpu, cgdt_slot_t *slot);

/**
 * The CPU directory: a CPU onto a slot that was set aside for it. Never takes a lock, maps a page
 * or asks the port.
 *
 * To set slots aside so that nobody can take them is to allocate them: cgdt_alloc_bulk(), before
 * CPUs are started. From here on the slot is the directory's, as if cgdt_cpu_online() had found it,
 * and cgdt_cpu_offline() frees it.
 *
 * @param pool  the pool
 * @param cpu   0 .. max_cpus-1
 * @param slot  a slot that the caller owns, whatever is in it
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) cpu >= max_cpus
 * @retval -CGDT_EEXIST  (caller) the CPU has a slot
 * @retval -CGDT_EBUSY   another CPU is at it right now; or (caller) the slot is a CPU's already
 * @retval -CGDT_ENOENT  (caller) as for cgdt_free()
 * @retval -CGDT_ESTALE  (caller) as for cgdt_free()
 */
int cgdt_cpu_online_at(struct cgdt_pool *pool, uint32_t cpu, cgdt_slot_t slot);

/**
 * The CPU directory: alloc a slot for a CPU as cgdt_alloc_for() does. With the CPU's own
 * descriptors (its TSS, its per-CPU segment) one that comes late on Xen takes one hypercall for its
 * table, where cgdt_cpu_online() and cgdt_write() take two.
 *
 * near[] of the request are CPUs here: all of a node say, whether they are online or not. One that
 * is offline, coming or going counts for nothing, and so does the CPU itself, or a number that is
 * none: the same list will do for each CPU of a node, and the first of them that comes has a page
 * to itself.
 *
 * @param      pool     the pool
 * @param      cpu      0 .. max_cpus-1
 * @param      request  what for
 * @param[out] slot     receives the slot, CGDT_NO_SLOT on failure; left alone on the first three
 *                      codes below; may be NULL
 *
 * @retval 0             done
 * @retval -CGDT_EEXIST  (caller) it has a slot
 * @retval -CGDT_EBUSY   another CPU is at it right now
 * @retval -CGDT_EINVAL  (caller) cpu >= max_cpus; or as cgdt_alloc_for(), and then `slot` is
 *                       CGDT_NO_SLOT
 * @return any other: as cgdt_alloc_for(); the CPU has no slot
 */
int cgdt_cpu_online_for(struct cgdt_pool *pool, uint32_t cpu, const struct cgdt_request *request,
                        cgdt_slot_t *slot);

/**
 * cgdt_cpu_online_for() on a page of its own kind alone.
 *
 * @param      pool  the pool
 * @param      cpu   0 .. max_cpus-1
 * @param      n     CPUs in near[]; may be 0
 * @param      near  in the order in which they are tried; may be NULL where n = 0
 * @param[out] slot  as for cgdt_cpu_online_for()
 *
 * @return as cgdt_cpu_online_for()
 */
CGDT_CALLS_ int cgdt_cpu_online_near(struct cgdt_pool *pool, uint32_t cpu, uint32_t n,
                                     const uint32_t *near, cgdt_slot_t *slot)
{
    const struct cgdt_request request = {sizeof(request), 0, 0, 1, n, NULL, near};

    return cgdt_cpu_online_for(pool, cpu, &request, slot);
}

/**
 * cgdt_cpu_online_for() with descriptors alone.
 *
 * @param      pool   the pool
 * @param      cpu    0 .. max_cpus-1
 * @param      first  first entry
 * @param      desc   as cgdt_request.desc
 * @param      n      how many; 0: as cgdt_cpu_online()
 * @param[out] slot   as for cgdt_cpu_online_for()
 *
 * @return as cgdt_cpu_online_for()
 */
CGDT_CALLS_ int cgdt_cpu_online_with(struct cgdt_pool *pool, uint32_t cpu, uint32_t first,
                                     const void *desc, uint32_t n, cgdt_slot_t *slot)
{
    const struct cgdt_request request = {sizeof(request), first, n, 0, 0, desc, NULL};

    return cgdt_cpu_online_for(pool, cpu, &request, slot);
}

/**
 * The CPU directory: port->quiesce(cpu), then free its slot: like cgdt_free(), not together with
 * writes, reads or frames of that slot.
 *
 * @param pool  the pool
 * @param cpu   0 .. max_cpus-1
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) cpu >= max_cpus
 * @retval -CGDT_ENOENT  (caller) it has no slot
 * @retval -CGDT_EBUSY   another CPU is at it right now
 * @return any other: the CPU will not let go (quiesce's code), or as cgdt_free(); it keeps its slot
 */
int cgdt_cpu_offline(struct cgdt_pool *pool, uint32_t cpu);

/**
 * The CPU directory: which slot a CPU has. During offline it still has the one that it had.
 *
 * @param      pool  the pool
 * @param      cpu   0 .. max_cpus-1
 * @param[out] slot  receives the slot; left alone on failure
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) cpu >= max_cpus, or slot is NULL
 * @retval -CGDT_ENOENT  it has none
 * @retval -CGDT_EBUSY   another CPU is bringing it online right now
 */
int cgdt_cpu_slot(const struct cgdt_pool *pool, uint32_t cpu, cgdt_slot_t *slot);

/**
 * After CPUs that died inside a call of the pool, in cgdt_cpu_online() say: what was on its way is
 * nobody's any more, and goes back. Every CPU that was coming is offline; one that was going is
 * online still, or offline if its slot was freed already; one that was moving (move.h) is online on
 * its old slot, or on the new one if the old one was being zeroed; slots that were neither free nor
 * anybody's are zeroed and free; pages that were coming are held, for the next growth. O(max_cpus +
 * pages), and a live_write for each slot regained.
 *
 * A handle that such a call has left in its caller's memory (in slots[] of cgdt_alloc_bulk(), or
 * that of the slot which was set aside for a CPU) is still its owner's, or stale: cgdt_free() of it
 * is safe, and tells. What the call has not written there is what the caller had there before. Held
 * pages can have templates on them until the next growth, or a trim, and
 * until then cgdt_check() says so.
 *
 * Slots in caches are nobody's, too: every cache of the pool has to be made again by
 * cgdt_cache_init() before it is used.
 *
 * The port's lock is not touched: if a dead CPU held it, it is the kernel's to make it free first.
 * Nor are the port's pages: a map, seal or unseal that a CPU died in, or right behind, is the
 * kernel's to undo first, an unmap to finish.
 *
 * @param pool  the pool; the caller knows that no CPU is inside any call of it, and serialises this
 *              with all other calls
 *
 * @return the slots regained, 0 up; or the port's code, live_write failed for some: call it again
 */
int cgdt_recover(struct cgdt_pool *pool);

#ifdef __cplusplus
}
#endif
#endif
