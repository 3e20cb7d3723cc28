/* SPDX-License-Identifier: MIT */
/*
 * A pool of GDT slots: every CPU gets a table of its own, several tables share a page.
 *
 * A pool lives in memory that the caller hands in; pages come from the port. The life of a pool:
 *
 *   cgdt_pool_init()                     empty
 *   boot phase, one CPU at a time        alloc, write: pages are private, stores are ordinary ones
 *   cgdt_seal()                          every page becomes read-only; from here on
 *   live phase, any CPU, any time        alloc, write, free, trim, ...: changes go through live_write()
 *   cgdt_pool_destroy()                  all slots freed, all pages back
 *
 * A pool that is used by several CPUs from the beginning calls cgdt_seal() right after init.
 *
 * Who may call what together (live phase of a pool that is not `serialized`):
 *
 *                      alloc  free(s) write(s) read(s) frames(s) trim reserve online(c) offline(c)  check
 *   alloc, bulk          +      +       +        +       +        +      +       +         +          o
 *   free(s), bulk        +      e       x        x       x        +      +       +         +          o
 *   write(s)             +      x       x        x       +        +      +       +         +          o
 *   read(s), frames(s)   +      x       x        +       +        +      +       +         +          o
 *   trim, reserve        +      +       +        +       +        +      +       +         +          +
 *   online(c), offline   +      +       +        +       +        +      +       e         e          o
 *
 *   +  at any time      x  the owner of slot s serialises them (different slots: +)
 *   e  at any time; one succeeds, the other gets an error      o  safe, but the answer may be out of date
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

/* MAJOR.MINOR.PATCH of this source. */
#define CGDT_VERSION_MAJOR 0
#define CGDT_VERSION_MINOR 1
#define CGDT_VERSION_PATCH 0

/* The memory handed to cgdt_pool_init() must be aligned to this (a cache line). */
#define CGDT_POOL_ALIGN 64u

struct cgdt_pool;

struct cgdt_config {
    const struct cgdt_port *port; /* kept by reference: must outlive the pool */
    void *port_ctx;

    /*
     * Only where port->direct is set: bytes from the address of a sealed page's entry in the view to where
     * it can be written. 0: the view can be written.
     */
    intptr_t alias_bytes;

    struct cgdt_layout layout;
    enum cgdt_profile profile;
    uint32_t max_cpus;     /* the ceiling, slots: 1 .. CGDT_MAX_SLOTS. CPUs are 0 .. max_cpus-1 */
    uint32_t keep_windows; /* trim leaves at least this many windows mapped; default 0 */
    bool serialized; /* the caller serialises every call: no atomic read-modify-write is used */

    /*
     * What every new slot starts with: entries 0 .. template_entries-1, kept by reference. May be NULL
     * with 0 entries. Entry 0 must be zero where windows have no common page.
     */
    const cgdt_desc_t *template_descs;
    uint32_t template_entries; /* 0 .. slot_entries */
};

/*
 * Bytes of memory that a pool with this configuration needs; 0 if the configuration is not valid. At most
 * 6 bytes per CPU plus 1 KiB from 16 colors on: 4 for the directory, 1 for the owner, 1/8 and a little for
 * the free bit and the tree above, and 8 per page.
 */
size_t cgdt_pool_bytes(const struct cgdt_config *config);

/*
 * Make a pool in `memory`. No page is mapped yet, but for the common page where the layout has one.
 *
 * memory, bytes  CGDT_POOL_ALIGN-aligned, at least cgdt_pool_bytes(); must not move while the pool lives
 * pool           receives the handle of the pool, which points into memory
 *
 * -CGDT_EINVAL (caller): a layout, profile, size, alignment or count out of range, a port operation missing
 * -CGDT_EILSEQ (caller): the profile refuses a descriptor of the template (see cgdt_write())
 * -CGDT_EPROTO, or the port's code (port): the common page; nothing is left mapped
 */
int cgdt_pool_init(struct cgdt_pool **pool, void *memory, size_t bytes,
                   const struct cgdt_config *config);

/*
 * Give every page back. Afterwards the memory is the caller's again.
 * -CGDT_EBUSY (caller): a slot is still owned. The port's code: a page cannot be unsealed. Nothing changed.
 */
int cgdt_pool_destroy(struct cgdt_pool *pool);

/* The pool's layout, for the functions of layout.h. Any CPU, any time. */
const struct cgdt_layout *cgdt_pool_layout(const struct cgdt_pool *pool);

/*
 * End the boot phase: seal every page, and from now on every new one before it is used. Calling it again
 * in the live phase does nothing. The port's code: a page could not be sealed; all are private as before.
 */
