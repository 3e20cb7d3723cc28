/* SPDX-License-Identifier: MIT */
/*
 * Processes: code in ring 3, which sees no page of the kernel's but those that were opened for it,
 * and of a GDT what ring 3 sees. Only a 32-bit guest has another ring for them.
 */

#ifndef GUEST_PROCESS_H
#define GUEST_PROCESS_H

#include <stdint.h>

/* Of a function that a process runs: it may call nothing, and reach pages of processes only. */
#define PROCESS_CODE __attribute__((section(".user"), flatten, noinline))

/* The code of processes becomes theirs. Ends the run on failure. */
void process_init(void);

/* The pages from one address up to another: for processes too, from now on. */
void process_open(const void *from, uintptr_t bytes);

/*
 * The calling vCPU runs code(argument) in ring 3 until it returns. All is flat there but for %fs
 * and %gs, which stay what they are if ring 3 may have it; and what the process has in them at the
 * end is in them afterwards.
 */
void process_run(void (*code)(void *argument), void *argument, void *stack_end);

/* What a call through a gate to gate_target comes back with: it was in ring 1. */
#define GATE_PASSED 0x47415401u
extern const char gate_target[];

#endif /* GUEST_PROCESS_H */
