/* SPDX-License-Identifier: MIT */
/*
 * Why Xen says EINVAL. pv_set_gdt() (xen/arch/x86/pv/descriptor-tables.c) has one code for
 * everything: too many entries, and per frame whatever get_page_and_type() dislikes: not this
 * domain's, its type in use as another one (a writable mapping, a page table), or a descriptor
 * among the 512. What the kernel can see for itself is looked at first; a frame with which nothing
 * is wrong so far is shown to Xen, alone.
 */
#include "cgdt/layout.h"
#include "xen_pv_explain.h"

struct cgdt_xen_pv_refusal cgdt_xen_pv_explain_frame_(struct cgdt_xen_pv *xen, cgdt_frame_t frame,
                                                      const void *page)
{
    const struct cgdt_xen_pv_ops *ops = xen->ops;
    struct cgdt_xen_pv_refusal refusal = {.page = CGDT_XEN_PV_NO_PAGE, .frame = frame};
    bool all_seen = page != NULL;

    if (page == NULL && ops->mfn_to_virt != NULL) {
        page = ops->mfn_to_virt(xen->ctx, frame);
        all_seen = page != NULL && ops->is_writable != NULL;
    }
    if (page == NULL && ops->mfn_to_virt != NULL)
        refusal.cause = CGDT_XEN_PV_NOT_OURS;
    else if (page != NULL && ops->is_writable != NULL && ops->is_writable(xen->ctx, page))
        refusal.cause = CGDT_XEN_PV_STILL_WRITABLE;
    else if (page != NULL &&
             cgdt_check_page(CGDT_PROFILE_XEN_PV, CGDT_RULE_REWRITE_IS_OK, page, CGDT_PAGE_ENTRIES,
                             ~0ull, &refusal.violation) != CGDT_FINE)
        refusal.cause = CGDT_XEN_PV_BAD_DESCRIPTOR;
    else if (ops->introduce == NULL)
        refusal.cause = CGDT_XEN_PV_CANNOT_TELL;
    else if (ops->introduce(xen->ctx, frame) < 0)
        refusal.cause = all_seen ? CGDT_XEN_PV_OTHER_USE : CGDT_XEN_PV_NOT_LOOKED_AT;
    return refusal;
}

/* The first frame that is refused, or the first of which nothing can be told. */
static struct cgdt_xen_pv_refusal explain_frames(struct cgdt_xen_pv *xen,
                                                 const cgdt_frame_t *frames, uint32_t n)
{
    struct cgdt_xen_pv_refusal doubt = {.page = CGDT_XEN_PV_NO_PAGE};

    for (uint32_t position = 0; position < n; position++) {
        struct cgdt_xen_pv_refusal refusal =
            cgdt_xen_pv_explain_frame_(xen, frames[position], NULL);

        refusal.position = position;
        refusal.violation.position = position;
        if (refusal.cause != CGDT_XEN_PV_NO_CAUSE && refusal.cause != CGDT_XEN_PV_CANNOT_TELL)
            return refusal;
        if (doubt.cause == CGDT_XEN_PV_NO_CAUSE && refusal.cause != CGDT_XEN_PV_NO_CAUSE)
            doubt = refusal;
    }
    return doubt;
}

struct cgdt_xen_pv_refusal cgdt_xen_pv_explain(struct cgdt_xen_pv *xen, const cgdt_frame_t *frames,
                                               uint32_t entries)
{
    struct cgdt_xen_pv_refusal refusal = {.cause = CGDT_XEN_PV_TOO_MANY_ENTRIES,
                                          .page = CGDT_XEN_PV_NO_PAGE};

    if (entries > CGDT_XEN_RESERVED_ENTRY)
        return refusal;
    if (xen->ops->lock != NULL)
        xen->ops->lock(xen->ctx, CGDT_XEN_PV_LOCK_PAGES);
    refusal = explain_frames(xen, frames, (entries + CGDT_PAGE_ENTRIES - 1) / CGDT_PAGE_ENTRIES);
    if (xen->ops->unlock != NULL)
        xen->ops->unlock(xen->ctx, CGDT_XEN_PV_LOCK_PAGES);
    return refusal;
}
