/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A pool of GDT slots: every CPU gets a table of its own, several tables share a page.
 *
 * A pool lives in memory that the caller hands in; pages come from the port. The life of a pool:
 *
 * @verbatim
   cgdt_pool_init()                     empty
   boot phase, one CPU at a time        alloc, write: pages are private, stores are ordinary ones
   cgdt_seal()                          every page becomes read-only; from here on
   live phase, any CPU, any time        alloc, write, free, trim, ...: changes go through live_write()
   cgdt_pool_destroy()                  all slots freed, all pages back
   @endverbatim
 *
 * A pool that is used by several CPUs from the beginning calls cgdt_seal() right after init.
 *
 * Who may call what together (live phase of a pool that is not `serialized`):
 *
 * @verbatim
                      alloc  free(s) write(s) read(s) frames(s) trim reserve online(c) offline(c)  check
   alloc, bulk          +      +       +        +       +        +      +       +         +          o
   free(s), bulk        +      e       x        x       x        +      +       +         e          o
   write(s)             +      x       x        x       +        +      +       +         x          o
   read(s)              +      x       x        +       +        +      +       +         x          o
   frames(s), gdtr(s)   +      x       +        +       +        +      +       +         x          o
   trim, reserve        +      +       +        +       +        +      +       +         +          +
   online(c)            +      +       +        +       +        +      +       e         e          o
   offline(c)           +      e       x        x       x        +      +       e         e          o

   +  at any time      x  the owner of slot s serialises them (different slots: +); offline(c) is a free of c's slot
   e  at any time; one succeeds, the other gets an error      o  safe, but see cgdt_check()
   @endverbatim
 *
 * init, destroy, seal and everything in the boot phase: the caller serialises them with all other calls.
 * In a serialized pool the caller serialises everything, always.
 * alloc is lock-free while mapped pages have room, free and free_bulk always; only growing, alloc_bulk, trim,
 * reserve and check take the port's lock. No call sleeps or spins by itself.
 *
 * Pointers: the pool, and the results of cgdt_stats() and of the pure functions in the other headers, must be
 * valid; nobody checks them. Any other NULL is -CGDT_EINVAL, unless it may be NULL by its text or there is
 * nothing to read or write (n = 0). Lengths that the caller gives for its own memory cannot be checked.
 */
#ifndef CGDT_CGDT_H
#define CGDT_CGDT_H

#include "check.h"
#include "layout.h"
#include "port.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CGDT_VERSION_MAJOR 0 /**< MAJOR of MAJOR.MINOR.PATCH of this source. */
#define CGDT_VERSION_MINOR 1 /**< MINOR of the same. */
#define CGDT_VERSION_PATCH 0 /**< PATCH of the same. */

/** The memory handed to cgdt_pool_init() must be aligned to this (a cache line). */
#define CGDT_POOL_ALIGN 64u

/**
 * @struct cgdt_pool
 * A pool. What is in it is private; it lies in the caller's memory and must not move.
 */
struct cgdt_pool;

/** What a pool is to be. Filled in by the caller, copied by cgdt_pool_init(). */
struct cgdt_config {
    const struct cgdt_port *port; /**< The operations; kept by reference: must outlive the pool. */
    void *port_ctx;               /**< `ctx` of the operations. */

    /**
     * Only where port->direct is set: bytes from the address of a sealed page's entry in the view to where
     * it can be written. 0: the view can be written.
     */
    intptr_t alias_bytes;

    struct cgdt_layout layout; /**< Geometry: slots, windows, common page. */
    /** Whose rules every descriptor must pass. 0 is CGDT_XEN_PV64; with layout.mode = CGDT_NATIVE one of the native. */
    enum cgdt_profile profile;
    uint32_t max_cpus; /**< The ceiling, slots: 1 to CGDT_MAX_SLOTS. CPUs are 0 .. max_cpus-1. */
    uint32_t keep_windows; /**< trim leaves at least this many windows in service; default 0. */
    /** The caller serialises every call: no atomic read-modify-write is used, but i386's own for descriptors. */
    bool serialized;

