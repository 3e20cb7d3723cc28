/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The CPU directory: which CPU has which slot. Part of cgdt.h, which says who may call what together.
 */
#ifndef CGDT_CPUS_H
#define CGDT_CPUS_H

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The CPU directory: alloc a slot for a CPU. One CPU's calls may meet others' in any way: one wins.
 *
 * @param      pool  the pool
 * @param      cpu   0 .. max_cpus-1
 * @param[out] slot  receives the slot, CGDT_NO_SLOT if there was none to be had; may be NULL
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) cpu >= max_cpus
 * @retval -CGDT_EEXIST  (caller) it has a slot
 * @retval -CGDT_EBUSY   another CPU is at it right now
 * @return any other: as cgdt_alloc(); the CPU has no slot
 */
int cgdt_cpu_online(struct cgdt_pool *pool, uint32_t cpu, cgdt_slot_t *slot);

/**
 * The CPU directory: port->quiesce(cpu), then free its slot: like cgdt_free(), not together with writes, reads or
 * frames of that slot.
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

#ifdef __cplusplus
}
#endif
#endif
