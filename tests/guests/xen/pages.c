/* SPDX-License-Identifier: MIT */
/*
 * Machine frames of the guest's own pages. The dom0 builder maps the whole image
 * with VIRT_BASE 0, so a page's number is its address shifted: no page-table code is needed.
 */

#include "pages.h"

#define MACHINE_TO_PHYS ((const uint64_t *)0xffff800000000000u) /* read-only, Xen's */

static const uint64_t *p2m;
static uint64_t boot_pt_base;

void pages_init(const struct start_info *info)
{
    p2m = (const uint64_t *)info->mfn_list;
    boot_pt_base = info->pt_base;
}

uint64_t page_mfn(const void *va)
{
    return p2m[(uintptr_t)va >> PAGE_SHIFT];
}

uint64_t page_machine_address(const void *va)
{
    return page_mfn(va) << PAGE_SHIFT | ((uintptr_t)va & (PAGE_SIZE - 1));
}

void *page_of_mfn(uint64_t mfn)
{
    return (void *)(MACHINE_TO_PHYS[mfn] << PAGE_SHIFT);
}

uint64_t pages_cr3(void)
{
    return page_mfn((const void *)boot_pt_base) << PAGE_SHIFT;
}
