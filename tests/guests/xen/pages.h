/* SPDX-License-Identifier: MIT */
/* Machine frames of the guest's pages. All addresses must lie in the guest's image. */

#ifndef GUEST_PAGES_H
#define GUEST_PAGES_H

#include <stdbool.h>

#include "xen.h"

void pages_init(const struct start_info *info);

/*
 * Where Xen's part of the address space begins, as Xen says it: with its table of machine frames,
 * read-only. In a 32-bit guest it is a matter of the domain.
 */
uintptr_t pages_xen_start(void);

uintptr_t page_mfn(const void *va);
uint64_t page_machine_address(const void *va);

/* The page of a machine frame, by Xen's own table; its frame must be one of this domain's. */
void *page_of_mfn(uintptr_t mfn);

/*
 * The page of any machine frame, or NULL: it is not one of this domain's, or not mapped. And
 * whether the mapping of an address allows stores, by the page tables.
 */
const void *page_of_any_mfn(uint64_t mfn);
bool page_is_writable(const void *va);

/* Another frame behind an address of the image. 0 or Xen's error. */
int64_t page_map(const void *va, uintptr_t mfn, bool writable);

/* The page's one mapping, writable, and for ring 3 too. 0 or Xen's error. */
int64_t page_open(const void *va);

/* The page's one mapping, read-only or writable from now on, on all CPUs. 0 or Xen's error. */
int64_t page_protect(const void *va, bool writable);

/* The topmost boot page table, in the form that vcpu_guest_context.ctrlreg[3] wants; its frame. */
unsigned long pages_cr3(void);
uintptr_t pages_root_mfn(void);

#endif /* GUEST_PAGES_H */
