/* SPDX-License-Identifier: MIT */
/**
 * @file
 * What the embedding kernel supplies: pages, and ways to change them. A numbered contract.
 *
 *  1. A page is 4096 bytes, aligned to 4096, and belongs to one pool from map() to unmap(). It
 *     holds nothing but descriptors and zeros; the core keeps no bookkeeping on it.
 *  2. Pages are named by their index in the pool: 0 up, window by window, window_pages to a window;
 *     or CGDT_COMMON_PAGE. A window's pages are mapped in rising order and unmapped in falling
 *     order, one by one, so that a window in use has no gap; with CGDT_MODE_NATIVE any page may be
 *     absent. A page whose unseal() fails stays mapped: in service, or held until it can be
 *     cleaned.
 *  3. A page is *private* from map() on: zero, writable through `view` by ordinary stores, and
 *     known to no CPU and no hypervisor. seal() makes it *sealed*: from then on the core reads
 *     `view` and changes the page through live_write() only, or through the alias that stands for
 *     it. unseal() makes it private again.
 *  4. The core calls map, seal, unseal and unmap of one pool one at a time, between lock() and
 *     unlock() (serialized pools: by the caller's own order). live_write, frame and quiesce may run
 *     on any CPU at any time, several at once, also for the same page, but never two live_writes
 *     for the same slot.
 *  5. A result of 0 is success. Any negative value is passed to the core's caller as it is, and
 *     then the operation must have changed nothing. A result above 0 is treated as success.
 *  6. What map() gives is checked (aligned, zero, not in its window yet), and that seal() and
 *     unseal() give a page's address: -CGDT_EPROTO if one lies.
 *  7. unmap() cannot fail. All that can go wrong when a page leaves (a hypervisor that still holds
 *     a reference) must go wrong in unseal(), which comes first for every page that was sealed.
 *  8. The core never calls back into itself from a port operation, and holds no lock but the
 *     port's. A port may sleep in map, seal, unseal, unmap and lock if all callers of the pool may.
 *     Where one of these waits for other CPUs (a TLB flush), a CPU that waits for the lock must be
 *     able to answer.
 */
#ifndef CGDT_PORT_H
#define CGDT_PORT_H

#include "descriptor.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cgdt_profile; /* check.h */

/** Page index of the common page. */
#define CGDT_COMMON_PAGE 0xffffffffu

/**
 * Page frame number, as wide as Xen's xen_pfn_t: a machine frame on Xen, a physical frame on bare
 * metal.
 */
typedef uintptr_t cgdt_frame_t;

/**
 * A change to descriptors of one slot of a live page, in the order in which it must become visible
 * (invariant no-torn-descriptor).
 *
 * A port takes it as a sequence of single 8-byte stores:
 *
 * @code
 * while (cgdt_batch_next(batch, &update))
 *     store update.value to entry update.entry of the page, at once, by one aligned 8-byte store;
 * @endcode
 *
 * or, where it has a writable alias, hands that to cgdt_batch_store(). It may also collect the
 * updates and do them later in the same call, as a multicall does. Entries that are equal already
 * are left out.
 */
struct cgdt_batch {
    const cgdt_desc_t *slot;   /**< The slot's entry 0 in the view: what the page holds now. */
    const cgdt_desc_t *values; /**< New values for entries first to first+count-1; NULL: zeros. */
    const struct cgdt_profile
        *profile;         /**< What goes to the page is the values' stored form by it. */
    uint16_t slot_offset; /**< Entry of the page at which the slot begins. */
    uint16_t first;       /**< First entry of the slot that changes. */
    uint16_t count;       /**< How many entries do. */
    uint8_t order;        /**< A cgdt_batch_order. */
    uint8_t pass;         /**< Where cgdt_batch_next() is; begin with 0. */
    bool stored;          /**< The values are in that form already. */
    uint16_t next;        /**< Where cgdt_batch_next() is in this pass; begin with 0. */
};

/**
 * Orders of the stores, each of which never shows a torn 16-byte descriptor for the change that it
 * is for.
 */
enum cgdt_batch_order {
    /** Whatever was there, whatever comes: three passes. */
    CGDT_BATCH_ANY,
    /** Only zeros come, or no 16-byte descriptor is involved: low halves first. */
    CGDT_BATCH_RISING,
    /** The entries are zero now: high halves first. */
    CGDT_BATCH_FALLING,
};

/** One store of a batch. */
struct cgdt_update {
    uint32_t entry;    /**< Of the page, 0 to 511. */
    cgdt_desc_t value; /**< What it is to hold. */
};

/**
 * The next store of a batch. A batch is used by one CPU.
 *
 * @param[in,out] batch   the batch; its pass and next move on
 * @param[out]    update  what to store where; of no meaning at the end
 *
 * @return false when there is none left
 */