    /**
     * What every new slot starts with: entries 0 to template_entries-1, aligned as a cgdt_desc_t. Kept by
     * reference, and checked by cgdt_pool_init() alone: must not change while the pool lives. May be NULL with 0
     * entries. Entry 0 must be zero where windows have no common page.
     */
    const cgdt_desc_t *template_descs;
    uint32_t template_entries; /**< 0 to slot_entries. */
};

/**
 * Bytes of memory that a pool with this configuration needs.
 *
 * At most 6 bytes per CPU plus 1 KiB from 16 colors on: 4 for the directory, 1 for the owner, 1/8 and a
 * little for the free bit and the tree above, and 8 per page.
 *
 * @param config  the configuration
 *
 * @return the bytes; 0 if the configuration is NULL or not valid (cgdt_pool_init() says how)
 */
size_t cgdt_pool_bytes(const struct cgdt_config *config);

/**
 * Make a pool in `memory`. No page is mapped yet, but for the common page where the layout has one.
 *
 * @param[out] pool    receives the handle of the pool, which points into memory; left alone on failure
 * @param      memory  CGDT_POOL_ALIGN-aligned; must not move while the pool lives; any contents
 * @param      bytes   of memory, at least cgdt_pool_bytes()
 * @param      config  copied; what it points to must outlive the pool
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) a layout, profile, size, alignment or count out of range, a port operation
 *                       missing, a profile of Xen's in a native layout
 * @retval -CGDT_EILSEQ  (caller) the profile refuses a descriptor of the template (see cgdt_write()), or
 *                       entry 0 is not zero without a common page
 * @retval -CGDT_EPROTO  (port) it lied about the common page; nothing is left mapped
 * @return any other: the port's code for the common page; nothing is left mapped
 */
int cgdt_pool_init(struct cgdt_pool **pool, void *memory, size_t bytes,
                   const struct cgdt_config *config);

/**
 * Give every page back. Afterwards the memory is the caller's again.
 *
 * @param pool  the pool; the caller serialises this with all other calls
 *
 * @retval 0             done
 * @retval -CGDT_EBUSY   (caller) a slot is still owned; nothing changed
 * @retval -CGDT_EPROTO  (port) an unsealed view is no page; as for any other
 * @return any other: the port's code, a page cannot be unsealed. Nothing changed, but for pages that the port then
 *         refuses to seal again: those are held (cgdt_pool_stats), and the reserve is smaller by their slots
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
 * End the boot phase: seal every page, and from now on every new one before it is used. Calling it again in the
 * live phase does nothing.
 *
 * @param pool  the pool; the caller serialises this with all other calls
 *
 * @retval 0             done
 * @retval -CGDT_EPROTO  (port) a sealed view is no page
 * @return any other: the port's code, a page could not be sealed; all are private as before, but for those that
 *         the port then refuses to unseal
 */
int cgdt_seal(struct cgdt_pool *pool);

/**
 * Map pages until at least n slots are free, and keep them. O(pages).
 *
 * The next n allocations then do not grow, and fail only where the template's live_write does; and trim leaves
 * n free slots mapped from now on.
 *
 * @param pool  the pool
 * @param n     free slots wanted; 0 lifts the last reserve
 *
 * @retval 0             done
 * @retval -CGDT_ENOSPC  (caller) fewer than n slots are left under the ceiling
 * @retval -CGDT_EPROTO  (port) it lied about a page
 * @return any other: the port's code
 */
int cgdt_reserve(struct cgdt_pool *pool, uint32_t n);

/**
 * The lowest free slot, holding the template and zeros.
 *
 * O(1) in the number of CPUs; grows by a page where mapped pages are full.
 *
 * @param      pool  the pool
 * @param[out] slot  its handle; CGDT_NO_SLOT on failure
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) slot is NULL
 * @retval -CGDT_ENOSPC  all max_cpus slots are owned, or on their way to an owner (whose live_write may yet
 *                       fail, and then they are free again)
 * @retval -CGDT_EPROTO  (port) it lied about a page
 * @return any other: the port's code; no page, or live_write failed
 */
