/* SPDX-License-Identifier: MIT */
/*
 * Machine frames of the guest's own pages. The dom0 builder maps the whole image
 * with VIRT_BASE 0, so a page's number is its address shifted: no page-table code is needed.
 */

#include "pages.h"

#include "exit.h"
#include "hypercall.h"
#include "paging.h"
#include "segment.h"

#define PTE_READ_ONLY   0x61u /* present, accessed, dirty */
#define PTE_WRITE       0x02u
#define PTE_USER        0x04u
#define PTE_FRAME       0x000ffffffffff000u
#define UVMF_INVLPG_ALL 6u

#define XENVER_PLATFORM_PARAMETERS 5

static const uintptr_t *p2m;
static uintptr_t nr_pages;
static uintptr_t boot_pt_base;
static const uintptr_t *m2p;

void pages_init(const struct start_info *info)
{
    uintptr_t start = 0; /* struct xen_platform_parameters */

    if (xen_version(XENVER_PLATFORM_PARAMETERS, &start) != 0)
        guest_fatal("XENVER_platform_parameters", 0);
    m2p = (const uintptr_t *)start;
    p2m = (const uintptr_t *)info->mfn_list;
    nr_pages = info->nr_pages;
    boot_pt_base = info->pt_base;
}

uintptr_t pages_xen_start(void)
{
    return (uintptr_t)m2p;
}

uintptr_t page_mfn(const void *va)
{
    return p2m[(uintptr_t)va >> PAGE_SHIFT];
}

uint64_t page_machine_address(const void *va)
{
    return (uint64_t)page_mfn(va) << PAGE_SHIFT | ((uintptr_t)va & (PAGE_SIZE - 1));
}

void *page_of_mfn(uintptr_t mfn)
{
    return (void *)(m2p[mfn] << PAGE_SHIFT);
}

const void *page_of_any_mfn(uint64_t mfn)
{
    uintptr_t pfn = 0;
    uintptr_t word = 0;

    if (mfn >= paging_m2p_entries(pages_xen_start()) || load_word(&m2p[mfn], &pfn) != 0 ||
        pfn >= nr_pages || p2m[pfn] != mfn ||
        load_word((const uintptr_t *)(pfn << PAGE_SHIFT), &word) != 0)
        return NULL;
    return (const void *)(pfn << PAGE_SHIFT);
}

bool page_is_writable(const void *va)
{
    const uint64_t *table = (const uint64_t *)boot_pt_base;

    for (uint32_t level = PAGING_LEVELS;; level--) {
        const uint64_t entry = table[(uintptr_t)va >> (PAGE_SHIFT + 9 * (level - 1)) & 511];
        const bool writable = (entry & PTE_WRITE) != 0 || !paging_says_writable(level);
        if (!writable || level == 1)
            return writable;
        table = page_of_mfn((uintptr_t)((entry & PTE_FRAME) >> PAGE_SHIFT));
    }
}

int64_t page_map(const void *va, uintptr_t mfn, bool writable)
{
    const uint64_t pte = (uint64_t)mfn << PAGE_SHIFT | PTE_READ_ONLY | (writable ? PTE_WRITE : 0);

    return xen_update_va_mapping((uintptr_t)va, pte, UVMF_INVLPG_ALL);
}

int64_t page_open(const void *va)
{
    const uint64_t pte =
        (uint64_t)page_mfn(va) << PAGE_SHIFT | PTE_READ_ONLY | PTE_WRITE | PTE_USER;

    return xen_update_va_mapping((uintptr_t)va, pte, UVMF_INVLPG_ALL);
}

int64_t page_protect(const void *va, bool writable)
{
    return page_map(va, page_mfn(va), writable);
}

uintptr_t pages_root_mfn(void)
{
    return page_mfn((const void *)boot_pt_base);
}

unsigned long pages_cr3(void)
{
    return paging_cr3(pages_root_mfn());
}
