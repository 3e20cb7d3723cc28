/* SPDX-License-Identifier: MIT */
/**
 * @file
 * CPUs that move to other slots, so that pages follow the CPUs: after a churn they sit on many
 * pages, a few on each. Part of cgdt.h, which says who may call what together.
 *
 * A plan, made anew by each call from what is taken at that moment, keeps as few pages as can hold
 * all slots that are taken, ceil(taken / colors), and of those the fullest; so the fewest slots
 * have to move. (Where max_cpus leaves the last page fewer slots, that one is kept last.) Where a
 * window has several pages, what is kept of each begins at its first page, since a CPU's frame list
 * names all pages below its own; there the pages are as few, but now and then a few more slots move
 * than the fewest, or one of them twice. Each CPU on another page moves to the fullest kept page
 * that has room. When nobody has to move any more, cgdt_trim() gives the other pages back.
 *
 * A CPU moves itself, around the kernel's own reload of its table:
 *
 * @code
 * if (cgdt_cpu_move_begin(pool, cpu, 0, NULL, &slot) == 0) {
 *     load the table of `slot`: cgdt_gdtr() and LGDT, or cgdt_frames() and set_gdt
 *     load segment registers, by cgdt_rebase() of what they had
 *     cgdt_cpu_move_end(pool, cpu);
 * }
 * @endcode
 *
 * Natively all selectors stay what they are, and nothing but GDTR has to be loaded; what the
 * descriptor of the TSS in TR says of busy has come along. Where pages are a hypervisor's, the bias
 * changes and with it every local selector, also those that are saved somewhere.
 *
 * Slots that nobody moves count as taken: those in caches (cache.h), and those that are set aside.
 * Their pages stay, be they kept or not.
 */
#ifndef CGDT_MOVE_H
#define CGDT_MOVE_H

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The CPU directory: the first step of a move. A slot on a kept page, holding what the CPU's slot
 * holds at this moment, all entries as they are stored there; the CPU has both until the move ends.
 *
 * near[], if n is not 0, are CPUs of the same kind: all there are, as for cgdt_cpu_online_for().
 * Then the plan is about the pages of those and of the CPU alone, and the CPU comes to a page that
 * one of them is on. (In windows of several pages, a kind's pages may be fewer than the pages below
 * them.)
 *
 * From here to the end of the move the directory still names the old slot (cgdt_cpu_slot()), which
 * nobody writes meanwhile; the CPU's own offline, or a move of another CPU of this pool, is
 * -CGDT_EBUSY: moves go one at a time. Never takes a lock, maps a page or waits; a look at each
 * page that the ceiling allows, one atomic read-modify-write for the slot, at most one live_write()
 * of the port.
 *
 * @param      pool  the pool
 * @param      cpu   0 .. max_cpus-1
 * @param      n     CPUs in near[]; 0: any page will do
 * @param      near  may be NULL where n = 0
 * @param[out] slot  receives the new slot; left alone on failure
 *
 * @retval 0             the CPU is moving; cgdt_cpu_move_end() or cgdt_cpu_move_abort() is next
 * @retval -CGDT_EINVAL  (caller) cpu >= max_cpus; slot is NULL, or near is, and n is not 0
 * @retval -CGDT_ENOENT  (caller) it has no slot
 * @retval -CGDT_EBUSY   another CPU is moving, or at this one, right now
 * @retval -CGDT_EAGAIN  there is no better place for the CPU than its own; or others were quicker
 * @return any other: the port's code; live_write failed
 */
int cgdt_cpu_move_begin(struct cgdt_pool *pool, uint32_t cpu, uint32_t n, const uint32_t *near,
                        cgdt_slot_t *slot);

/**
 * The CPU directory: a move is done. The CPU uses its new table alone; the old slot is zeroed and
 * free. Any CPU may call it.
 *
 * @param pool  the pool
 * @param cpu   0 .. max_cpus-1
 *
 * @retval 0             done; the directory names the new slot
 * @retval -CGDT_EINVAL  (caller) cpu >= max_cpus
 * @retval -CGDT_ENOENT  (caller) it is not moving
 * @retval -CGDT_EBUSY   another CPU is ending this move right now
 * @return any other: the port's code, live_write failed: the CPU is moving still, both slots as
 *         they were. Call it again, or go back
 */
int cgdt_cpu_move_end(struct cgdt_pool *pool, uint32_t cpu);

/**
 * The CPU directory: a move that is not to be. The CPU uses its old table alone, which is as it
 * was; the new slot is zeroed and free. Any CPU may call it, that of a dead CPU's move, too.
 *
 * @param pool  the pool
 * @param cpu   0 .. max_cpus-1
 *
 * @return as cgdt_cpu_move_end(); on 0 the directory names the old slot
 */
int cgdt_cpu_move_abort(struct cgdt_pool *pool, uint32_t cpu);

/**
 * Which CPU should move next: one on the page that the plan gives up first. For a kernel that sends
 * CPUs; one that asks cgdt_cpu_move_begin() in each idle loop need not know.
 *
 * O(max_cpus), no lock, no port call.
 *
 * @param      pool  the pool
 * @param      n     CPUs in near[]; 0: all of the directory
 * @param      near  CPUs of a kind, as for cgdt_cpu_move_begin(); may be NULL where n = 0
 * @param[out] cpu   receives its number; left alone on failure
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) cpu is NULL, or near is, and n is not 0
 * @retval -CGDT_ENOENT  nobody: all of them are on pages that are kept
 */
int cgdt_cpu_crowded(const struct cgdt_pool *pool, uint32_t n, const uint32_t *near, uint32_t *cpu);

/**
 * The same without the directory, for slots of cgdt_alloc(): another slot for what `from` holds.
 * Both are the caller's then: cgdt_free() of `from` ends the move, cgdt_free() of the other one
 * goes back.
 *
 * @param      pool  the pool
 * @param      from  the slot; its owner serialises this with writes to it
 * @param      n     handles in near[]; 0: any page will do
 * @param      near  slots of the same kind; may be NULL where n = 0
 * @param[out] slot  receives the new slot; left alone on failure
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) slot is NULL, or near is, and n is not 0
 * @retval -CGDT_EBUSY   (caller) a CPU of the directory has it
 * @retval -CGDT_ENOENT  (caller) as for cgdt_free()
 * @retval -CGDT_ESTALE  (caller) as for cgdt_free()
 * @retval -CGDT_EAGAIN  as for cgdt_cpu_move_begin()
 * @return any other: the port's code; live_write failed
 */
int cgdt_move_begin(struct cgdt_pool *pool, cgdt_slot_t from, uint32_t n, const cgdt_slot_t *near,
                    cgdt_slot_t *slot);

/**
 * Which of these slots should move next. The plan is about their pages. O(n x pages).
 *
 * @param      pool   the pool
 * @param      n      handles in slots[]
 * @param      slots  those that can move, all there are; may be NULL where n = 0
 * @param[out] slot   receives one of them; left alone on failure
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) slot is NULL, or slots is, and n is not 0
 * @retval -CGDT_ENOENT  none
 */
int cgdt_crowded(const struct cgdt_pool *pool, uint32_t n, const cgdt_slot_t *slots,
                 cgdt_slot_t *slot);

#ifdef __cplusplus
}
#endif
#endif
