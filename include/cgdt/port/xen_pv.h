/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A port for PV kernels on Xen, 64-bit (x86-64) and 32-bit (i386 with PAE), from the same sources.
 *
 * @verbatim
   map, unmap    a page of the kernel's, zeroed; and back
   seal, unseal  the page's one mapping made read-only, or writable again, by update_va_mapping;
                 with introduce_with a seal is one multicall
   frame         its machine frame
   live_write    update_descriptor; several in one multicall, checked one by one, undone on failure
   @endverbatim
 *
 * The port makes no hypercall itself and owns no memory: the kernel supplies both through `struct
 * cgdt_xen_pv` below. It belongs to one pool, is that pool's port_ctx, and must outlive it:
 *
 * @code
 * static struct cgdt_xen_pv xen = {.ops = &my_ops, .pages = my_pages, .page_count = MY_PAGES};
 * config.port = &cgdt_xen_pv_port;
 * config.port_ctx = &xen;
 * config.profile = CGDT_PROFILE_XEN_PV;
 * @endcode
 *
 * The operations take and give the same types in a 32-bit kernel, which passes Xen two words, the
 * low half first, for each machine address, descriptor and page-table entry. In the calls of a
 * multicall the port has done so. Frame numbers have 32 bits there: what cgdt_frames() gives is the
 * list that set_gdt takes, as it is.
 *
 * What Xen itself refuses comes through as it is, as a negative errno: -16 (EBUSY) from unseal
 * while a vCPU holds the page in its GDT, as one that is down still does; -22 (EINVAL) for a
 * descriptor or a frame, of which cgdt_xen_pv_explain() finds out why. A page that Xen refuses is
 * left partly rewritten: entries before the bad one may have another DPL already.
 */
#ifndef CGDT_PORT_XEN_PV_H
#define CGDT_PORT_XEN_PV_H

#include "../check.h"
#include "../port.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The rules for the kernel that is being compiled. A 32-bit dom0 whose ELF note HV_START_LOW moves
 * Xen has cgdt_profile_xen_pv32_from() in its place.
 */
#ifdef __x86_64__
#define CGDT_PROFILE_XEN_PV CGDT_PROFILE_XEN_PV64
#else
#define CGDT_PROFILE_XEN_PV CGDT_PROFILE_XEN_PV32
#endif

/**
 * Most descriptors in one multicall; the calls are on the caller's stack, 64 bytes each (32-bit
 * kernels: 32).
 */
#define CGDT_XEN_PV_CHUNK 8u

/**
 * Most descriptors in a live write whose old values are kept on the stack (8 bytes each), so that
 * it takes no lock: twice a slot of i386 Linux. More are changed in slots of 128 entries and up, or
 * the common page.
 */
#define CGDT_XEN_PV_FEW 64u

/**
 * One call of a multicall, as Xen defines it (struct multicall_entry, xen/include/public/xen.h):
 * eight words of the kernel's. What has 64 bits takes two arguments of a 32-bit kernel's.
 */
struct cgdt_xen_pv_call {
    uintptr_t op;      /**< Number of the hypercall. */
    intptr_t result;   /**< What Xen returned. */
    uintptr_t args[6]; /**< Its arguments. */
};

/** Two locks: the second may be taken while the first is held, never the other way round. */
enum cgdt_xen_pv_lock {
    /** Around map, seal, unseal, unmap; and whatever the pool does meanwhile. */
    CGDT_XEN_PV_LOCK_PAGES,
    /** Around a live write that changes more than CGDT_XEN_PV_FEW entries. */
    CGDT_XEN_PV_LOCK_UNDO,
};

/**
 * What the kernel supplies; ctx is cgdt_xen_pv.ctx. All must be given unless it says "may be NULL".
 *
 * The hypercalls return what Xen returned. They and virt_to_mfn are called on any CPU, several at
 * once.
 */
