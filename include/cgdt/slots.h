/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Slots in and out, one at a time and several at once. Part of cgdt.h, which says who may call what
 * together.
 */
#ifndef CGDT_SLOTS_H
#define CGDT_SLOTS_H

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The lowest free slot (one of the lowest, beside other CPUs' calls), holding the template and
 * zeros.
 *
 * O(1) in the number of CPUs while slots are free; lock-free. Where at some moment of the call none
 * was, it looks at a word for each 64 slots in service, takes the port's lock and grows by a page.
 * A page that the port cannot give, clean or seal is gone round; on Xen the next one is in the next
 * window, since a window has no gap.
 *
 * @param      pool  the pool
 * @param[out] slot  its handle; CGDT_NO_SLOT on failure
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) slot is NULL
 * @retval -CGDT_ENOSPC  all max_cpus slots are owned, in caches (cache.h), or on their way to an
 *                       owner (whose live_write may yet fail, or who may yet take another, and then
 *                       they are free again)
 * @retval -CGDT_EPROTO  (port) it lied about a page
 * @return any other: the port's code; no page, or live_write failed
 */
int cgdt_alloc(struct cgdt_pool *pool, cgdt_slot_t *slot);

/**
 * The same without ever taking a lock or mapping a page: for callers with interrupts off, or in
 * one. Of the port it calls live_write() alone, where the template has to be written through that.
 *
 * @param      pool  the pool
 * @param[out] slot  its handle; CGDT_NO_SLOT on failure
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) slot is NULL
 * @retval -CGDT_EAGAIN  at some moment of the call no slot in service was free; cgdt_alloc() may
 *                       find one, and cgdt_reserve() beforehand sees to it
 * @return any other: the port's code; live_write failed
 */
int cgdt_alloc_nowait(struct cgdt_pool *pool, cgdt_slot_t *slot);

/**
 * What a slot is to come with: cgdt_alloc_for(), cgdt_cpu_online_for(). All of it 0 but
 * struct_bytes asks for nothing, and is cgdt_alloc().
 *
 * Descriptors (count is not 0): the slot has its owner's descriptors in it from the beginning,
 * those in place of the template's. They are checked and stored as by cgdt_write(), before a slot
 * is looked for. A page in service then gets template and descriptors by one live_write(), of which
 * a port makes one hypercall if it can; on a page by which the pool grows they are there before it
 * is sealed, by ordinary stores. desc is read once; up to 33 descriptors are on the stack
 * meanwhile, or 4 KiB where the template or first+count goes beyond 32.
 *
 * A page of its own kind (apart is 1): of one node's CPUs, or one tenant's. near[] are slots of
 * that kind. The slot comes, in this order,
 *
 * 1. from the page of one of near[]: the first whose page has a free slot;
 * 2. from a page of which no slot is taken: the first one from the window on that the first of
 *    near[] is in, and round; with near_count = 0 the lowest;
 * 3. from a new page, by which the pool grows as for cgdt_alloc();
 * 4. if there is none to be had, from a page of another kind: the first from that window on, and
 *    round, that has a free slot.
 *
 * So the first of a kind, with near_count = 0, has a page to itself. At the moment when its slot is
 * taken, one of near[] is owned on the page (1), or no slot of the page is taken (2, 3), whatever
 * other CPUs do: if all slots of a pool come apart, each near its kind, no page has slots of two
 * kinds while pages suffice. Whether they did is seen afterwards: the page (cgdt_slot_page()) is
 * that of one of near[], or cgdt_page_taken() shows the slot alone.
 *
 * Only the pages of near[] are looked for slots of its kind: hand in all there are, or one of each
 * page that may have room, or, while none is freed, the last one that came. What nobody owns, or no
 * longer, counts for nothing in near[]; so do CGDT_NO_SLOT and handles that never were. (A handle
 * whose slot has been freed 64 times since, while this call lasts even, looks like its present
 * owner's, here as everywhere. CPU numbers, of cgdt_cpu_online_for(), never do.)
 *
 * 1 is lock-free: a look at each of near[] up to the one that has room, and one atomic
 * read-modify-write. 2 and 4 are lock-free: a look at each page that the ceiling allows. The port's
 * lock is taken where neither 1 nor 2 found any.
 *
 * Like struct cgdt_config it begins with its own size.
 *
 * @code
 * const struct cgdt_request request = {
 *     .struct_bytes = sizeof(request), .first = 3, .count = 2, .desc = own,
 *     .apart = 1, .near_count = n, .near = cpus_of_my_node};
 * @endcode
 */
struct cgdt_request {
    uint32_t struct_bytes; /**< sizeof(struct cgdt_request). */
    uint32_t first;        /**< Entry of the first of desc[], below slot_entries. */
    uint32_t count;        /**< Descriptors in desc[]; 0: the template alone. */
    uint32_t apart;        /**< 1: on a page of its own kind. 0: any page, the lowest free slot. */
    uint32_t near_count;   /**< In near[]; 0 where apart is 0. */
    const void *desc;      /**< Aligned as a cgdt_desc_t; may be NULL where count = 0. */
    /**
     * In the order in which they are tried: handles, or for cgdt_cpu_online_for() CPUs. May be NULL
     * where near_count = 0, and may be where the call's `slot` points.
     */
    const uint32_t *near;
};

