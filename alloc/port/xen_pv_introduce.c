/* SPDX-License-Identifier: MIT */
/* A frame named in a vCPU's GDT for a moment; see include/cgdt/port/xen_pv_introduce.h. */
#include "cgdt/port/xen_pv_introduce.h"

#include "cgdt/error.h"

/* xen/include/public/xen.h */
#define HYPERVISOR_SET_GDT 2u

#define LIST_MAX (CGDT_XEN_RESERVED_ENTRY / CGDT_PAGE_ENTRIES)

int cgdt_xen_pv_gdt_with(const struct cgdt_xen_pv_gdt *own, cgdt_frame_t frame,
                         struct cgdt_xen_pv_gdt *with)
{
    const uint32_t n = own->n_frames;

    if (own->entries > CGDT_XEN_RESERVED_ENTRY ||
        n != (own->entries + CGDT_PAGE_ENTRIES - 1) / CGDT_PAGE_ENTRIES)
        return -CGDT_EINVAL;
    /* Volatile, for no compiler to call memcpy(). */
    for (uint32_t i = 0; i < n; i++)
        *(volatile cgdt_frame_t *)&with->frames[i] = own->frames[i];
    with->frames[n < LIST_MAX ? n : 1] = frame;
    with->n_frames = n < LIST_MAX ? n + 1 : n;
    with->entries = with->n_frames * CGDT_PAGE_ENTRIES;
    return 0;
}

int cgdt_xen_pv_introduce(const struct cgdt_xen_pv_gdt *own, cgdt_frame_t frame,
                          cgdt_xen_pv_set_gdt *set_gdt, void *ctx)
{
    struct cgdt_xen_pv_gdt with;
    int64_t error = cgdt_xen_pv_gdt_with(own, frame, &with);

    if (error == 0)
        error = set_gdt(ctx, with.frames, with.entries);
    if (error >= 0)
        error = set_gdt(ctx, own->frames, own->entries);
    return error < 0 ? (int)error : 0;
}

static struct cgdt_xen_pv_call set_gdt_call(const struct cgdt_xen_pv_gdt *gdt)
{
    return (struct cgdt_xen_pv_call){.op = HYPERVISOR_SET_GDT,
                                     .result = -CGDT_EPROTO, /* unless Xen says otherwise */
                                     .args = {(uintptr_t)gdt->frames, gdt->entries}};
}

int cgdt_xen_pv_introduce_with(const struct cgdt_xen_pv_gdt *own,
                               const struct cgdt_xen_pv_call *first, cgdt_frame_t frame,
                               cgdt_xen_pv_multicall *multicall, void *ctx)
{
    struct cgdt_xen_pv_gdt with;
    int64_t error = cgdt_xen_pv_gdt_with(own, frame, &with);
    struct cgdt_xen_pv_call calls[3];

    if (error != 0)
        return (int)error;
    calls[0] = *first;
    calls[1] = set_gdt_call(&with);
    calls[2] = set_gdt_call(own);
    error = multicall(ctx, calls, 3);
    for (uint32_t i = 0; i < 3 && error >= 0; i++)
        error = calls[i].result;
    return error < 0 ? (int)error : 0;
}