struct cgdt_xen_pv_ops {
    /**
     * Hypercall 14. `flags` are Xen's UVMF_ values. A 32-bit kernel passes va, pte's low and high
     * half, flags.
     */
    int64_t (*update_va_mapping)(void *ctx, uint64_t va, uint64_t pte, uint64_t flags);
    /** Hypercall 10. A 32-bit kernel passes low and high half of either. */
    int64_t (*update_descriptor)(void *ctx, uint64_t machine_address, uint64_t descriptor);
    /** Hypercall 13. `n` is 2 to CGDT_XEN_PV_CHUNK; each call's own outcome is in its result. */
    int64_t (*multicall)(void *ctx, struct cgdt_xen_pv_call *calls, uint32_t n);

    /**
     * Machine frame of a page of the kernel's. While the page is in the pool it changes at a
     * restore or migration alone, with no call of the pool meanwhile (docs/porting/xen-pv.md).
     */
    uint64_t (*virt_to_mfn)(void *ctx, const void *page);

    /**
     * A page for page index `page` of the pool, NULL if there is none. The page must be
     *
     * - aligned to 4096, and an ordinary page of this domain: no page table, not granted to
     *   anybody;
     * - mapped writable at this address, by a 4096-byte entry of the page tables that no other
     *   address shares, and writable at no other address: Xen refuses a GDT page (-22) while any
     *   writable mapping of it exists, a direct map's or a lazily flushed one's included.
     *
     * It need not be zero; the port zeroes it. Called under CGDT_XEN_PV_LOCK_PAGES. page_get and
     * page_put may be NULL: pages come from cgdt_xen_pv.pages.
     */
    void *(*page_get)(void *ctx, uint32_t page);
    /**
     * And back: writable, with any contents. Called under CGDT_XEN_PV_LOCK_PAGES. A page that Xen
     * would not make writable again comes back later, or not at all (cgdt_xen_pv.stuck).
     */
    void (*page_put)(void *ctx, uint32_t page, void *at);

    /**
     * Name a frame, whose page has just been made read-only, in the calling vCPU's GDT for a
     * moment. cgdt_xen_pv_introduce() of xen_pv_introduce.h does it.
     *
     * That is: set_gdt with the vCPU's own frames and this one behind them (or, where it has 14, in
     * the place of one from which it has loaded no selector: not the last, which has its slot, nor
     * a common page, the first), then with its own again; one multicall does both. Its own are what
     * the kernel has loaded on it by then, with the number of entries that it gave; none only where
     * it has loaded none: an empty list drops its GDT. Called by seal, under
     * CGDT_XEN_PV_LOCK_PAGES, and by cgdt_xen_pv_explain(). 0, or Xen's negative code; on failure
     * the vCPU must have its own frames again.
     *
     * Why: Xen takes update_descriptor on a frame that no GDT or LDT has named yet for a write to
     * ordinary memory, and holds the frame as such meanwhile. A live write to one slot of a new
     * page would make the first set_gdt or VCPUOP_initialise for another fail with -22, and the
     * other way round, undoing included. Once it has been named, a frame counts as descriptors
     * until it gets another type, as by being mapped writable. May be NULL only where no live write
     * ever runs at the same time as another CPU's set_gdt, VCPUOP_initialise or live write.
     */
    int (*introduce)(void *ctx, uint64_t frame);

    /**
     * Where the kernel can read the page of a frame; NULL if it is no frame of this domain's, or of
     * no page that the kernel has mapped. Any number may be asked about: a kernel's macro of that
     * name, which believes what the machine-to-physical table has, must check that the frame of
     * what it found is this one, and that table ends with the machine's last frame. For finding out
     * why Xen refuses a frame (seal, and cgdt_xen_pv_explain()) only; may be NULL, and then that
     * can say less.
     */
    const void *(*mfn_to_virt)(void *ctx, uint64_t frame);
    /**
     * Whether the kernel's own mapping of that page allows stores; what its page table says.
     * Likewise.
     */
    bool (*is_writable)(void *ctx, const void *page);

    /**
     * Must not be taken by an interrupt handler while it is held (no call of the pool is made from
     * one, or interrupts are off). lock and unlock may be NULL in a serialized pool, and only
     * there.
     */
    void (*lock)(void *ctx, enum cgdt_xen_pv_lock which);
    /** Lets go of it. */
    void (*unlock)(void *ctx, enum cgdt_xen_pv_lock which);

