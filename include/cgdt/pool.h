/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The life of a pool: its configuration and size, init, seal, destroy; and how many pages it has.
 * Part of cgdt.h, which says who may call what together.
 */
#ifndef CGDT_POOL_H
#define CGDT_POOL_H

#include "check.h"
#include "layout.h"
#include "port.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The memory handed to cgdt_pool_init() must be aligned to this (a cache line). */
#define CGDT_POOL_ALIGN 64u

/**
 * @struct cgdt_pool
 * A pool. What is in it is private; it lies in the caller's memory and must not move.
 */
struct cgdt_pool;

/**
 * What a pool is to be. Filled in by the caller, copied by cgdt_pool_init().
 *
 * It begins with its own size, so that a program that was compiled with an older version of this
 * header runs with a later libcgdt.so, from 0.2 on: what its struct does not have, is 0 to the
 * library. Fields that a program has and the library does not know must be 0, or the call says
 * -CGDT_E2BIG.
 *
 * @code
 * const struct cgdt_config config = {.struct_bytes = sizeof(config), .max_cpus = 8, ...};
 * @endcode
 */
struct cgdt_config {
    uint32_t struct_bytes; /**< sizeof(struct cgdt_config). */
    uint32_t max_cpus; /**< The ceiling, slots: 1 to CGDT_MAX_SLOTS. CPUs are 0 .. max_cpus-1. */
    struct cgdt_layout layout; /**< Geometry: slots, windows, common page. */
    uint32_t keep_pages; /**< trim leaves at least this many slot pages in service; default 0. */
    uint32_t template_entries; /**< Of template_descs: 0 to slot_entries. */
    /**
     * The caller serialises every call: no atomic read-modify-write is used, but i386's own for
     * descriptors.
     */
    bool serialized;

    /**
     * Whose rules every descriptor must pass; with layout.mode = CGDT_MODE_NATIVE one of the
     * native.
     */
    const struct cgdt_profile *profile;
    const struct cgdt_port *port; /**< The operations; copied too. */
    void *port_ctx;               /**< `ctx` of the operations. */

    /**
     * Bytes from the address of a sealed page's entry in the view to where it can be written; 0:
     * the view can be written. port->direct stores there. Native, and not 0: the CPU reads its
     * table through a read-only mapping, where a segment whose accessed bit is clear would be a
     * page fault on its first load, so that no such segment is taken: -CGDT_EROFS. (A port whose
     * mappings have no such distance says cgdt_port.seal_read_only.)
     */
    intptr_t alias_bytes;

    /**
     * What every new slot starts with: descriptors for entries 0 to template_entries-1, aligned as
     * a cgdt_desc_t. Kept by reference, and checked by cgdt_pool_init() alone: must not change
     * while the pool lives. May be NULL with 0 entries. Entry 0 must be zero where windows have no
     * common page.
     */
    const void *template_descs;
};

/** What CGDT_POOL_BYTES() counts for the pool itself and what lies between its arrays. */
#define CGDT_POOL_HEAD_BYTES 512u

/** 64-bit words for one bit each of n things. */
#define CGDT_WORDS_FOR_(n) (((n) + 63u) / 64u)
/** And for a bit for each of those words; and so on, up to a single word. */
#define CGDT_WORDS2_FOR_(n) CGDT_WORDS_FOR_(CGDT_WORDS_FOR_(n))
/** The third level. */
#define CGDT_WORDS3_FOR_(n) CGDT_WORDS_FOR_(CGDT_WORDS2_FOR_(n))
/** The fourth and last. */
#define CGDT_WORDS4_FOR_(n) CGDT_WORDS_FOR_(CGDT_WORDS3_FOR_(n))

/**
 * cgdt_pool_bytes() as a constant, for a static array: at least as much, at most 0.5 KiB more.
 *
 * @code
 * static _Alignas(CGDT_POOL_ALIGN) unsigned char memory[CGDT_POOL_BYTES(64, 32)];
 * @endcode
 *
 * The terms are the pool itself, with what keeps arrays apart; free bits and the summary above
 * them; marks; owners; a word for each page and one for the common page; the directory.
 *
 * @param cpus          max_cpus of the configuration, 1 to CGDT_MAX_SLOTS; a constant
 * @param slot_entries  of its layout; a constant
 */
#define CGDT_POOL_BYTES(cpus, slot_entries)                                                        \
    (CGDT_POOL_HEAD_BYTES +                                                                        \
     8u * (CGDT_WORDS_FOR_(cpus) + CGDT_WORDS2_FOR_(cpus) + CGDT_WORDS3_FOR_(cpus) +               \
           CGDT_WORDS4_FOR_(cpus) + CGDT_WORDS_FOR_(cpus)) +                                       \
     ((cpus) + 7u) / 8u * 8u +                                                                     \
     sizeof(uintptr_t) * (((cpus) + 511u / (slot_entries)) / (512u / (slot_entries)) + 1u) +       \
     4u * (cpus))

/**
 * Bytes of memory that a pool with this configuration needs.
 *
 * At most 6 bytes per CPU plus 1 KiB from 16 colors on: 4 for the directory, 1 for the owner, 1/4
 * and a little for the free bit and the tree above, and 8 per page.
 *
 * @param config  the configuration
 *
 * @return the bytes; 0 if the configuration is NULL or not valid (cgdt_pool_init() says how)
 */