int cgdt_alloc(struct cgdt_pool *pool, cgdt_slot_t *slot);

/**
 * Several slots at once, lowest first.
 *
 * One atomic operation for up to 64 of them under the port's lock and, on new pages, the template written by
 * ordinary stores before the page is sealed.
 *
 * On failure no slot is taken and no page stays mapped, all of `slots[]` is CGDT_NO_SLOT. Only if the port
 * refuses even to undo (live_write of zeros fails) does a slot stay owned: its handle is then in `slots[]`, for
 * the caller to free later.
 *
 * @param      pool   the pool
 * @param      n      how many; 0 does nothing
 * @param[out] slots  receives n handles
 *
 * @retval 0             done
 * @retval -CGDT_EINVAL  (caller) slots is NULL, or n is above CGDT_MAX_SLOTS, a number gone wrong; `slots[]` is
 *                       left alone
 * @retval -CGDT_ENOSPC  fewer than n slots are left under the ceiling; those on their way to an owner count as
 *                       for cgdt_alloc()
 * @retval -CGDT_EPROTO  (port) it lied about a page
 * @return any other: the port's code
 */
int cgdt_alloc_bulk(struct cgdt_pool *pool, uint32_t n, cgdt_slot_t *slots);

/**
 * Zero a slot and give it back. Its CPU must not use it any more (cgdt_cpu_offline() sees to that).
 *
 * @param pool  the pool
 * @param slot  the slot's handle, which is of no use afterwards
 *
 * @retval 0             done
 * @retval -CGDT_ESTALE  (caller) freed already, or being freed by another CPU: a double free
 * @retval -CGDT_ENOENT  (caller) no such slot, or nobody owns it: a foreign handle; one that also has the
 *                       wrong generation cannot be told from a double free and earns -CGDT_ESTALE
 * @return any other: the port's code, live_write failed; the slot is still owned and as it was
 */
int cgdt_free(struct cgdt_pool *pool, cgdt_slot_t slot);

/**
 * Zero several slots and give them back, with fewer atomic operations than one by one: fewest if `slots[]` rises.
 *
 * @param         pool   the pool
 * @param         n      how many; 0 does nothing
 * @param[in,out] slots  n handles; what is freed becomes CGDT_NO_SLOT
 *
 * @retval 0             done
 * @retval -CGDT_ESTALE  (caller) one of them is not its owner's, as for cgdt_free(), or is in `slots[]` twice;
 *                       nothing is freed
 * @retval -CGDT_ENOENT  (caller) likewise; nothing is freed
 * @retval -CGDT_EINVAL  (caller) slots is NULL, or n is above CGDT_MAX_SLOTS
 * @return any other: the port's code, live_write failed for some; those are still owned, as they were, and left
 *         in `slots[]`; all others are freed
 */
int cgdt_free_bulk(struct cgdt_pool *pool, uint32_t n, cgdt_slot_t *slots);

/**
 * Give wholly free windows back, the highest first, but leave keep_windows windows and the slots of
 * cgdt_reserve(). O(pages).
 *
 * A window of which only held pages (cgdt_pool_stats) are left is none that is kept: it goes too, and counts. A
 * window that can neither leave nor be sealed again is held from then on.
 *
 * @param pool  the pool
 *
 * @return the number of windows given back, 0 up; where it is none because a port operation failed, the
 *         port's code, or -CGDT_EPROTO where an unsealed view is no page
 */
int cgdt_trim(struct cgdt_pool *pool);

