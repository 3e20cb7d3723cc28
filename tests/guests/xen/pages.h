// SPDX-License-Identifier: MIT
//
// Guest pages: machine frames, and the switch between read-only and writable that Xen demands
// before a page may serve as a GDT. All addresses must lie in the guest's image.

#ifndef GUEST_PAGES_H
#define GUEST_PAGES_H

#include "xen.h"

void pages_init(const struct start_info *info);

uint64_t page_mfn(const void *va);
uint64_t page_machine_address(const void *va);

// The page of a machine frame, by Xen's own table; its frame must be one of this domain's.
void *page_of_mfn(uint64_t mfn);

// 0 or Xen's error: -EBUSY (16) from page_set_writable while a GDT names the page.
int64_t page_set_readonly(void *page);
int64_t page_set_writable(void *page);

// The boot page table's L4 in the form that vcpu_guest_context.ctrlreg[3] wants.
uint64_t pages_cr3(void);

#endif // GUEST_PAGES_H
