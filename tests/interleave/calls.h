/* SPDX-License-Identifier: MIT */
/* How a call of a scenario is made, and which slots it hands out. */
#ifndef CGDT_TESTS_CALLS_H
#define CGDT_TESTS_CALLS_H

#include "history.h"

/* By the running CPU; what came of it goes into the record. */
void calls_do(struct cgdt_pool *pool, struct record *record);

/* Whether the call hands out slots; and how many: call.n of an alloc, else one. */
bool calls_give(const struct call *call);
unsigned calls_given(const struct call *call);

/* Slots that it takes off the supply; one near others need not take what there is. */
unsigned calls_want(const struct call *call);

#endif