    /**
     * 0 once the vCPU of CPU `cpu` has let go of its GDT: it has itself loaded another by set_gdt,
     * with no selector of the slot left in a segment register. To be down is not enough; but wait
     * for it too (VCPUOP_is_up says 0), here or before the next VCPUOP_up: an up that comes before
     * the down is lost, and the vCPU sleeps for ever. May be NULL: see port.h.
     */
    int (*quiesce)(void *ctx, uint32_t cpu);

    /**
     * `first`, by which a page becomes read-only, and what introduce does with its frame, in one
     * multicall: a page then comes for one hypercall and not for two. Called by seal in the place
     * of update_va_mapping and introduce. cgdt_xen_pv_introduce_with() of xen_pv_introduce.h does
     * it. 0, or the code of the first call that failed; the vCPU must have its own frames again.
     * May be NULL. introduce is wanted all the same, by cgdt_xen_pv_explain().
     */
    int (*introduce_with)(void *ctx, const struct cgdt_xen_pv_call *first, uint64_t frame);
};

/**
 * Calls made so far. Plain counters: approximate when several CPUs write at once; those of a 32-bit
 * kernel begin anew after 2^32.
 */
struct cgdt_xen_pv_counts {
    /** Hypercalls: pages unsealed, and sealed where there is no introduce_with. */
    uintptr_t update_va_mapping;
    uintptr_t update_descriptor; /**< Hypercalls of their own: batches of one, and undoing. */
    uintptr_t multicall; /**< Hypercalls: live writes of several descriptors; introduce_with. */
    uintptr_t batched;   /**< update_descriptor inside multicalls. */
    uintptr_t undone;    /**< Live writes that failed and were undone. */
    /** Stores of such an undo that Xen refused too: the slot is then torn. */
    uintptr_t undo_failed;
};

/** Most pages at a time that Xen would not make writable again. */
#define CGDT_XEN_PV_STUCK 4u

/** A page that has left the pool, and is still mapped read-only. */
struct cgdt_xen_pv_stuck {
    void *at;      /**< The page; NULL: none. */
    uint32_t page; /**< As page_get() was asked for it. */
};

/** Why Xen refuses frames as a GDT, in the order in which cgdt_xen_pv_explain() looks. */
enum cgdt_xen_pv_cause {
    /** It does not refuse them now; VCPUOP_initialise has other reasons for -22. */
    CGDT_XEN_PV_NO_CAUSE,
    CGDT_XEN_PV_TOO_MANY_ENTRIES, /**< More than CGDT_XEN_RESERVED_ENTRY. */
    CGDT_XEN_PV_NOT_OURS,         /**< No frame of this domain's, as far as the kernel knows. */
    CGDT_XEN_PV_STILL_WRITABLE,   /**< The kernel's own mapping of the page allows stores. */
    CGDT_XEN_PV_BAD_DESCRIPTOR,   /**< Which one is in cgdt_xen_pv_refusal.violation. */
    /** Nothing of that: writable at another address, a page table, granted, ... */
    CGDT_XEN_PV_OTHER_USE,
    /** Nothing of that as far as can be seen, and Xen cannot be asked (introduce is NULL). */
    CGDT_XEN_PV_CANNOT_TELL,
    /** Xen refuses it, and mfn_to_virt or is_writable is NULL: it may be any of the above. */
    CGDT_XEN_PV_NOT_LOOKED_AT
};

/** cgdt_xen_pv_refusal.page: a frame of a list, whose page nobody has named. */
#define CGDT_XEN_PV_NO_PAGE 0xfffffffeu

/** What cgdt_xen_pv_explain() found; as a line, cgdt_xen_pv_refusal_text(). */
struct cgdt_xen_pv_refusal {
    enum cgdt_xen_pv_cause cause; /**< Why. */
    /** Of the pool, by its index, where seal() was refused; or CGDT_XEN_PV_NO_PAGE. */
    uint32_t page;
    /** In the list, of the first frame that is refused; 0 where no frame is the cause. */
    uint32_t position;
    cgdt_frame_t frame; /**< This frame; 0 where no frame is the cause. */
    /**
     * CGDT_XEN_PV_BAD_DESCRIPTOR: entry (of the page, 0 to 511), reason and descriptor. What window
     * and slot it is in is not known here: window and color are 0.
     */
    struct cgdt_violation violation;
};

