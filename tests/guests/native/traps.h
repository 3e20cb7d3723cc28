/* SPDX-License-Identifier: MIT */
/*
 * Exceptions and interrupts. A fault that fault.h does not expect prints itself and ends the run.
 */

#ifndef GUEST_TRAPS_H
#define GUEST_TRAPS_H

#include <stdint.h>

#include "fault.h"
#include "layout.h"

/* As head.S builds it on the stack of the interrupted code. */
struct trap_frame {
    uintptr_t gs, fs, es, ds;
#if defined(__x86_64__)
    uintptr_t r15, r14, r13, r12, r11, r10, r9, r8, di, si, bp, bx, dx, cx, ax;
#else
    uintptr_t di, si, bp, unused, bx, dx, cx, ax;
#endif
    uintptr_t vector;
    uintptr_t error_code;
    uintptr_t ip;
    uintptr_t cs;
    uintptr_t flags;
    uintptr_t sp; /* this and ss: i386 only where ring 3 was interrupted */
    uintptr_t ss;
};

/* Builds the table; once, before any CPU uses it. */
void traps_init(void);

/* For the calling CPU. */
void traps_load(void);

/* Where the last page fault with a fixup was, on the calling CPU. */
uintptr_t traps_fault_address(void);

/* Unexpected ones; 0 at the end of every run that gets there. */
uint32_t traps_unexpected(void);

/* Called by head.S. */
void trap_handle(struct trap_frame *frame);

/* In head.S: interrupts on, and wait for one. The second is the address of its HLT. */
void sleep_until_interrupt(void);
extern const char sleep_hlt[];

/* In head.S: the way back from ring 3, and the visit. */
_Noreturn void user_return(uintptr_t resume, uint32_t value);
uint32_t user_visit(uint32_t selector, uintptr_t *resume);

#endif /* GUEST_TRAPS_H */
