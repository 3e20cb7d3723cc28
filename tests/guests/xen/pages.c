/* SPDX-License-Identifier: MIT */
/*
 * Machine frames of the guest's own pages. The dom0 builder maps the whole image
 * with VIRT_BASE 0, so a page's number is its address shifted: no page-table code is needed.
 */

#include "pages.h"

#include "hypercall.h"

#define MACHINE_TO_PHYS ((const uint64_t *)0xffff800000000000u) /* read-only, Xen's */

#define PTE_READ_ONLY   0x61u /* present, accessed, dirty */
#define PTE_WRITE       0x02u
#define UVMF_INVLPG_ALL 6u

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

int64_t page_protect(const void *va, bool writable)
{
    const uint64_t pte = page_mfn(va) << PAGE_SHIFT | PTE_READ_ONLY | (writable ? PTE_WRITE : 0);

    return xen_update_va_mapping((uintptr_t)va, pte, UVMF_INVLPG_ALL);
}

uint64_t pages_cr3(void)
{
    return page_mfn((const void *)boot_pt_base) << PAGE_SHIFT;
}
