/* SPDX-License-Identifier: MIT */
/* A frame named in a vCPU's GDT for a moment; see include/cgdt/port/xen_pv_introduce.h. */
#include "cgdt/port/xen_pv_introduce.h"

#include "cgdt/error.h"

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
