/* SPDX-License-Identifier: MIT */
/* Negative controls: one thing is wrong on purpose, and must be noticed for the right reason. */

#ifndef GUEST_CONTROLS_H
#define GUEST_CONTROLS_H

#include <stdbool.h>

#include "args.h"
#include "cgdt/cgdt.h"
#include "walk.h"

void controls_init(const struct args *args, struct cgdt_pool *pool);

/*
 * Called by main.c at their places in the order of events; each does nothing unless its control was
 * asked for.
 */
void controls_before_slots(void);
void controls_before_check(void); /* slots are written, pages private */
void controls_after_seal(void);   /* nobody uses a page yet */

/* Whether `failed` vCPUs and the walk's findings are just what the control must lead to. */
bool controls_explain(uint32_t failed, const struct walk *walk);

/* The last line. Does not return. */
_Noreturn void controls_verdict(bool rest_is_right);

#endif /* GUEST_CONTROLS_H */
