/* SPDX-License-Identifier: MIT */
/* What a new vCPU of a 64-bit guest begins with. */

#include "context.h"

#include "traps.h"

#define RFLAGS_INITIAL 0x202

void context_begin(struct vcpu_guest_context *context)
{
    context->flags = VGCF_in_kernel;
    context->user_regs.rflags = RFLAGS_INITIAL;
    context->kernel_ss = FLAT_KERNEL_SS & ~7u; /* Xen makes the RPL 3 */
    context->event_callback_eip = (uintptr_t)event_callback;
    context->failsafe_callback_eip = (uintptr_t)failsafe_callback;
    context->syscall_callback_eip = (uintptr_t)event_callback; /* there is no user mode */
}

void context_enter(struct vcpu_guest_context *context, uintptr_t entry, uintptr_t stack,
                   uintptr_t argument, uint16_t cs, uint16_t ss)
{
    context->user_regs.rip = entry;
    context->user_regs.rsp = stack;
    context->user_regs.rdi = argument;
    context->user_regs.cs = cs;
    context->user_regs.ss = ss;
    context->kernel_sp = stack;
}
