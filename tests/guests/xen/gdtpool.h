/* SPDX-License-Identifier: MIT */
/* The guest's pool: the library over the xen_pv port, and what that port asks of a kernel. */

#ifndef GUEST_GDTPOOL_H
#define GUEST_GDTPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "args.h"
#include "cgdt/cgdt.h"
#include "cgdt/port/xen_pv.h"

/* The port's context: what Xen is asked to do behind the pool's back goes through it too. */
extern struct cgdt_xen_pv gdtpool_xen;

/* Dirty pages for the pool; gdtpool_init() does it, if it has not been done. */
void gdtpool_fill_supply(void);
uint64_t *gdtpool_supply_page(uint32_t index);

/* Ends the run on failure. */
struct cgdt_pool *gdtpool_init(const struct args *args);

/* Before the pool is sealed: the port shall claim to have sealed this page, and not do it. */
void gdtpool_skip_seal(uint32_t page);

/* From now on new pages are not named in a GDT when they are sealed, where Xen would look at them. */
void gdtpool_skip_introduction(void);

/* The n-th hypercall of live writes from now on, 1 up, gets a machine address that Xen refuses. */
void gdtpool_break_write(uint32_t n);

/*
 * The calling vCPU, one of the first MAX_DRIVERS, has taken these frames by set_gdt, and %fs from the slot there.
 * From now on it may map pages.
 */
void gdtpool_uses(uint32_t vcpu, const cgdt_frame_t *frames, uint32_t n);

/* What quiesce asks from now on; without it, everybody is believed to have let go. */
void gdtpool_on_quiesce(int (*asked)(uint32_t cpu));

/*
 * Xen shall refuse the next change to this slot, once. Any CPU; false if another slot is still waiting for its
 * refusal. No one else may be about to write to the slot.
 */
bool gdtpool_break_slot(const void *slot, uint32_t bytes);

/* While it is stopped the supply has no page to give. */
void gdtpool_stop_supply(bool stop);

/* Where the port mapped a page of the pool (or CGDT_COMMON_PAGE); NULL if it is not mapped. */
void *gdtpool_view(uint32_t page);

struct gdtpool_counts {
    uint32_t grown;          /* pages that were mapped */
    uint32_t most_out;       /* pages out of the supply at the same time */
    uint32_t unseal_refused; /* pages that Xen would not make writable */
    uint32_t writes_refused; /* gdtpool_break_slot() */
    uint32_t introduced; /* pages that Xen has been shown, and so has validated; a multicall each */
};

/* Written under the pool's lock. */
struct gdtpool_counts gdtpool_counts(void);

/* Whether every page of the supply takes a store; all must be back. */
bool gdtpool_supply_is_writable(void);

/* Pages out of the supply, and the number of a page in it; -1: not one of the supply's. */
uint32_t gdtpool_pages_out(void);
int32_t gdtpool_supply_index(const void *page);

#endif /* GUEST_GDTPOOL_H */
