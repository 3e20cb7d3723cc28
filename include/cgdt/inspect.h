/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Looking only: check, counts, a page in words. Part of cgdt.h, which says who may call what
 * together.
 */
#ifndef CGDT_INSPECT_H
#define CGDT_INSPECT_H

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Check every mapped page of the pool: descriptors by the profile, unowned slots by the house rule,
 * no page in the pool twice. (A page that is not aligned has never got into it.)
 *
 * Takes the port's lock, so that no page goes away. What other CPUs change at the very moment may
 * be reported although it was never wrong: a slot on its way in or out as unowned and not zero; a
 * 16-byte descriptor that cgdt_write() replaces as one without its second half; on i386, which
 * loads 4 bytes at a time, a descriptor as half of the old and half of the new. Ask again. A frame
 * is compared with the common page's and with those of the 1,024 pages before it.
 *
 * Costs a look at 512 descriptors for each mapped page, and calls of the port's frame(): one for
 * the page itself, and one for each page that it is compared with, so at most 1,026 a page. All of
 * it under the port's lock: growth and trim wait, what takes no lock (cgdt.h) does not.
 *
 * @param      pool       the pool
 * @param[out] violation  receives the first violation where the result is 1, otherwise left alone;
 *                        may be NULL
 *
 * @retval 0  all is well
 * @retval 1  it is not
 * @return any other: the port's code for a frame number
 */
int cgdt_check(struct cgdt_pool *pool, struct cgdt_violation *violation);

/**
 * The same for one window, its common page included; the same cost for each page of it.
 *
 * @param      pool       the pool
 * @param      window     0 up, of those that max_cpus has
 * @param[out] violation  as for cgdt_check()
 *
 * @retval 0             all is well
 * @retval 1             it is not
 * @retval -CGDT_EINVAL  (caller) no such window
 * @return any other: the port's code for a frame number
 */
int cgdt_check_window(struct cgdt_pool *pool, uint32_t window, struct cgdt_violation *violation);

/**
 * Counts, gathered in O(pages); a snapshot that other CPUs may outdate at once. Later versions add
 * fields at the end.
 */
struct cgdt_pool_stats {
    uint32_t max_slots;       /**< The ceiling. */
    uint32_t mapped_pages;    /**< Slot pages in service. */
    uint32_t common_pages;    /**< 0 or 1. */
    uint32_t mapped_windows;  /**< Windows with a page in service. */
    uint32_t sealed_pages;    /**< Of mapped_pages. */
    uint32_t free_slots;      /**< On mapped pages. */
    uint32_t taken_slots;     /**< On mapped pages: not free; owned, in a cache, or on their way. */
    uint32_t held_pages;      /**< Out of service: on their way, or left when an undo failed too. */
    uint32_t reserved_slots;  /**< As asked by cgdt_reserve(). */
    size_t bookkeeping_bytes; /**< cgdt_pool_bytes(). */
};

/**
 * Count. Any CPU, any time; no lock, no port call; O(pages), two loads each.
 *
 * @param      pool   the pool
 * @param[out] stats  receives the counts
 * @param      bytes  sizeof(*stats): a program that was compiled with an older version of this
 *                    header gets the counts that it knows, and what this library does not know is 0
 */
void cgdt_stats(const struct cgdt_pool *pool, struct cgdt_pool_stats *stats, size_t bytes);

/**
 * Which colors of a slot page are taken. Any CPU, any time; no lock, no port call, O(1).
 *
 * @param      pool   the pool
 * @param      page   0 up, counted as by cgdt_slot_page()
 * @param[out] taken  bit c for color c, set if the slot is not free: owned, in a cache, or on its
 *                    way in or out, as all of a page are when that is on its way; 0 for a page that
 *                    is not in service; left alone on -CGDT_EINVAL
 *
 * @retval 1             the page is in service
 * @retval 0             it is not
 * @retval -CGDT_EINVAL  (caller) no such page, or taken is NULL
 */
int cgdt_page_taken(const struct cgdt_pool *pool, uint32_t page, uint64_t *taken);

/**
 * A readable dump of one slot page: a line per owned slot and per descriptor that is not zero.
 *
 * Lines are ended by a newline, the text by a NUL. The format may change. Takes the port's lock for
 * as long as the text takes: at most 577 lines (the page, 64 slots, 512 descriptors) of 120 bytes.
 * No other port call.
 *
 * @param      pool    the pool
 * @param      page    0 up, counted as by cgdt_slot_page()
 * @param[out] buffer  receives the text; left alone on -CGDT_EINVAL; may be NULL where size is 0
 * @param      size    bytes of the buffer
 *
 * @retval -CGDT_EINVAL  (caller) no such page, it is not mapped, or buffer is NULL and size is not
 *                       0
 * @return the length of the whole text (>= size: it was cut)
 */
int cgdt_describe(struct cgdt_pool *pool, uint32_t page, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif
#endif
