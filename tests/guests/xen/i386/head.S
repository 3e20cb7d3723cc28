// SPDX-License-Identifier: MIT
//
// Everything of the 32-bit guest that cannot be C: the ELF notes that make Xen accept the image,
// the entry points of vCPU 0 and of all others, trap stubs, and the two callbacks.

#include "entry.inc"
#include "notes.inc"
#include "xen.h"

#define BOOT_STACK_SIZE 16384
#define EFLAGS_IF       0x200
#define EFLAGS_INITIAL  0x202

#define GATE_PASSED_BITS 0x47415400

    .section .note.Xen, "a", @note
    elfnote XEN_ELFNOTE_XEN_VERSION, "xen-3.0"
    elfnote XEN_ELFNOTE_LOADER, "generic"
    elfnote XEN_ELFNOTE_PAE_MODE, "yes"

// ---- entry points -------------------------------------------------------------------------

    .text

// vCPU 0: %esi = start_info. Xen's one-page stack is left for our own.
    .globl _start
    .type _start, @function
_start:
    cld
    movl $boot_stack_end, %esp
    xorl %ebp, %ebp
    subl $12, %esp
    pushl %esi
    call kernel_main
1:  ud2                         // kernel_main does not return
    jmp 1b
    .size _start, . - _start

// Every other vCPU: %edi = struct vcpu_start (see vcpu.h), %esp = its stack.
    .globl vcpu_entry
    .type vcpu_entry, @function
vcpu_entry:
    movw %cs, 0(%edi)
    movw %ss, 2(%edi)
    xorl %ebp, %ebp
    subl $12, %esp
    pushl %edi
    call *8(%edi)
1:  call vcpu_park
    jmp 1b
    .size vcpu_entry, . - vcpu_entry

// ---- traps --------------------------------------------------------------------------------
// Xen pushes what the processor does, from low to high addresses: [error code], eip, cs, eflags,
// and from ring 3 esp, ss. Where the code that was interrupted has its own %ds and %es, C has the
// flat ones. A plain iret does: upcalls stay masked for good, so that there is no mask to restore.

.macro stub_begin
.endm

    stubs

trap_common:
    pushl %ds
    pushl %es
    pushal
    movl $FLAT_KERNEL_SS, %eax
    movl %eax, %ds
    movl %eax, %es
    handle_trap
    popal
    popl %es
    popl %ds
    addl $8, %esp               // vector and error code
    iret

// ---- callbacks ----------------------------------------------------------------------------

// Upcalls stay masked for good, so this should never run. When it does, count it and return
// with upcalls masked. %ss is flat, whosever it is.
    .globl event_callback
    .type event_callback, @function
event_callback:
    lock incl %ss:event_count
    andl $~EFLAGS_IF, 8(%esp)
    pushl %eax                  // by the hypercall, which alone changes the mask
    movl $HYPERVISOR_iret, %eax
    int $0x82
    ud2
    .size event_callback, . - event_callback

// Xen comes here when a selector could not be reloaded at a context switch; it has put null
// there. Frame: ds, es, fs, gs, eip ... The old selectors are dropped; %ss is Xen's flat one from
// now on, and so are %ds and %es, if they are the null ones.
    .globl failsafe_callback
    .type failsafe_callback, @function
failsafe_callback:
    addl $16, %esp
    lock incl %ss:failsafe_count
    pushl %eax
    .irp register, ds, es
    movl %\register, %eax
    testl $~3, %eax
    jnz 1f
    movl $FLAT_KERNEL_SS, %eax
    movl %eax, %\register
1:
    .endr
    popl %eax
    iret
    .size failsafe_callback, . - failsafe_callback

// ---- processes ----------------------------------------------------------------------------

// process_enter(uintptr_t code, uintptr_t stack). What is to be had again afterwards goes on the
// stack, and below it is where the kernel is entered from ring 3: so the system call finds it.
    .globl process_enter
    .type process_enter, @function
process_enter:
    popl %eax
    pushl %cs                   // a far way back
    pushl %eax
    pushl %ebx
    pushl %ebp
    pushl %esi
    pushl %edi
    pushl %ds
    pushl %es
    pushl %ss
    movl 36(%esp), %esi
    movl 40(%esp), %edi
    movl $HYPERVISOR_stack_switch, %eax
    movl $FLAT_KERNEL_SS, %ebx
    movl %esp, %ecx
    int $0x82
    movl $FLAT_USER_SS, %eax
    pushl %eax
    pushl %edi
    pushl $EFLAGS_INITIAL
    pushl $FLAT_USER_CS
    pushl %esi
    movl %eax, %ds
    movl %eax, %es
    iret
    .size process_enter, . - process_enter

// From process_exit; on the stack are five words of Xen's.
    .globl system_call
    .type system_call, @function
system_call:
    addl $20, %esp
    popl %ss
    popl %es
    popl %ds
    popl %edi
    popl %esi
    popl %ebp
    popl %ebx
    lret
    .size system_call, . - system_call

    .section .user, "ax"
    .globl process_exit
    .type process_exit, @function
process_exit:
    int $SYSTEM_CALL_VECTOR
    ud2
    .size process_exit, . - process_exit
    .text

// Where call gates lead. The ring is in what it says.
    .globl gate_target
    .type gate_target, @function
gate_target:
    movl %cs, %eax
    andl $3, %eax
    orl $GATE_PASSED_BITS, %eax
    lret
    .size gate_target, . - gate_target

// ---- software threads ---------------------------------------------------------------------

// thread_switch(uintptr_t *from, uintptr_t to): what a C function must keep goes on the stack.
    .globl thread_switch
    .type thread_switch, @function
thread_switch:
    movl 4(%esp), %eax
    movl 8(%esp), %ecx
    pushl %ebx
    pushl %ebp
    pushl %esi
    pushl %edi
    movl %esp, (%eax)
    movl %ecx, %esp
    popl %edi
    popl %esi
    popl %ebp
    popl %ebx
    ret
    .size thread_switch, . - thread_switch

// Where a new thread begins: %ebx = struct thread. On the stack is the zero that ends it.
    .globl thread_entry
    .type thread_entry, @function
thread_entry:
    xorl %ebp, %ebp
    subl $8, %esp
    pushl %ebx
    pushl $0
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
