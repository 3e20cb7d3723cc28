/* SPDX-License-Identifier: MIT */
/* Exceptions. A fault that fault.h does not expect prints itself and ends the run. */

#ifndef GUEST_TRAPS_H
#define GUEST_TRAPS_H

#include "fault.h"
#include "xen.h"

/* As head.S builds it on the stack of the interrupted code. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector;
    uint64_t error_code;
    uint64_t rip;
    uint32_t cs; /* RPL 0 */
    uint32_t saved_upcall_mask;
    uint64_t rflags;
    uint64_t rsp;
    uint64_t ss;
};

_Static_assert(sizeof(struct trap_frame) == 22 * 8, "trap_frame");

/*
 * Trap table and callbacks of the calling vCPU (vCPU 0); other vCPUs get theirs at
 * initialisation through traps_fill_context(). Ends the run on failure.
 */
void traps_init(void);
void traps_fill_context(struct vcpu_guest_context *context);

/* How often Xen could not reload a selector at a context switch; expected to stay 0. */
uint32_t traps_failsafe_count(void);
uint32_t traps_event_count(void);

/* Called by head.S. */
void trap_handle(struct trap_frame *frame);

#endif /* GUEST_TRAPS_H */
