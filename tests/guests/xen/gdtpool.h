/* SPDX-License-Identifier: MIT */
/* The guest's pool: the library over the xen_pv port, and what that port asks of a kernel. */

#ifndef GUEST_GDTPOOL_H
#define GUEST_GDTPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "args.h"
#include "cgdt/cgdt.h"
#include "cgdt/port/xen_pv.h"
#include "cgdt/port/xen_pv_introduce.h"

/* The port's context: what Xen is asked to do behind the pool's back goes through it too. */
extern struct cgdt_xen_pv gdtpool_xen;

/* Dirty pages for the pool; gdtpool_init() does it, if it has not been done. */
void gdtpool_fill_supply(void);
uint64_t *gdtpool_supply_page(uint32_t index);

/* On cgdt_xen_pv_port, or on one that stands before it. Ends the run on failure. */
struct cgdt_pool *gdtpool_init(const struct args *args, const struct cgdt_port *port);

/*
 * The calling vCPU, one of the first MAX_DRIVERS, has taken these frames by set_gdt, and %fs from
 * the slot there. From now on it may map pages.
 */
void gdtpool_uses(uint32_t vcpu, const cgdt_frame_t *frames, uint32_t entries);

/* What quiesce asks from now on; without it, everybody is believed to have let go. */
void gdtpool_on_quiesce(int (*asked)(uint32_t cpu));

struct gdtpool_counts {
    uint32_t grown;      /* pages that went out */
    uint32_t most_out;   /* pages out of the supply at the same time */
    uint32_t introduced; /* pages that Xen has been shown, and so has validated */
};

/* Written under the pool's lock. */
struct gdtpool_counts gdtpool_counts(void);

/* Whether every page of the supply takes a store; all must be back. */
bool gdtpool_supply_is_writable(void);

/* Pages out of the supply, and the number of a page in it; -1: not one of the supply's. */
uint32_t gdtpool_pages_out(void);
int32_t gdtpool_supply_index(const void *page);

#endif /* GUEST_GDTPOOL_H */
