/* SPDX-License-Identifier: MIT */
/*
 * A port for 64-bit PV kernels on Xen (x86-64 only: a 32-bit PV kernel passes other hypercall arguments).
 *
 *   map, unmap    a page of the kernel's, zeroed; and back
 *   seal, unseal  the page's one mapping made read-only, or writable again, by update_va_mapping
 *   frame         its machine frame
 *   live_write    update_descriptor; several in one multicall, checked one by one, undone if one fails
 *
 * The port makes no hypercall itself and owns no memory: the kernel supplies both through `struct cgdt_xen_pv`
 * below. It belongs to one pool, is that pool's port_ctx, and must outlive it:
 *
 *   static struct cgdt_xen_pv xen = {.ops = &my_ops, .pages = my_pages, .page_count = MY_PAGES};
 *   config.port = &cgdt_xen_pv_port;
 *   config.port_ctx = &xen;
 *   config.profile = CGDT_XEN_PV64;
 *
 * What Xen itself refuses comes through as it is, as a negative errno: -16 (EBUSY) from unseal while a vCPU
 * holds the page in its GDT, as one that is down still does; -22 (EINVAL) for a descriptor or a frame, of which
 * cgdt_xen_pv_explain() finds out why.
 */
#ifndef CGDT_PORT_XEN_PV_H
#define CGDT_PORT_XEN_PV_H

#include "../check.h"
#include "../port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Most descriptors in one multicall; the calls are on the caller's stack, 64 bytes each. */
#define CGDT_XEN_PV_CHUNK 8u

/* One call of a multicall, as Xen defines it (struct multicall_entry, xen/include/public/xen.h). */
struct cgdt_xen_pv_call {
    uint64_t op;
    int64_t result;
    uint64_t args[6];
};

/* Two locks: the second may be taken while the first is held, never the other way round. */
enum cgdt_xen_pv_lock {
    CGDT_XEN_PV_LOCK_PAGES, /* around map, seal, unseal, unmap; and whatever the pool does meanwhile */
    CGDT_XEN_PV_LOCK_UNDO, /* around a live write of more than CGDT_XEN_PV_CHUNK entries */
};

/*
 * What the kernel supplies; ctx is cgdt_xen_pv.ctx. The hypercalls return what Xen returned. They and
 * virt_to_mfn are called on any CPU, several at once. All must be given unless it says "may be NULL".
 */
struct cgdt_xen_pv_ops {
    /* Hypercalls 14, 10 and 13. `flags` is UVMF_*; `n` is 2 .. CGDT_XEN_PV_CHUNK. */
    int64_t (*update_va_mapping)(void *ctx, uint64_t va, uint64_t pte, uint64_t flags);
    int64_t (*update_descriptor)(void *ctx, uint64_t machine_address, uint64_t descriptor);
    int64_t (*multicall)(void *ctx, struct cgdt_xen_pv_call *calls, uint32_t n);

    /* Machine frame of a page of the kernel's, which must not change while the page is in the pool. */
    uint64_t (*virt_to_mfn)(void *ctx, const void *page);

    /*
     * A page for page index `page` of the pool, NULL if there is none; and back. The page must be
     *   - aligned to 4096, and an ordinary page of this domain: no page table, not granted to anybody;
     *   - mapped writable at this address, by a 4096-byte entry of the page tables that no other address
     *     shares, and writable at no other address: Xen refuses a GDT page (-22) while any writable mapping
     *     of it exists, a direct map's or a lazily flushed one's included.
     * It need not be zero; the port zeroes it. page_put() gets it back writable, with any contents.
     * Both NULL: pages come from cgdt_xen_pv.pages. Called under CGDT_XEN_PV_LOCK_PAGES.
     */
    void *(*page_get)(void *ctx, uint32_t page);
    void (*page_put)(void *ctx, uint32_t page, void *at);

    /*
     * Name a frame, whose page has just been made read-only, in the calling vCPU's GDT for a moment: set_gdt with
     * the vCPU's own frames and this one behind them (or, where it has 14, in the place of one from which it has
     * loaded no selector), then with its own again; one multicall does both. Called by seal, under
     * CGDT_XEN_PV_LOCK_PAGES, and by cgdt_xen_pv_explain(). On failure the vCPU must have its own frames again.
     *
     * Why: Xen takes update_descriptor on a frame that no GDT has named yet for a write to ordinary memory, and
     * holds the frame as such meanwhile. A live write to one slot of a new page would make the first set_gdt or
     * VCPUOP_initialise for another fail with -22, and the other way round, undoing included. Once it has been
     * named, a frame counts as descriptors until it is writable again. May be NULL only where no live write ever
     * runs at the same time as another CPU's set_gdt, VCPUOP_initialise or live write.
     */
    int (*introduce)(void *ctx, uint64_t frame);

