// SPDX-License-Identifier: MIT
//
// Everything of the 64-bit guest that cannot be C: the ELF notes that make Xen accept the image,
// the entry points of vCPU 0 and of all others, trap stubs, and the two callbacks.

#include "entry.inc"
#include "notes.inc"
#include "xen.h"

#define BOOT_STACK_SIZE 16384
#define RFLAGS_IF       0x200

    .section .note.Xen, "a", @note
    elfnote XEN_ELFNOTE_XEN_VERSION, "xen-3.0"
    elfnote XEN_ELFNOTE_LOADER, "generic"

// ---- entry points -------------------------------------------------------------------------

    .text

// vCPU 0: %rsi = start_info. Xen's one-page stack is left for our own.
    .globl _start
    .type _start, @function
_start:
    cld
    leaq boot_stack_end(%rip), %rsp
    xorl %ebp, %ebp
    movq %rsi, %rdi
    call kernel_main
1:  ud2                         // kernel_main does not return
    jmp 1b
    .size _start, . - _start

// Every other vCPU: %rdi = struct vcpu_start (see vcpu.h), %rsp = its stack. CS and SS go into
// the record first: the first hypercall replaces both by Xen's flat segments.
    .globl vcpu_entry
    .type vcpu_entry, @function
vcpu_entry:
    movw %cs, 0(%rdi)
    movw %ss, 2(%rdi)
    xorl %ebp, %ebp
    call *8(%rdi)
1:  call vcpu_park
    jmp 1b
    .size vcpu_entry, . - vcpu_entry

// ---- traps --------------------------------------------------------------------------------
// Xen pushes, from low to high addresses: rcx, r11, [error code], rip, cs, rflags, rsp, ss.
// A stub takes rcx and r11 back; the common part returns through the iret hypercall: a plain iret
// is not to be had in PV.

.macro stub_begin
    popq %rcx
    popq %r11
.endm

    stubs

trap_common:
    push_registers
    handle_trap
    pop_registers
    addq $16, %rsp              // vector and error code

// At rip of a Xen frame, all registers as they were. The cs word is used as Xen made it (RPL 0
// means "kernel"); with RPL 3 this would be a switch to user mode.
hypercall_iret:
    pushq $0                    // flags
    pushq %rcx
    pushq %r11
    pushq %rax
    movl $HYPERVISOR_iret, %eax
    syscall
    ud2

// ---- callbacks ----------------------------------------------------------------------------

// Upcalls stay masked for good, so this should never run. When it does, count it and return
// with upcalls masked.
    .globl event_callback
    .type event_callback, @function
event_callback:
    popq %rcx
    popq %r11
    lock incl event_count(%rip)
    andl $~RFLAGS_IF, 16(%rsp)
    jmp hypercall_iret
    .size event_callback, . - event_callback

// Xen comes here when a selector could not be reloaded at a context switch; it has put null
// there. Frame: rcx, r11, ds, es, fs, gs, rip ... The old selectors are dropped.
    .globl failsafe_callback
    .type failsafe_callback, @function
failsafe_callback:
    popq %rcx
    popq %r11
    addq $32, %rsp
    lock incl failsafe_count(%rip)
    jmp hypercall_iret
    .size failsafe_callback, . - failsafe_callback

// ---- software threads ---------------------------------------------------------------------

// thread_switch(uint64_t *from, uint64_t to): what a C function must keep goes on the stack.
    .globl thread_switch
    .type thread_switch, @function
thread_switch:
    push_preserved
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    pop_preserved
    ret
    .size thread_switch, . - thread_switch

// Where a new thread begins: %rbx = struct thread. On the stack is the zero that ends it.
    .globl thread_entry
    .type thread_entry, @function
thread_entry:
    movq %rbx, %rdi
    xorl %ebp, %ebp
    jmp thread_main
    .size thread_entry, . - thread_entry

// ---- data ---------------------------------------------------------------------------------

    .bss
    .balign 16
boot_stack:
    .skip BOOT_STACK_SIZE
boot_stack_end:

    .globl event_count
    .globl failsafe_count
event_count:
    .long 0
failsafe_count:
    .long 0

    .section .note.GNU-stack, "", @progbits
