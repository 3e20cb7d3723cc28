/* SPDX-License-Identifier: MIT */
/*
 * The memory of an explored pool, and a port over plain memory that watches the core. What a
 * schedule changes is in one block, which can be kept, restored and reduced to a number.
 *
 * Every access of the core through its atomics header is checked, once a schedule has begun: it
 * must lie in the pool's memory or on a mapped page, or read what is on the CPU's own stack; a
 * private page is touched only by the holder of the lock; a sealed one is stored to only by a CPU
 * that is inside live_write(). Every port call is held against rules 1 to 4 and 7 of port.h. A
 * breach is an explorer_violation().
 */
#ifndef CGDT_TESTS_WORLD_H
#define CGDT_TESTS_WORLD_H

#include "explorer.h"
#include "pool.h"
#include "cgdt/cgdt.h"

#define WORLD_PAGES      66u
#define WORLD_POOL_BYTES 4096u

extern const struct cgdt_port world_port;
extern const struct cgdt_port world_direct_port; /* sealed pages take ordinary stores */

/* All pages gone. Returns the memory for a pool. */
void *world_clear(uint32_t window_pages);

/* The pool that lives there, for names. */
void world_set_pool(struct cgdt_pool *pool);

/* A CPU's plain store comes to memory (exploration.arrive). */
void world_arrive(unsigned cpu, void *at, unsigned bytes, uint64_t value);

/* Keep the present state; go back to it. */
void world_keep(void);
void world_restore(void);

/* Operations that a port can refuse. */
enum world_fault {
    FAULT_NONE,
    FAULT_MAP,
    FAULT_SEAL,
    FAULT_UNSEAL,
    FAULT_LIVE_WRITE,
};

/* What a refused operation says; no other code of the core's is that. */
#define WORLD_REFUSED (-5)

/* In each schedule, the n-th operation of that kind (1 up) is refused; and whether it has been. */
void world_refuse(enum world_fault kind, unsigned n);
bool world_has_refused(void);

/* A number for the state: where it is the same, so is the state, but for an improbable accident. */
uint64_t world_hash(void);

/* Whether a page is mapped; and what it holds, as the running CPU sees it. */
bool world_is_mapped(uint32_t page);
cgdt_frame_t world_frame_of(uint32_t page);
cgdt_desc_t world_entry(uint32_t page, uint32_t entry);

/* Both halves of a 16-byte descriptor at one instant, as a CPU that loads it sees them. */
void world_look(uint32_t page, uint32_t entry, cgdt_desc_t halves[2]);

/*
 * Since world_restore(): how often any CPU called map; pages that this one unmapped, a bit each (of
 * the first 64).
 */
unsigned world_maps(void);
uint64_t world_unmapped_pages(void);

/*
 * A call of the running CPU begins that wants so many slots, or 0; and returns, perhaps saying that
 * there was none (supply.h).
 */
void world_call_begins(uint32_t wants);
void world_call_returns(bool found_none);

/* "write word 1 of free bits", ... */
void world_print_op(FILE *to, const struct op *op);

#endif
