/* SPDX-License-Identifier: MIT */
/*
 * After bringup: all vCPUs up at the same time, asleep in a poll; then all leave, their slots go to
 * others, and all come back; so many times as rounds= says. In the end every page must take a store
 * again.
 */

#ifndef GUEST_ROUNDS_H
#define GUEST_ROUNDS_H

#include "tables.h"

void rounds_init(const struct args *args, struct cgdt_pool *pool);

/* A vCPU's part in it, from when it has been verified by bringup. Does not return. */
_Noreturn void rounds_take_part(struct cpu *cpu);

/* vCPU 0's part. What is wrong is said, and counted by problem.h. The pool is gone afterwards. */
void rounds_run(void);

#endif /* GUEST_ROUNDS_H */
