/* SPDX-License-Identifier: MIT */
/* What is on a stack after an exception of a 64-bit guest; for traps.h alone to include. */

#ifndef GUEST_FRAME_H
#define GUEST_FRAME_H

#include <stdint.h>

#include "fault.h"

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

#define FAILSAFE_IP 6 /* word of Xen's failsafe frame: rcx, r11, ds, es, fs, gs, rip, ... */

static inline uintptr_t *frame_ip(struct trap_frame *frame)
{
    return &frame->rip;
}

static inline uintptr_t *frame_accumulator(struct trap_frame *frame)
{
    return &frame->rax;
}

/* The interrupted code's stack. */
static inline uintptr_t frame_sp(const struct trap_frame *frame)
{
    return frame->rsp;
}

static inline uintptr_t frame_ss(const struct trap_frame *frame)
{
    return frame->ss;
}

/* The selectors that the return from it loads, each as `other` has it. */
static inline void frame_change_selectors(struct trap_frame *frame, uint16_t (*other)(uint16_t))
{
    frame->cs = other((uint16_t)frame->cs);
    frame->ss = other((uint16_t)frame->ss);
}

#define PRESERVED_REGISTERS 6 /* that thread_switch() of head.S puts on the stack: rbx first */

#endif /* GUEST_FRAME_H */
