/* SPDX-License-Identifier: MIT */
/* Save and restore: see suspend.h. */

#include "suspend.h"

#include "exit.h"
#include "hypercall.h"
#include "pages.h"
#include "ring.h"
#include "vcpu.h"

#define CANCELLED 1 /* what the suspend call returns then */

static struct start_info *info;
static uint8_t window[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE))); /* shared_info is here */

static void map_window(uintptr_t mfn)
{
    const int64_t error = page_map(window, mfn, true);

    if (error != 0)
        guest_fatal("shared_info", error);
}

/* An odd generation says that the table is being changed; it never is. */
static void announce_p2m(void)
{
    map_window(info->shared_info >> PAGE_SHIFT);
    volatile struct arch_shared_info *arch = (void *)(window + SHARED_ARCH);
    arch->frame_list_list = 0;
    arch->p2m_generation = 0;
    arch->p2m_vaddr = info->mfn_list;
    arch->p2m_cr3 = pages_cr3();
    arch->max_pfn = info->nr_pages;
}

void suspend_init(const struct start_info *start)
{
    info = (struct start_info *)start;
    announce_p2m();
}

static uintptr_t pfn_of(uintptr_t mfn)
{
    return (uintptr_t)page_of_mfn(mfn) >> PAGE_SHIFT;
}

/*
 * What is saved as a frame of the old domain would be one of nobody's: the toolstack reads these
 * two as the guest's own numbering, and leaves frames in their place. Nothing can be printed now.
 */
static void name_rings_by_pfn(void)
{
    info->store_mfn = pfn_of(info->store_mfn);
    info->console_mfn = pfn_of(info->console_mfn);
}

static void name_rings_by_mfn(void)
{
    info->store_mfn = page_mfn((const void *)(info->store_mfn << PAGE_SHIFT));
    info->console_mfn = page_mfn((const void *)(info->console_mfn << PAGE_SHIFT));
}

bool suspend_now(void)
{
    const uint32_t reason = SHUTDOWN_suspend;
    const uintptr_t own = page_mfn(window);

    ring_flush();
    /* It is Xen's page: named in a page table still, the restored guest crashes. */
    map_window(own);
    name_rings_by_pfn();
    /* The frame of start_info is how the toolstack finds it; it rewrites that page. */
    const int64_t result =
        hypercall3(HYPERVISOR_sched_op, SCHEDOP_shutdown, (uintptr_t)&reason, page_mfn(info));
    if (result == CANCELLED)
        name_rings_by_mfn();
    else if (result != 0)
        guest_fatal("suspend", result);
    pages_init(info);
    vcpu_set_root(pages_cr3());
    announce_p2m();
    return result == 0;
}