    /*
     * For cgdt_xen_pv_explain() only; both may be NULL, and then it can say less.
     *
     * mfn_to_virt  where the kernel can read the page of a frame; NULL if it is no frame of this domain's, or of
     *              no page that the kernel has mapped. Any number may be asked about.
     * is_writable  whether the kernel's own mapping of that page allows stores; what its page table says.
     */
    const void *(*mfn_to_virt)(void *ctx, uint64_t frame);
    bool (*is_writable)(void *ctx, const void *page);

    /*
     * Must not be taken by an interrupt handler while it is held (no call of the pool is made from one, or
     * interrupts are off). Both may be NULL in a serialized pool, and only there.
     */
    void (*lock)(void *ctx, enum cgdt_xen_pv_lock which);
    void (*unlock)(void *ctx, enum cgdt_xen_pv_lock which);

    /*
     * 0 once the vCPU of CPU `cpu` has let go of its GDT: it has itself loaded another by set_gdt, with no
     * selector of the slot left in a segment register. To be down is not enough. May be NULL: see port.h.
     */
    int (*quiesce)(void *ctx, uint32_t cpu);
};

/* Calls made so far. Plain counters: approximate when several CPUs write at once. */
struct cgdt_xen_pv_counts {
    uint64_t update_va_mapping;
    uint64_t update_descriptor; /* hypercalls of their own: batches of one, and undoing */
    uint64_t multicall;
    uint64_t batched;     /* update_descriptor inside multicalls */
    uint64_t undone;      /* live writes that failed and were undone */
    uint64_t undo_failed; /* stores of such an undo that Xen refused too: the slot is then torn */
};

/* Why Xen refuses frames as a GDT, in the order in which cgdt_xen_pv_explain() looks. */
enum cgdt_xen_pv_cause {
    CGDT_XEN_PV_NO_CAUSE, /* it does not refuse them now; VCPUOP_initialise has other reasons for -22 */
    CGDT_XEN_PV_TOO_MANY_ENTRIES, /* more than CGDT_XEN_RESERVED_ENTRY */
    CGDT_XEN_PV_NOT_OURS,         /* no frame of this domain's, as far as the kernel knows */
    CGDT_XEN_PV_STILL_WRITABLE,   /* the kernel's own mapping of the page allows stores */
    CGDT_XEN_PV_BAD_DESCRIPTOR,   /* which one is in `violation` */
    CGDT_XEN_PV_OTHER_USE, /* nothing of that: writable at another address, a page table, granted, ... */
    CGDT_XEN_PV_CANNOT_TELL /* nothing of that as far as can be seen, and Xen cannot be asked */
};

struct cgdt_xen_pv_refusal {
    enum cgdt_xen_pv_cause cause;
    uint32_t
        position; /* in the list, of the first frame that is refused; 0 where no frame is the cause */
    cgdt_frame_t frame; /* this frame */
    struct cgdt_violation
        violation; /* CGDT_XEN_PV_BAD_DESCRIPTOR: page = position, entry of the page */
};

/* Filled in by the caller down to pte_flags; the rest is the port's and starts as zero. */
struct cgdt_xen_pv {
    const struct cgdt_xen_pv_ops *ops;
    void *ctx; /* for the operations */

    /*
     * Where page_get is NULL: an array of pages, each as page_get() would give it. Slot page i is the i-th; a
     * common page is the last, and page_count must be large enough for both.
     */
    void *pages;
    uint32_t page_count;

    /*
     * The bits that the kernel wants in the pages' page-table entries (no-execute, global, ...); the port
     * adds the frame and, for a private page, RW. 0: present, accessed, dirty.
     */
    uint64_t pte_flags;

    struct cgdt_xen_pv_counts counts;
    struct cgdt_xen_pv_refusal
        refusal; /* of the last page that could not be introduced; position 0 */
    cgdt_desc_t
        undo[CGDT_PAGE_ENTRIES]; /* under CGDT_XEN_PV_LOCK_UNDO: what a long batch overwrites */
};

/*
 * Why Xen answered -22 to set_gdt or VCPUOP_initialise with these frames and `entries` (gdt_ents). Xen itself does
 * not say. Takes CGDT_XEN_PV_LOCK_PAGES. It has Xen look once more at frames with which nothing seems wrong, by
 * ops->introduce(): on any vCPU that may call that.
 *
 * frames  (entries + 511) / 512 of them; not read where that is too many
 *
 * Without ops->mfn_to_virt the contents of a page are not looked at, and a frame that Xen refuses has
 * CGDT_XEN_PV_OTHER_USE.
 */
struct cgdt_xen_pv_refusal cgdt_xen_pv_explain(struct cgdt_xen_pv *xen, const cgdt_frame_t *frames,
                                               uint32_t entries);

/* The sentence for a cause; a violation has cgdt_violation_text(). Never NULL. Pure. */
const char *cgdt_xen_pv_cause_text(enum cgdt_xen_pv_cause cause);

/* All operations are given. */
extern const struct cgdt_port cgdt_xen_pv_port;

#ifdef __cplusplus
}
#endif
#endif
