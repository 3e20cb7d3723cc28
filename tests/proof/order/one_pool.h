/* SPDX-License-Identifier: MIT */
/*
 * A whole pool for protocols of calls of cgdt.h: one page of two slots, by the port over an array,
 * and what the kernel has beside it.
 */
#ifndef CGDT_TESTS_ORDER_ONE_POOL_H
#define CGDT_TESTS_ORDER_ONE_POOL_H

#include "atomic.h"
#include "cgdt/cgdt.h"
#include "cpu.h"
#include "slot.h"

#define CPUS    2u
#define ENTRIES 256u
#define OWNERS  5u /* what an owner wrote into entry 2, which every free zeroes */

extern cgdt_desc_t the_page[1][CGDT_PAGE_ENTRIES];
extern struct cgdt_pool *pool;
extern cgdt_desc_t initial[2];
extern cgdt_slot_t had[CPUS];
extern uint32_t own_word; /* of a CPU, in the kernel: it has left its slot */
extern uint32_t kernels;  /* what a kernel's port keeps of a CPU, by plain accesses */

#define PLAIN_LOAD(at) search_load((at), sizeof(*(at)), PLAIN_ACCESS, "plain_load")
#define PLAIN_STORE(at, value)                                                                     \
    search_store((at), sizeof(*(at)), (value), PLAIN_ACCESS, "plain_store")

/* For setup(): */
void in_service(void);
void all_owned(void);        /* and written to */
void cpu_online(void);       /* CPU 0, on slot had[0], and written to */
void cpu_online_asked(void); /* the same, and its port asks whether it has left */
void coming(void);           /* the page is held: it can come into service */

#endif