bool cgdt_batch_next(struct cgdt_batch *batch, struct cgdt_update *update);

/**
 * Back to the first store.
 *
 * @param[in,out] batch  the batch
 */
CGDT_INLINE_ void cgdt_batch_rewind(struct cgdt_batch *batch)
{
    batch->pass = 0;
    batch->next = 0;
}

/**
 * Do all the stores of a batch through a writable alias: each one aligned 8-byte store, on i386
 * too.
 *
 * @param[in,out] batch  the batch, from its first store; not to be used again without
 *                       cgdt_batch_rewind()
 * @param[out]    page   the alias of the page's first byte (not of the slot's)
 */
void cgdt_batch_store(struct cgdt_batch *batch, cgdt_desc_t *page);

/**
 * One aligned 8-byte store that no reader can see half of, on x86-64 and i386. SDM vol. 3A section
 * 9.1.1.
 *
 * @param[out] to     where; 8-byte aligned, writable
 * @param      value  the descriptor
 */
void cgdt_store_descriptor(cgdt_desc_t *to, cgdt_desc_t value);

/**
 * The operations. All must be given unless it says "may be NULL".
 *
 * In each, `ctx` is cgdt_config.port_ctx, `page` the page's index (rule 2), `view` where the page
 * can be read. Those that return int return 0, or a negative code and have changed nothing (rule
 * 5). cgdt_pool_init() copies the struct.
 */
struct cgdt_port {
    uint32_t struct_bytes; /**< sizeof(struct cgdt_port); see cgdt_config. */

    /**
     * Every sealed page has a writable alias at the same distance from its view
     * (cgdt_config.alias_bytes): the core does there what cgdt_batch_store() does, and live_write()
     * is not called and may be NULL. The fastest way, and one that cannot fail.
     */
    bool direct;

    /**
     * seal() leaves the CPU nothing but a read-only mapping: the pool takes no segment whose
     * accessed bit is clear, which the CPU would set on the first load (-CGDT_EROFS). The same as a
     * cgdt_config.alias_bytes that is not 0. Of no meaning under a hypervisor's profile.
     */
    bool seal_read_only;

    /**
     * A private page for index `page` (rules 1, 3, 6): `*view` is where it can be read and written.
     * -CGDT_ENOMEM: there is no page now, for no index; by any other error it is this page that
     * cannot be had, and the core goes on to the next that may be.
     */
    int (*map)(void *ctx, uint32_t page, void **view);

    /**
     * Make a private page read-only, ready for a CPU or a hypervisor. `*view` may be changed to
     * another address at which the page is to be read from now on.
     */
    int (*seal)(void *ctx, uint32_t page, void **view);

    /**
     * Make a sealed page private again; `*view` as for seal(). Must fail, and change nothing, while
     * a CPU or hypervisor still holds a reference (Xen answers -EBUSY by itself).
     */
    int (*unseal)(void *ctx, uint32_t page, void **view);

    /** Take a private page back, whatever it contains. */
    void (*unmap)(void *ctx, uint32_t page, void *view);

    /**
     * The frame number of a mapped page into `*frame`; the same while it is private and while it is
     * sealed.
     */
    int (*frame)(void *ctx, uint32_t page, const void *view, cgdt_frame_t *frame);

    /**
     * Do a batch on a sealed page: all of it, or on failure none of it. The values have passed the
     * profile's check, so a hypervisor has no reason to refuse them. May be NULL where `direct` is
     * set or `writable` is given.
     */
    int (*live_write)(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch);

    /**
     * Returns 0 once CPU `cpu` no longer uses its table (it is down and the hypervisor dropped its
     * frames, or has loaded another one). Asked by cgdt_cpu_offline() before it frees the slot. An
     * error keeps the slot. May be NULL: the caller of cgdt_cpu_offline() has made sure itself.
     */
    int (*quiesce)(void *ctx, uint32_t cpu);

    /**
     * One lock for the pool's pages. lock and unlock may be NULL in a serialized pool, and only
     * there.
     */
    void (*lock)(void *ctx);
    /** Lets go of it. */
    void (*unlock)(void *ctx);

    /**
     * The address at which a sealed page takes ordinary stores, that of its entry 0: for a port
     * whose pages all have a writable alias of their own for as long as they are sealed, but not at
     * one distance (`direct`): a kernel's direct map, say. The core does there what
     * cgdt_batch_store() does, and live_write() is not called and may be NULL. Cannot fail; is
     * called where live_write() would be, so it must be as quick as it looks. May be NULL; is not
     * asked where `direct` is set.
     */
    cgdt_desc_t *(*writable)(void *ctx, uint32_t page, const void *view);
};

#ifdef __cplusplus
}
#endif
#endif
