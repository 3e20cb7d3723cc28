/* SPDX-License-Identifier: MIT */
/*
 * mode=move: all come; in each round most vCPUs go off, those that are left move together, one
 * after the other and each by itself (mover.h), the pages that nobody is on leave, and all come
 * back.
 */

#ifndef GUEST_MOVES_H
#define GUEST_MOVES_H

#include "args.h"
#include "cgdt/cgdt.h"

/* vCPU 0, with a pool that has no slot yet; and the verdict. */
_Noreturn void moves_run(const struct args *args, struct cgdt_pool *pool);

#endif /* GUEST_MOVES_H */
