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

/* Ends the run on failure. */
struct cgdt_pool *gdtpool_init(const struct args *args);

/* Before the pool is sealed: the port shall claim to have sealed this page, and not do it. */
void gdtpool_skip_seal(uint32_t page);

/* The n-th hypercall of live writes from now on, 1 up, gets a machine address that Xen refuses. */
void gdtpool_break_write(uint32_t n);

/* Where the port mapped a page of the pool; NULL if it is not mapped. */
void *gdtpool_view(uint32_t page);

/* Pages out of the supply, and the number of a page in it; -1: not one of the supply's. */
uint32_t gdtpool_pages_out(void);
int32_t gdtpool_supply_index(const void *page);

#endif /* GUEST_GDTPOOL_H */
