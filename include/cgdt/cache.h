/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A cache of slots for one CPU: an alloc and a free through it take one atomic read-modify-write
 * between them, the one that notices double frees, where cgdt_alloc() and cgdt_free() take three.
 * Part of cgdt.h, which says who may call what together. What is not called is not linked.
 *
 * A cache is some memory of the caller's, a struct cgdt_cache for each CPU say. In it are slots
 * that are nobody's and zero, and that the pool gives to nobody else. An alloc that finds it empty
 * fills half of it by one operation on the pool; a free that finds it full drains half of it, by
 * one for all that are neighbours. A slot may be freed through any cache or through none, wherever
 * it came from, and is the same to all other calls.
 *
 * What it gives up:
 *
 * - The lowest slot first. First comes the slot that was freed last, then what half a cache took
 *   from the pool, lowest first. Tables lie less densely, by what all caches hold.
 * - Full. A slot in another cache is not there: a call says -CGDT_ENOSPC or -CGDT_EAGAIN, or maps a
 *   page, while each other cache has up to CGDT_CACHE_SLOTS slots (or as many as it was made for)
 *   that nobody owns. For cgdt_alloc() and for bulk calls, which do not look into caches, that is
 *   every cache. Choose max_cpus by so many more, or caches small.
 * - Pages. One of which a cache has a slot stays, whatever cgdt_trim() is asked for, and
 *   cgdt_pool_destroy() says -CGDT_EBUSY. cgdt_cache_flush() beforehand gives all slots back.
 * - The reserve. Slots in caches count as taken for cgdt_reserve(), cgdt_stats() and
 *   cgdt_page_taken(): reserve so many more.
 * - Any CPU, any time. Calls of one cache are its owner's to serialise: one CPU without preemption,
 *   or a lock of the caller's. The handler of an interrupt or NMI that may have come while its CPU
 *   was in a call of a cache may not call that cache; cgdt_alloc_nowait() and cgdt_free() it may.
 *   Different caches need nothing from each other.
 * - Death. cgdt_recover() gives back what is neither free nor owned, so also what is in caches:
 *   after it every cache of the pool has to be made again by cgdt_cache_init() before it is used.
 *
 * The directory does not use caches: cgdt_cpu_online() and cgdt_cpu_offline() go to the pool.
 * cgdt_cpu_online_at() takes a slot that came through one.
 */
#ifndef CGDT_CACHE_H
#define CGDT_CACHE_H

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The most slots that a cache holds. */
#define CGDT_CACHE_SLOTS 128u

/**
 * A cache. What is in it is private, and it must not be copied while it is used. On a cache line of
 * its own (aligned to CGDT_POOL_ALIGN) no other CPU's stores are in its way.
 */
struct cgdt_cache {
    struct cgdt_pool *pool;              /**< Private. */
    uint32_t count;                      /**< Private: slots in it. */
    uint32_t capacity;                   /**< Private: room in it. */
    cgdt_slot_t slots[CGDT_CACHE_SLOTS]; /**< Private. */
};

/**
 * Bytes of a cache for fewer slots, 2 to CGDT_CACHE_SLOTS: memory that is aligned as a struct
 * cgdt_cache, and is used as one.
 *
 * @param slots  how many
 */
#define CGDT_CACHE_BYTES(slots)                                                                    \
    (sizeof(struct cgdt_pool *) + 2 * sizeof(uint32_t) + sizeof(cgdt_slot_t) * (slots))

/**
 * An empty cache. Nothing is asked of the pool. Slots that were in it stay taken until
 * cgdt_recover().
 *
 * @param[out] cache  memory for it, left alone on failure
 * @param      bytes  of that memory: sizeof(struct cgdt_cache), or CGDT_CACHE_BYTES(n) for a cache
 *                    of at most n slots
 * @param      pool   the pool, as long as the cache is used
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) cache is NULL or not aligned, bytes are less than
 *                       CGDT_CACHE_BYTES(2), or pool is NULL
 */
int cgdt_cache_init(struct cgdt_cache *cache, size_t bytes, struct cgdt_pool *pool);

/**
 * A slot, holding the template and zeros, from the cache.
 *
 * O(1), lock-free; no atomic read-modify-write while there is one in it. An empty cache is filled
 * first: up to half of it with the lowest free slots that are neighbours (of one word of 64). Where
 * at some moment of the call no slot in service was free, as cgdt_alloc(): under the port's lock,
 * growing by a page.
 *
 * @param      cache  the cache
 * @param[out] slot   the slot's handle; CGDT_NO_SLOT on failure
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) slot is NULL
 * @retval -CGDT_ENOSPC  the cache is empty, and all max_cpus slots are owned, in other caches, or
 *                       on their way
 * @retval -CGDT_EPROTO  (port) it lied about a page
 * @return any other: the port's code; no page, or live_write failed. The cache is as it was
 */
int cgdt_cache_alloc(struct cgdt_cache *cache, cgdt_slot_t *slot);

/**
 * Zero a slot and give it back, into the cache. Its CPU must not use it any more.
 *
 * O(1), lock-free; one atomic read-modify-write. Of a full cache half is given to the pool first,
 * those that came last, by at most one more for each of them.
 *
 * @param cache  the cache
 * @param slot   the slot's handle, which is of no use afterwards
 *
 * @retval 0             done
 * @retval -CGDT_ESTALE  (caller) as for cgdt_free(), wherever it was freed the first time
 * @retval -CGDT_EBUSY   (caller) as for cgdt_free(): a CPU of the directory has it
 * @retval -CGDT_ENOENT  (caller) as for cgdt_free()
 * @return any other: the port's code, live_write failed; the slot is still owned and as it was
 */
int cgdt_cache_free(struct cgdt_cache *cache, cgdt_slot_t slot);

/**
 * All slots in the cache to the pool: free for everybody. The cache is empty, and can be used on.
 *
 * Lock-free, asks nothing of the port; O(slots in it), at most one atomic read-modify-write for
 * each.
 *
 * @param cache  the cache
 *
 * @return 0, always
 */
int cgdt_cache_flush(struct cgdt_cache *cache);

#ifdef __cplusplus
}
#endif
#endif