/** Filled in by the caller down to pte_flags; the rest is the port's and starts as zero. */
struct cgdt_xen_pv {
    const struct cgdt_xen_pv_ops *ops; /**< What the kernel supplies. */
    void *ctx;                         /**< For the operations. */

    /**
     * Where page_get is NULL: an array of pages, each as page_get() would give it. Slot page i is
     * the i-th; a common page is the last, and then no slot page. map() gives -CGDT_ENOMEM beyond
     * the array's end.
     */
    void *pages;
    uint32_t page_count; /**< Pages of that array. */

    /**
     * The bits that the kernel wants in the pages' page-table entries (no-execute, global, ...);
     * the port adds the frame and, for a private page, RW. 0: present, accessed, dirty.
     */
    uint64_t pte_flags;

    bool common;                      /**< The array's last page is the common page now. */
    struct cgdt_xen_pv_counts counts; /**< Calls made so far. */
    /** Of the last page that could not be introduced; all 0: there was none. */
    struct cgdt_xen_pv_refusal refusal;
    /**
     * Pages that could neither be introduced nor be made writable again. Xen is asked again at each
     * map() and unmap(); until it lets go they are given to nobody. With so many of them map() says
     * -CGDT_ENOMEM, and so does seal(), which leaves the page as it was.
     */
    struct cgdt_xen_pv_stuck stuck[CGDT_XEN_PV_STUCK];
    /** Under CGDT_XEN_PV_LOCK_UNDO: what a very long batch overwrites. */
    cgdt_desc_t undo[CGDT_PAGE_ENTRIES];
};

/**
 * Why Xen answered -22 to set_gdt or VCPUOP_initialise. Xen itself does not say.
 *
 * Takes CGDT_XEN_PV_LOCK_PAGES. It has Xen look once more at frames with which nothing seems wrong,
 * by ops->introduce(): on any vCPU that may call that.
 *
 * Without ops->mfn_to_virt the contents of a page are not looked at, and a frame that Xen refuses
 * has CGDT_XEN_PV_NOT_LOOKED_AT; so has, without ops->is_writable, one whose contents are fine.
 * seal() knows its page, and looks at it in any case.
 *
 * @param xen      the pool's port_ctx
 * @param frames   (entries + 511) / 512 of them; not read where that is too many
 * @param entries  gdt_ents as Xen was told
 *
 * @return the first frame that is refused, and why; else the first of which nothing can be told;
 *         else CGDT_XEN_PV_NO_CAUSE
 */
struct cgdt_xen_pv_refusal cgdt_xen_pv_explain(struct cgdt_xen_pv *xen, const cgdt_frame_t *frames,
                                               uint32_t entries);

/**
 * The refusal as one line of text, NUL-terminated, without a newline: page of the pool, or place in
 * the list; frame; entry and descriptor; sentence. Pure.
 *
 * @param      refusal  as cgdt_xen_pv_explain() gave it, or cgdt_xen_pv.refusal
 * @param[out] buffer   receives at most size bytes, the NUL included
 * @param      size     bytes of the buffer; 240 are enough, 0 writes nothing
 *
 * @return the length that the whole line has, so a result >= size means that it was cut
 */
size_t cgdt_xen_pv_refusal_text(const struct cgdt_xen_pv_refusal *refusal, char *buffer,
                                size_t size);

/**
 * The sentence for a cause. Pure.
 *
 * @param cause  a cause
 *
 * @return the sentence; "unknown cause" for any other number; never NULL
 */
const char *cgdt_xen_pv_cause_text(enum cgdt_xen_pv_cause cause);

/** All operations are given; port_ctx is a struct cgdt_xen_pv. */
extern const struct cgdt_port cgdt_xen_pv_port;

#ifdef __cplusplus
}
#endif
#endif