size_t cgdt_pool_bytes(const struct cgdt_config *config);

/**
 * Make a pool in `memory`. No page is mapped yet, but for the common page where the layout has one.
 *
 * O(bytes); for the common page one map() and one frame() of the port, under its lock.
 *
 * @param[out] pool    receives the handle of the pool, which points into memory; left alone on
 *                     failure
 * @param      memory  CGDT_POOL_ALIGN-aligned; must not move while the pool lives; any contents
 * @param      bytes   of memory, at least cgdt_pool_bytes()
 * @param      config  copied, and its port; what template_descs and port_ctx point to must outlive
 *                     the pool
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) a layout, profile, size, alignment or count out of range, a port
 *                       operation missing, a profile of Xen's in a native layout; struct_bytes is
 *                       0, or less than 0.2 had
 * @retval -CGDT_E2BIG   (caller) config or port has fields that this version of the library does
 *                       not know, and they are not 0
 * @retval -CGDT_EILSEQ  (caller) the profile refuses a descriptor of the template (see
 *                       cgdt_write()), or entry 0 is not zero without a common page
 * @retval -CGDT_EROFS   (caller) a segment of the template has its accessed bit clear, and the CPU
 *                       would set it through a read-only mapping (alias_bytes)
 * @retval -CGDT_EPROTO  (port) it lied about the common page; nothing is left mapped
 * @return any other: the port's code for the common page; nothing is left mapped
 */
int cgdt_pool_init(struct cgdt_pool **pool, void *memory, size_t bytes,
                   const struct cgdt_config *config);

/**
 * Give every page back. Afterwards the memory is the caller's again.
 *
 * O(pages), under the lock: an unseal() and an unmap() for each page. Where an unseal() fails, a
 * seal() for each page before it instead.
 *
 * @param pool  the pool; the caller serialises this with all other calls
 *
 * @retval 0             done
 * @retval -CGDT_EBUSY   (caller) a slot is still owned, or in a cache; nothing changed
 * @retval -CGDT_EPROTO  (port) an unsealed view is no page; as for any other
 * @return any other: the port's code, a page cannot be unsealed. Nothing changed, but for pages
 *         that the port then refuses to seal again: those are held (cgdt_pool_stats), and no longer
 *         count for the reserve
 */
int cgdt_pool_destroy(struct cgdt_pool *pool);

/**
 * The pool's layout, for the functions of layout.h. Any CPU, any time.
 *
 * @param pool  the pool
 *
 * @return the layout, as long as the pool lives; never NULL
 */
const struct cgdt_layout *cgdt_pool_layout(const struct cgdt_pool *pool);

/**
 * End the boot phase: seal every page, and from now on every new one before it is used. Calling it
 * again in the live phase does nothing.
 *
 * O(pages), under the lock: a seal() for each page; where one fails, an unseal() for each before.
 *
 * @param pool  the pool; the caller serialises this with all other calls
 *
 * @retval 0             done
 * @retval -CGDT_EPROTO  (port) a sealed view is no page
 * @return any other: the port's code, a page could not be sealed; all are private as before, but
 *         for those that the port then refuses to unseal
 */
int cgdt_seal(struct cgdt_pool *pool);

/**
 * Have at least n slots in service, taken or not, from now on: map pages until there are so many,
 * and let trim leave so many.
 *
 * O(pages), under the lock: for each page that comes a map(), a seal(), and a frame() of it and of
 * each page of its window; for each that cannot come, or must go again, an unseal() and an unmap().
 *
 * While at most n slots are taken, counted from the beginning of the call that takes one to the end
 * of the call that frees it, no cgdt_alloc() takes the lock or maps a page, and every
 * cgdt_alloc_nowait() finds a slot. Taken, too, are slots in caches (cache.h), and those on pages
 * that cgdt_pool_destroy() could not seal again.
 *
 * @param pool  the pool
 * @param n     slots wanted in service, 0 to max_cpus; 0 lifts the last reserve
 *
 * @retval 0             done
 * @retval -CGDT_ENOSPC  (caller) n is above max_cpus; nothing was asked of the port
 * @retval -CGDT_EPROTO  (port) it lied about a page
 * @return any other: the port's code; the last reserve stands
 */
int cgdt_reserve(struct cgdt_pool *pool, uint32_t n);

/**
 * Give pages back of which no slot is taken, the highest first, but leave keep_pages pages and the
 * slots of cgdt_reserve(). O(pages), under the lock; at most one unseal and one unmap for each
 * page.
 *
 * A CPU's frame list ends with its own page, so what lies above the last page in use of a window
 * can go; natively, any page. A page is looked at before it is taken, and while it is taken nothing
 * else of the pool is touched. Held pages (cgdt_pool_stats) go too, and count.
 *
 * @param pool  the pool
 *
 * @return the number of pages given back, 0 up; where it is none because a port operation failed,
 *         the port's code, or -CGDT_EPROTO where an unsealed view is no page. A page whose unseal
 *         fails stays in service
 */
int cgdt_trim(struct cgdt_pool *pool);

#ifdef __cplusplus
}
#endif
#endif
