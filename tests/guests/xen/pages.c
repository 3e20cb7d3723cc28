// SPDX-License-Identifier: MIT
//
// Machine frames and protection of the guest's own pages. The dom0 builder maps the whole image
// with VIRT_BASE 0, so a page's number is its address shifted: no page-table code is needed.

#include "pages.h"

#include "hypercall.h"

#define MACHINE_TO_PHYS ((const uint64_t *)0xffff800000000000u) // read-only, Xen's

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

static int64_t page_set(void *page, uint64_t bits)
{
    uint64_t pte = page_mfn(page) << PAGE_SHIFT | PTE_PRESENT | PTE_ACCESSED | bits;

    return xen_update_va_mapping((uintptr_t)page, pte, UVMF_INVLPG);
}

int64_t page_set_readonly(void *page)
{
    return page_set(page, 0);
}

int64_t page_set_writable(void *page)
{
    return page_set(page, PTE_RW | PTE_DIRTY);
}

uint64_t pages_cr3(void)
{
    return page_mfn((const void *)boot_pt_base) << PAGE_SHIFT;
}
