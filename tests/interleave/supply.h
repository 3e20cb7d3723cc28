/* SPDX-License-Identifier: MIT */
/*
 * Which slots are free, step by step, and so what a call may say: that there were too few.
 *
 * A slot counts as free from the return of the call that freed it (or put its page into service)
 * until its free bit goes. That is what other CPUs can rely on: a free that has not returned may
 * still be said to come later. But a slot whose free bit was set during all of a call must not be
 * overlooked by it either, whoever set it.
 */
#ifndef CGDT_TESTS_SUPPLY_H
#define CGDT_TESTS_SUPPLY_H

#include "pool.h"

/* No CPU is in a call. */
void supply_reset(const struct cgdt_pool *pool);

/* A word of the pool has changed, by a CPU. */
void supply_changed(unsigned cpu, const volatile void *at, uint64_t old, uint64_t now);

/* A call of this CPU that wants n slots begins; 0: some other call. And it has returned. */
void supply_call_begins(unsigned cpu, uint32_t n);
void supply_call_returns(unsigned cpu);

/*
 * The CPU is about to take the lock because it has found too few, or to map a page, or it has said
 * that there were none: NULL, or why it must not.
 */
const char *supply_was_short(unsigned cpu);

#endif