/**
 * Write descriptors of one slot, entries first to first+n-1.
 *
 * All are checked against the profile first and stored in the form that the hypervisor would keep (DPL
 * raised, ...), so that what is read back is what was meant. Entries that are equal already are skipped; if
 * all are, the port is not called.
 *
 * @param pool   the pool
 * @param slot   the slot; its owner serialises writes to it
 * @param first  first entry, 0 .. slot_entries-1
 * @param desc   n descriptors, aligned as a cgdt_desc_t; may be NULL where n = 0
 * @param n      how many; 0 does nothing
 *
 * @retval 0             done
 * @retval -CGDT_ERANGE  (caller) entries outside the slot, or entry 0 (not zero) without a common page
 * @retval -CGDT_EILSEQ  (caller) the profile refuses a descriptor, or would keep it in a form that it changes
 *                       or refuses when it sees the page again (a PV32 call gate of ring 2 or 3, of which Xen
 *                       would make one of ring 1); or, native 64, a 16-byte descriptor would be left without its
 *                       other half, or a TSS or LDT has a base that is not canonical
 * @retval -CGDT_EINVAL  (caller) desc is NULL or not aligned
 * @retval -CGDT_ENOENT  (caller) as for cgdt_free()
 * @retval -CGDT_ESTALE  (caller) as for cgdt_free()
 * @return any other: the port's code, live_write failed, nothing written
 */
int cgdt_write(struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t first, const cgdt_desc_t *desc,
               uint32_t n);

/**
 * Read descriptors of one slot, entries first to first+n-1.
 *
 * @param      pool   the pool
 * @param      slot   the slot
 * @param      first  first entry, 0 .. slot_entries-1
 * @param[out] desc   receives n descriptors; aligned as a cgdt_desc_t; may be NULL where n = 0
 * @param      n      how many
 *
 * @retval 0             done
 * @retval -CGDT_ERANGE  (caller) entries outside the slot
 * @retval -CGDT_EINVAL  (caller) desc is NULL or not aligned
 * @retval -CGDT_ENOENT  (caller) as for cgdt_free()
 * @retval -CGDT_ESTALE  (caller) as for cgdt_free()
 */
int cgdt_read(const struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t first, cgdt_desc_t *desc,
              uint32_t n);

/**
 * Write descriptors of the common page, entries first to first+n-1. Checked and stored as by cgdt_write().
 *
 * @param pool   the pool; the caller serialises these calls
 * @param first  first entry, 0 .. 511; entry 0 must be zero
 * @param desc   n descriptors, aligned as a cgdt_desc_t; may be NULL where n = 0
 * @param n      how many; 0 does nothing
 *
 * @retval 0              done
 * @retval -CGDT_ENOTSUP  (caller) no common page
 * @retval -CGDT_ERANGE   (caller) entries outside the page, or entry 0 (not zero)
 * @retval -CGDT_EILSEQ   (caller) as for cgdt_write()
 * @retval -CGDT_EINVAL   (caller) desc is NULL or not aligned
 * @return any other: the port's code, live_write failed, nothing written
 */
int cgdt_write_common(struct cgdt_pool *pool, uint32_t first, const cgdt_desc_t *desc, uint32_t n);

/**
 * What set_gdt and VCPUOP_initialise need for the CPU of a slot: the frames of its window, from the window's
 * head to the slot's own page, and the number of entries.
 *
 * @param      pool      the pool, paged
 * @param      slot      the slot
 * @param[out] frames    receives up to CGDT_MAX_FRAMES frame numbers; of no meaning on failure
 * @param[out] n_frames  receives how many; left alone on failure
 * @param[out] entries   receives gdt_ents, a multiple of 512; left alone on failure
 *
 * @retval 0              done
 * @retval -CGDT_ENOTSUP  (caller) native: see cgdt_gdtr()
 * @retval -CGDT_ENOENT   (caller) as for cgdt_free()
 * @retval -CGDT_ESTALE   (caller) as for cgdt_free()
 * @retval -CGDT_EINVAL   (caller) frames, n_frames or entries is NULL
 * @retval -CGDT_EPERM    (caller) before cgdt_seal()
 * @return any other: the port's code
 */
int cgdt_frames(const struct cgdt_pool *pool, cgdt_slot_t slot,
                cgdt_frame_t frames[CGDT_MAX_FRAMES], uint32_t *n_frames, uint32_t *entries);

/** What LGDT needs (native), the SDM's "pseudo-descriptor" unpacked. */
struct cgdt_pseudo_descriptor {
    uintptr_t base; /**< The table's linear address in the view. */
    uint16_t limit; /**< Its last byte: slot_entries x 8 - 1. */
};

