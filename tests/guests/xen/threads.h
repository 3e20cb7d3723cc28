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

/*
 * One thread by itself, for a vCPU that does something else meanwhile. Onto this vCPU comes the
 * first of the queue, its TLS in the vCPU's table and its selectors in %fs and %gs, and runs until
 * it yields; NULL: there is none. Then it may run again, with whatever is in %fs and %gs. It leaves
 * with the two null and the table as it was before.
 */
struct thread *threads_begin(const struct cpu *cpu);
void threads_go_on(struct thread *thread);
void threads_finish(const struct cpu *cpu, struct thread *thread);

/* Looks of threads that did not find what is theirs. */
uint32_t threads_wrong(void);

/* vCPU 0's part, and the verdict. */
_Noreturn void threads_run(void);

#endif /* GUEST_THREADS_H */
