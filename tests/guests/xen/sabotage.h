/* SPDX-License-Identifier: MIT */
/*
 * What goes wrong on purpose between the pool, its port and Xen: gdtpool.c knows nothing of it.
 * Until it is asked for, all is as it would be without.
 */

#ifndef GUEST_SABOTAGE_H
#define GUEST_SABOTAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "cgdt/port.h"

/*
 * Puts itself before gdtpool.c's operations; and the port for gdtpool_init(), which watch.h sees.
 */
const struct cgdt_port *sabotage_port(void);

/* Before the pool is sealed: the port shall claim to have sealed this page, and not do it. */
void sabotage_skip_seal(uint32_t page);

/*
 * From now on new pages are not named in a GDT when they are sealed, where Xen would look at them.
 */
void sabotage_skip_introduction(void);

/* The n-th hypercall of live writes from now on, 1 up, gets a machine address that Xen refuses. */
void sabotage_break_write(uint32_t n);

/*
 * Xen shall refuse the next change to this slot, once. Any CPU; false if another slot is still
 * waiting for its refusal. No one else may be about to write to the slot.
 */
bool sabotage_break_slot(const void *slot, uint32_t bytes);

/* Changes that were refused since sabotage_break_slot() asked for it. */
uint32_t sabotage_writes_refused(void);

/* From now on, or no more, live writes of zeros do nothing and succeed. */
void sabotage_skip_zeros(bool skip);

/* Hypercalls of live writes so far, and the descriptors in them. */
struct sabotage_calls {
    uint64_t hypercalls;
    uint64_t descriptors;
};

struct sabotage_calls sabotage_calls(void);

/* While it is stopped the supply has no page to give. */
void sabotage_stop_supply(bool stop);

#endif /* GUEST_SABOTAGE_H */