/**
 * What LGDT needs for the CPU of a slot.
 *
 * @param      pool  the pool, native
 * @param      slot  the slot
 * @param[out] gdtr  receives base and limit; left alone on failure
 *
 * @retval 0              done
 * @retval -CGDT_ENOTSUP  (caller) not native: see cgdt_frames()
 * @retval -CGDT_ENOENT   (caller) as for cgdt_free()
 * @retval -CGDT_ESTALE   (caller) as for cgdt_free()
 * @retval -CGDT_EINVAL   (caller) gdtr is NULL
 * @retval -CGDT_EPERM    (caller) before cgdt_seal()
 */
int cgdt_gdtr(const struct cgdt_pool *pool, cgdt_slot_t slot, struct cgdt_pseudo_descriptor *gdtr);

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

/**
 * Check every mapped page of the pool: descriptors by the profile, unowned slots by the house rule, no page in
 * the pool twice. (A page that is not aligned has never got into it.)
 *
 * Takes the port's lock, so that no page goes away. What other CPUs change at the very moment may be reported
 * although it was never wrong: a slot on its way in or out as unowned and not zero; a 16-byte descriptor that
 * cgdt_write() replaces as one without its second half; on i386, which loads 4 bytes at a time, a descriptor as
 * half of the old and half of the new. Ask again. A frame is compared with the common page's and with those of the
 * 1,024 pages before it.
 *
 * @param      pool       the pool
 * @param[out] violation  receives the first violation where the result is 1; may be NULL
 *
 * @retval 0  all is well
 * @retval 1  it is not
 * @return any other: the port's code for a frame number
 */
int cgdt_check(struct cgdt_pool *pool, struct cgdt_violation *violation);

/**
 * The same for one window, its common page included.
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

/** Counts, gathered in O(pages); a snapshot that other CPUs may outdate at once. */
struct cgdt_pool_stats {
    uint32_t max_slots;       /**< The ceiling. */
    uint32_t mapped_pages;    /**< Slot pages in service. */
    uint32_t common_pages;    /**< 0 or 1. */
    uint32_t mapped_windows;  /**< Windows with a page in service. */
    uint32_t sealed_pages;    /**< Of mapped_pages. */
    uint32_t free_slots;      /**< On mapped pages. */
    uint32_t owned_slots;     /**< On mapped pages: not free; on their way in or out, too. */
    uint32_t held_pages;      /**< Out of service: on their way, or left when an undo failed too. */
    uint32_t reserved_slots;  /**< As asked by cgdt_reserve(). */
    size_t bookkeeping_bytes; /**< cgdt_pool_bytes(). */
};

/**
 * Count. Any CPU, any time.
 *
 * @param      pool   the pool
 * @param[out] stats  receives the counts
 */
void cgdt_stats(const struct cgdt_pool *pool, struct cgdt_pool_stats *stats);

/**
 * Which colors of a slot page have an owner. Any CPU, any time.
 *
 * @param      pool   the pool
 * @param      page   0 up, counted as by cgdt_slot_page()
 * @param[out] owned  bit c for color c, set if the slot is not free: owned, or on its way in or out, as all of
 *                    a page are when that is on its way; 0 for a page that is not in service
 *
 * @retval 1             the page is in service
 * @retval 0             it is not
 * @retval -CGDT_EINVAL  (caller) no such page, or owned is NULL
 */
int cgdt_page_owned(const struct cgdt_pool *pool, uint32_t page, uint64_t *owned);

/**
 * A readable dump of one slot page: a line per owned slot and per descriptor that is not zero.
 *
 * Lines are ended by a newline, the text by a NUL. The format may change. Takes the port's lock.
 *
 * @param      pool    the pool
 * @param      page    0 up, counted as by cgdt_slot_page()
 * @param[out] buffer  receives the text; may be NULL where size is 0
 * @param      size    bytes of the buffer
 *
 * @retval -CGDT_EINVAL  (caller) no such page, it is not mapped, or buffer is NULL and size is not 0
 * @return the length of the whole text (>= size: it was cut)
 */
int cgdt_describe(struct cgdt_pool *pool, uint32_t page, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif
#endif