int cgdt_seal(struct cgdt_pool *pool);

/*
 * Map pages until at least n slots are free, so that the next n allocations neither grow nor fail, and tell
 * trim to leave n free slots mapped from now on (0 lifts that). O(pages).
 * -CGDT_ENOSPC (caller): fewer than n slots are left under the ceiling. -CGDT_EPROTO or the port's code.
 */
int cgdt_reserve(struct cgdt_pool *pool, uint32_t n);

/*
 * The lowest free slot, holding the template and zeros. O(1) in the number of CPUs; grows by a page where
 * mapped pages are full. *slot is CGDT_NO_SLOT on failure.
 * -CGDT_ENOSPC: all max_cpus slots are owned (one by a call whose live_write is about to fail, perhaps).
 * -CGDT_EPROTO or the port's code: no page, or live_write failed.
 */
int cgdt_alloc(struct cgdt_pool *pool, cgdt_slot_t *slot);

/*
 * n slots at once, lowest first: one atomic operation for up to 64 of them under the port's lock and, on new pages,
 * the template written by ordinary stores before the page is sealed. n = 0 does nothing.
 *
 * -CGDT_EINVAL (caller): slots is NULL, or n is above CGDT_MAX_SLOTS, a number gone wrong; slots[] is left alone.
 * Errors as for cgdt_alloc(); no slot is taken and no page stays mapped, all of slots[] is CGDT_NO_SLOT.
 * Only if the port refuses even to undo (live_write of zeros fails) does a slot stay owned: its handle is
 * then in slots[], for the caller to free later.
 */
int cgdt_alloc_bulk(struct cgdt_pool *pool, uint32_t n, cgdt_slot_t *slots);

/*
 * Zero a slot and give it back. Its CPU must not use it any more (cgdt_cpu_offline() sees to that).
 * -CGDT_ESTALE: freed already, or being freed by another CPU (double free, the caller's fault)
 * -CGDT_ENOENT: no such slot, or nobody owns it (foreign handle, the caller's fault; one that also has the
 *   wrong generation cannot be told from a double free and earns -CGDT_ESTALE)
 * The port's code: live_write failed; the slot is still owned and as it was.
 */
int cgdt_free(struct cgdt_pool *pool, cgdt_slot_t slot);

/*
 * Zero n slots and give them back, with fewer atomic operations than one by one: fewest if slots[] rises.
 *
 * -CGDT_ESTALE, -CGDT_ENOENT: one of them is not its owner's, as for cgdt_free(), or is in slots[] twice (the
 *   caller's fault). Nothing is freed.
 * -CGDT_EINVAL (caller): slots is NULL, or n is above CGDT_MAX_SLOTS. n = 0 does nothing.
 * The port's code: live_write failed for some. Those are still owned, as they were, and left in slots[]; all
 *   others are freed. What is freed becomes CGDT_NO_SLOT in slots[].
 */
int cgdt_free_bulk(struct cgdt_pool *pool, uint32_t n, cgdt_slot_t *slots);

/*
 * Give wholly free windows back, the highest first, but leave keep_windows windows and the slots of
 * cgdt_reserve(). O(pages). Returns the number of windows given back, 0 up; where it is none because a port
 * operation failed, the port's code.
 */
int cgdt_trim(struct cgdt_pool *pool);

/*
 * Write n descriptors of one slot, entries first .. first+n-1. All are checked against the profile first and
 * stored in the form that the hypervisor would keep (DPL raised, ...), so that what is read back is what was
 * meant. Entries that are equal already are skipped; if all are, the port is not called.
 *
 * -CGDT_ERANGE: entries outside the slot, or entry 0 (not zero) without a common page
 * -CGDT_EILSEQ: the profile refuses a descriptor, or would keep it in a form that it changes again when it
 *   sees the page again (a PV32 call gate of ring 2 or 3, of which Xen would make one of ring 1)
 * -CGDT_EINVAL: desc is NULL or not 8-byte aligned; -CGDT_ENOENT, -CGDT_ESTALE: as for cgdt_free()
 * The port's code: live_write failed, nothing written
 */
int cgdt_write(struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t first, const cgdt_desc_t *desc,
               uint32_t n);

/* Read n descriptors of one slot. Errors as for cgdt_write(), but for EILSEQ and the port's. */
int cgdt_read(const struct cgdt_pool *pool, cgdt_slot_t slot, uint32_t first, cgdt_desc_t *desc,
              uint32_t n);

/*
 * Write n descriptors of the common page, entries first .. first+n-1 of 0 .. 511; entry 0 must be zero.
 * Calls are serialised by the caller. -CGDT_ENOTSUP: no common page; otherwise as for cgdt_write().
 */
