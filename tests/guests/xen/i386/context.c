/* SPDX-License-Identifier: MIT */
/* What a new vCPU of a 32-bit guest begins with. */

#include "context.h"

#include "traps.h"

#define EFLAGS_INITIAL 0x202

void context_begin(struct vcpu_guest_context *context)
{
    context->flags = VGCF_in_kernel;
    context->user_regs.eflags = EFLAGS_INITIAL;
    context->kernel_ss = FLAT_KERNEL_SS;
    context->event_callback_cs = FLAT_KERNEL_CS;
    context->event_callback_eip = (uintptr_t)event_callback;
    context->failsafe_callback_cs = FLAT_KERNEL_CS;
    context->failsafe_callback_eip = (uintptr_t)failsafe_callback;
}

/* All segment registers have bases: %ds and %es are the stack's segment. */
void context_enter(struct vcpu_guest_context *context, uintptr_t entry, uintptr_t stack,
                   uintptr_t argument, uint16_t cs, uint16_t ss)
{
    context->user_regs.eip = entry;
    context->user_regs.esp = stack;
    context->user_regs.edi = argument;
    context->user_regs.cs = cs;
    context->user_regs.ss = ss;
    context->user_regs.ds = ss;
    context->user_regs.es = ss;
    context->kernel_sp = stack;
}