/**
 * A slot that comes with what its owner asks for: with its descriptors, on a page of its kind, or
 * both, as one change that is made or is not.
 *
 * @param      pool     the pool
 * @param      request  what for
 * @param[out] slot     its handle; CGDT_NO_SLOT on failure
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) slot is NULL; request is NULL, or shorter than 0.2 had it; desc is
 *                       not aligned, or is NULL and count is not 0; apart is neither 0 nor 1; near
 *                       is NULL, or apart is 0, and near_count is not 0
 * @retval -CGDT_E2BIG   (caller) as for cgdt_pool_init(): request has fields that this version of
 *                       the library does not know, and they are not 0
 * @retval -CGDT_ERANGE  (caller) as for cgdt_write()
 * @retval -CGDT_EILSEQ  (caller) as for cgdt_write() into a slot that has the template, and also
 *                       where they are what the template has there
 * @retval -CGDT_EROFS   (caller) as for cgdt_write()
 * @return any other: as cgdt_alloc()
 */
int cgdt_alloc_for(struct cgdt_pool *pool, const struct cgdt_request *request, cgdt_slot_t *slot);

/**
 * cgdt_alloc_for() of a page of its own kind alone.
 *
 * @param      pool  the pool
 * @param      n     handles in near[]; may be 0
 * @param      near  as cgdt_request.near
 * @param[out] slot  its handle; CGDT_NO_SLOT on failure
 *
 * @return as cgdt_alloc_for()
 */
CGDT_CALLS_ int cgdt_alloc_near(struct cgdt_pool *pool, uint32_t n, const cgdt_slot_t *near,
                                cgdt_slot_t *slot)
{
    const struct cgdt_request request = {sizeof(request), 0, 0, 1, n, NULL, near};

    return cgdt_alloc_for(pool, &request, slot);
}

/**
 * cgdt_alloc_for() with descriptors alone: cgdt_alloc(), and cgdt_write() into what came, as one.
 *
 * @param      pool   the pool
 * @param      first  first entry
 * @param      desc   as cgdt_request.desc
 * @param      n      how many; 0: as cgdt_alloc()
 * @param[out] slot   its handle; CGDT_NO_SLOT on failure
 *
 * @return as cgdt_alloc_for()
 */
CGDT_CALLS_ int cgdt_alloc_with(struct cgdt_pool *pool, uint32_t first, const void *desc,
                                uint32_t n, cgdt_slot_t *slot)
{
    const struct cgdt_request request = {sizeof(request), first, n, 0, 0, desc, NULL};

    return cgdt_alloc_for(pool, &request, slot);
}

/**
 * Several slots at once, lowest first.
 *
 * One atomic operation for up to 64 of them and, on new pages, the template written by ordinary
 * stores before the page is sealed. Takes the port's lock, and no caller may rely on anything else;
 * but a core that was not built for size does without where the lowest word of 64 slots that has a
 * free one has all n of them, and no other CPU changes that word meanwhile. Maps a page only if at
 * some moment of the call fewer than n slots in service were free.
 *
 * On failure no slot is taken and no page stays mapped, all of `slots[]` is CGDT_NO_SLOT. Only if
 * the port refuses even to undo (live_write of zeros fails) does a slot stay owned: its handle is
 * then in `slots[]`, for the caller to free later.
 *
 * @param      pool   the pool
 * @param      n      how many; 0 does nothing
 * @param[out] slots  receives n handles
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) slots is NULL, or n is above CGDT_MAX_SLOTS, a number gone wrong;
 *                       `slots[]` is left alone
 * @retval -CGDT_ENOSPC  fewer than n slots are left under the ceiling; those in caches and on their
 *                       way to an owner count as for cgdt_alloc(). No page was mapped to find that
 *                       out
 * @retval -CGDT_EPROTO  (port) it lied about a page
 * @return any other: the port's code
 */
int cgdt_alloc_bulk(struct cgdt_pool *pool, uint32_t n, cgdt_slot_t *slots);

/**
 * Zero a slot and give it back. Its CPU must not use it any more.
 *
 * All that the template and cgdt_write() put into it is zeroed. What somebody stored behind the
 * template without cgdt_write() may stay, where pages take ordinary stores; cgdt_check() finds it.
 * A core built with CGDT_DEBUG_ERASE looks at every entry in each free.
 *
 * @param pool  the pool
 * @param slot  the slot's handle, which is of no use afterwards
 *
 * @retval 0             done
 * @retval -CGDT_ESTALE  (caller) freed already, or being freed by another CPU: a double free
 * @retval -CGDT_EBUSY   (caller) a CPU of the directory has it, and cgdt_cpu_offline() frees it
 * @retval -CGDT_ENOENT  (caller) no such slot, or nobody owns it: a foreign handle; one that also
 *                       has the wrong generation cannot be told from a double free and earns
 *                       -CGDT_ESTALE
 * @return any other: the port's code, live_write failed; the slot is still owned and as it was
 */
int cgdt_free(struct cgdt_pool *pool, cgdt_slot_t slot);

/**
 * Zero several slots and give them back, with fewer atomic operations than one by one: fewest if
 * `slots[]` rises.
 *
 * @param         pool   the pool
 * @param         n      how many; 0 does nothing
 * @param[in,out] slots  n handles; what is freed becomes CGDT_NO_SLOT
 *
 * @retval 0             done
 * @retval -CGDT_ESTALE  (caller) one of them is not its owner's, as for cgdt_free(), or is in
 *                       `slots[]` twice; nothing is freed
 * @retval -CGDT_ENOENT  (caller) likewise; nothing is freed
 * @retval -CGDT_EBUSY   (caller) likewise; nothing is freed
 * @retval -CGDT_EINVAL  (caller) slots is NULL, or n is above CGDT_MAX_SLOTS
 * @return any other: the port's code, live_write failed for some; those are still owned, as they
 *         were, and left in `slots[]`; all others are freed
 */
int cgdt_free_bulk(struct cgdt_pool *pool, uint32_t n, cgdt_slot_t *slots);

#ifdef __cplusplus
}
#endif
#endif
