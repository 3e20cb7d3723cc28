/* SPDX-License-Identifier: MIT */
/*
 * mode=threads: software threads, each with stack and TLS descriptors of its own, go from vCPU to
 * vCPU. A thread has canonical selectors only; a vCPU turns them into its own when it takes the
 * thread, and back when it puts it away.
 */

#ifndef GUEST_THREADS_H
#define GUEST_THREADS_H

#include "tables.h"

void threads_init(const struct args *args, struct cgdt_pool *pool);

/* A vCPU's part in it, from when it has been verified by bringup. */
void threads_take_part(struct cpu *cpu);

/* vCPU 0's part, and the verdict. */
_Noreturn void threads_run(void);

#endif /* GUEST_THREADS_H */