int cgdt_write_common(struct cgdt_pool *pool, uint32_t first, const cgdt_desc_t *desc, uint32_t n);

/*
 * What set_gdt and VCPUOP_initialise need for the CPU of a slot: the frames of its window, from the window's
 * head to the slot's own page, and the number of entries.
 *
 * frames     receives up to CGDT_MAX_FRAMES frame numbers; n_frames, entries  how many, and gdt_ents
 *
 * -CGDT_EPERM: before cgdt_seal(). -CGDT_ENOTSUP: native. -CGDT_ENOENT, -CGDT_ESTALE; or the port's code.
 */
int cgdt_frames(const struct cgdt_pool *pool, cgdt_slot_t slot,
                cgdt_frame_t frames[CGDT_MAX_FRAMES], uint32_t *n_frames, uint32_t *entries);

/* What LGDT needs (native), the SDM's "pseudo-descriptor" unpacked: the table's linear address in the view, and its limit, slot_entries x 8 - 1. */
struct cgdt_pseudo_descriptor {
    uintptr_t base;
    uint16_t limit;
};

/* -CGDT_EPERM: before cgdt_seal(). -CGDT_ENOTSUP: not native. -CGDT_ENOENT, -CGDT_ESTALE. */
int cgdt_gdtr(const struct cgdt_pool *pool, cgdt_slot_t slot, struct cgdt_pseudo_descriptor *gdtr);

/*
 * The CPU directory: which slot a CPU has. One CPU's calls may meet others' in any way: one wins.
 *
 * online   alloc a slot for the CPU. slot (may be NULL) receives it. -CGDT_EEXIST: it has one.
 * offline  port->quiesce(cpu), then free. If the CPU will not let go, that error comes back and it keeps
 *          its slot. -CGDT_ENOENT: it has none.
 * slot     -CGDT_ENOENT: it has none. During offline it still has the one that it had.
 * all      -CGDT_EINVAL: cpu >= max_cpus. -CGDT_EBUSY: another CPU is at it right now. Errors of alloc, free.
 */
int cgdt_cpu_online(struct cgdt_pool *pool, uint32_t cpu, cgdt_slot_t *slot);
int cgdt_cpu_offline(struct cgdt_pool *pool, uint32_t cpu);
int cgdt_cpu_slot(const struct cgdt_pool *pool, uint32_t cpu, cgdt_slot_t *slot);

/*
 * Check every mapped page of the pool, or of one window: descriptors by the profile, unowned slots by the
 * house rule, pages aligned and none in the pool twice. Takes the port's lock, so that no page goes away.
 *
 * Returns 0 if all is well, 1 if not, with the first violation in *violation (may be NULL), or the port's
 * code. A slot on its way in or out at the very moment may be reported as unowned and not zero.
 * -CGDT_EINVAL: no such window.
 */
int cgdt_check(struct cgdt_pool *pool, struct cgdt_violation *violation);
int cgdt_check_window(struct cgdt_pool *pool, uint32_t window, struct cgdt_violation *violation);

/* Counts, gathered in O(pages); a snapshot that other CPUs may outdate at once. */
struct cgdt_pool_stats {
    uint32_t max_slots;      /* the ceiling */
    uint32_t mapped_pages;   /* slot pages in service */
    uint32_t common_pages;   /* 0 or 1 */
    uint32_t mapped_windows; /* windows with a page in service */
    uint32_t sealed_pages;   /* of mapped_pages */
    uint32_t free_slots;     /* on mapped pages */
    uint32_t owned_slots;    /* on mapped pages */
    uint32_t held_pages; /* out of service: could not be unsealed while an operation was undone */
    uint32_t reserved_slots;  /* as asked by cgdt_reserve() */
    size_t bookkeeping_bytes; /* cgdt_pool_bytes() */
};

void cgdt_stats(const struct cgdt_pool *pool, struct cgdt_pool_stats *stats);

/*
 * Which colors of a slot page have an owner: bit c for color c. *owned is 0 for a page that is not in
 * service. Returns 1 if the page is in service, 0 if not, -CGDT_EINVAL: no such page. Any CPU, any time.
 */
int cgdt_page_owned(const struct cgdt_pool *pool, uint32_t page, uint64_t *owned);

/*
 * A readable dump of one slot page: a line per owned slot and per descriptor that is not zero, lines ended
 * by '\n', NUL-terminated. The format may change. Returns the length of the whole text (>= size: it was
 * cut), or -CGDT_EINVAL: no such page, or it is not mapped. Takes the port's lock.
 */
int cgdt_describe(struct cgdt_pool *pool, uint32_t page, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif
#endif
