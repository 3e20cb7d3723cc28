/* SPDX-License-Identifier: MIT */
/* What is on a stack after an exception of a 32-bit guest; for traps.h alone to include. */

#ifndef GUEST_FRAME_H
#define GUEST_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "fault.h"
#include "xen.h"

/* As head.S builds it: on the stack of the interrupted code, or from ring 3 on the kernel's. */
struct trap_frame {
    uint32_t edi, esi, ebp, unused, ebx, edx, ecx, eax;
    uint32_t es, ds;
    uint32_t vector;
    uint32_t error_code;
    uint32_t eip;
    uint16_t cs;
    uint16_t saved_upcall_mask;
    uint32_t eflags;
    uint32_t esp; /* this and the next: from ring 3 only */
    uint32_t ss;
};

_Static_assert(sizeof(struct trap_frame) == 17 * 4, "trap_frame");

#define FAILSAFE_IP 4 /* word of Xen's failsafe frame: ds, es, fs, gs, eip, ... */

static inline uintptr_t *frame_ip(struct trap_frame *frame)
{
    return (uintptr_t *)&frame->eip;
}

static inline uintptr_t *frame_accumulator(struct trap_frame *frame)
{
    return (uintptr_t *)&frame->eax;
}

static inline bool frame_is_of_user(const struct trap_frame *frame)
{
    return (frame->cs & 3) == 3;
}

/* The interrupted code's stack. */
static inline uintptr_t frame_sp(const struct trap_frame *frame)
{
    return frame_is_of_user(frame) ? frame->esp : (uintptr_t)&frame->esp;
}

static inline uintptr_t frame_ss(const struct trap_frame *frame)
{
    return frame_is_of_user(frame) ? frame->ss : 0;
}

/* The selectors that the return from it loads, each as `other` has it. */
static inline void frame_change_selectors(struct trap_frame *frame, uint16_t (*other)(uint16_t))
{
    frame->cs = other(frame->cs);
    frame->ds = other((uint16_t)frame->ds);
    frame->es = other((uint16_t)frame->es);
    if (frame_is_of_user(frame))
        frame->ss = other((uint16_t)frame->ss);
}

extern const char system_call[]; /* head.S */

#define PRESERVED_REGISTERS 4 /* that thread_switch() of head.S puts on the stack: ebx first */

#endif /* GUEST_FRAME_H */
