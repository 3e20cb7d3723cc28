/* SPDX-License-Identifier: MIT */
/* The pool over the native port: where its pages come from, and how a CPU's slot is filled. */

#ifndef GUEST_GDTPOOL_H
#define GUEST_GDTPOOL_H

#include "args.h"
#include "cgdt/port/native.h"
#include "cpu.h"

extern struct cgdt_pool *gdtpool;
extern struct cgdt_native gdtpool_native;

/* The array of pages for the pool, for paging_init(). */
void *gdtpool_supply(uint32_t *bytes);

const struct cgdt_port *gdtpool_port(void);

/*
 * A pool of `slots` slots, empty, on that port or on one that stands before it; pages are private
 * until cgdt_seal(). Ends the run if it cannot be made.
 */
void gdtpool_init(const struct args *args, uint32_t slots, const struct cgdt_port *port);

/*
 * A slot for the CPU, with its descriptors; or the slot back. Any CPU; the run ends if the pool
 * refuses.
 */
void gdtpool_online(struct cpu *cpu);
void gdtpool_offline(struct cpu *cpu);

/* The CPU's descriptors into its slot, once more. */
void gdtpool_fill(const struct cpu *cpu);

/* Physical address of a page of the pool, as page_get() gave it. */
uintptr_t gdtpool_page(uint32_t page);

/* Pages that the pool has now. */
uint32_t gdtpool_pages_out(void);

/*
 * How often a CPU came back to another slot than it had last; how often poison met a parked CPU's
 * NMI.
 */
uint32_t gdtpool_moves(void);
uint32_t gdtpool_poisonings(void);

#endif /* GUEST_GDTPOOL_H */
