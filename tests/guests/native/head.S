// SPDX-License-Identifier: MIT
//
// Everything of the kernel that cannot be C: the headers that boot loaders look for, the way of the
// boot CPU and of every other CPU into C, trap stubs, and a visit to ring 3. Written once for i386
// and x86-64.

#include "layout.h"
#include "entry.inc"

#define CR0_PE  0x00000001
#define CR0_WP  0x00010000
#define CR0_PG  0x80000000
#define CR4_PAE 0x00000020
#define EFER    0xc0000080
#define EFER_LME 0x100

// ---- headers ------------------------------------------------------------------------------

// Multiboot 1, for the i386 kernel alone: a loader that finds this header refuses a 64-bit image.
#ifndef __x86_64__
    .section .multiboot, "a"
    .balign 4
    .long 0x1badb002, 0, -0x1badb002
#endif

// PVH: the 32-bit entry point, for either.
#define XEN_ELFNOTE_PHYS32_ENTRY 18
    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 8, XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .long _start, 0

// ---- the boot table -----------------------------------------------------------------------
// What a CPU uses before it has a slot and after it has left it. It has all that an NMI needs, with
// the selectors of a slot; %fs and %gs lead to a record that says: nobody.

    .data
    .balign 4096
    .globl boot_gdt
    .globl boot_gdt_end
boot_gdt:
    .quad 0
#ifdef __x86_64__
    .quad 0x00af9b000000ffff            // code, 64-bit
#else
    .quad 0x00cf9b000000ffff
#endif
    .quad 0x00cf93000000ffff            // data
    .quad 0, 0, 0, 0
    .quad 0x00cf93000000ffff            // %fs and %gs: bases are filled in by tables.c
    .quad 0x00cf93000000ffff
    .quad 0
    .quad 0x00cf9b000000ffff            // code, 32-bit
boot_gdt_end:

boot_gdtr:
    .word boot_gdt_end - boot_gdt - 1
    .long boot_gdt
    .long 0

// Control registers of the final page tables, for CPUs that start later: paging.c.
    .globl ap_cr3
    .globl ap_cr4
ap_cr3: .long 0
ap_cr4: .long 0

// ---- boot CPU: 32-bit protected mode, no paging; %eax a magic number, %ebx an information block

    .text
    .code32
    .globl _start
    .type _start, @function
_start:
    cli
    cld
    movl $boot_stack_end, %esp
    lgdt boot_gdtr
    ljmp $SEL_CODE32, $1f
1:  movl $SEL_DATA, %ecx
    movl %ecx, %ds
    movl %ecx, %es
    movl %ecx, %ss
#ifdef __x86_64__
    movl %eax, %edi
    movl %ebx, %esi
    movl $early_pml4, %ecx
    movl %ecx, %cr3
    movl $CR4_PAE, %edx
    movl %edx, %cr4
    movl $EFER, %ecx
    xorl %edx, %edx
    movl $EFER_LME, %eax
    wrmsr
    movl $(CR0_PG | CR0_WP | CR0_PE), %eax
    movl %eax, %cr0
    ljmp $SEL_CODE, $1f
    .code64
1:  xorl %ebp, %ebp
    movl %edi, %edi             // the loader's 32 bits
    movl %esi, %esi
    call kernel_main
#else
    ljmp $SEL_CODE, $1f
1:  xorl %ebp, %ebp
    subl $8, %esp               // %esp + 8 is a multiple of 16 at the call
    pushl %ebx
    pushl %eax
    call kernel_main
#endif
1:  ud2
    jmp 1b
    .size _start, . - _start

#ifdef __x86_64__
// The first gigabyte where it is, until paging.c has made better tables.
    .section .data.early, "aw"
    .balign 4096
early_pml4:
    .quad early_pdpt + 3
    .fill 511, 8, 0
early_pdpt:
    .quad early_pd + 3
    .fill 511, 8, 0
early_pd:
    .set page, 0
    .rept 512
    .quad page + 0x83
    .set page, page + 0x200000
    .endr
#endif

// ---- every other CPU ----------------------------------------------------------------------
// Copied to TRAMPOLINE. Nothing here is written, so any number of CPUs may be on their way at once.

    .text
    .code16
    .globl trampoline_start
    .globl trampoline_end
trampoline_start:
    cli
    cld
    xorw %ax, %ax
    movw %ax, %ds
    lgdtl TRAMPOLINE + (trampoline_gdtr - trampoline_start)
    movl %cr0, %eax
    orl $CR0_PE, %eax
    movl %eax, %cr0
    ljmpl $SEL_CODE32, $ap_entry32
    .balign 4
trampoline_gdtr:
    .word boot_gdt_end - boot_gdt - 1
    .long boot_gdt
trampoline_end:

    .code32
ap_entry32:
    movl $SEL_DATA, %ecx
    movl %ecx, %ds
    movl %ecx, %es
    movl %ecx, %ss
    movl ap_cr4, %eax
    movl %eax, %cr4
    movl ap_cr3, %eax
    movl %eax, %cr3
#ifdef __x86_64__
    movl $EFER, %ecx
    xorl %edx, %edx
    movl $EFER_LME, %eax
    wrmsr
#endif
    movl $(CR0_PG | CR0_WP | CR0_PE), %eax
    movl %eax, %cr0
    ljmp $SEL_CODE, $ap_entry

#ifdef __x86_64__
    .code64
#endif
// Which CPU this is: its x2APIC id, of leaf 0xb; where that leaf is not, the initial APIC id.
ap_entry:
    xorl %eax, %eax
    cpuid
    cmpl $0xb, %eax
    jb 1f
    movl $0xb, %eax
    xorl %ecx, %ecx
    cpuid
    testw %bx, %bx              // 0: the leaf says nothing (SDM vol. 2A, CPUID)
    movl %edx, %ebx
    jnz 2f
1:  movl $1, %eax
    cpuid
    shrl $24, %ebx
2:  movl %ebx, %eax
    incl %eax
    imull $MAIN_STACK_SIZE, %eax
    xorl %ebp, %ebp
#ifdef __x86_64__
    leaq main_stacks(%rax), %rsp
    movl %ebx, %edi
#else
    leal main_stacks(%eax), %esp
    subl $12, %esp
    pushl %ebx
#endif
    call cpu_arrive
1:  ud2
    jmp 1b

// ---- sleep --------------------------------------------------------------------------------
// trap_handle() knows the address of the HLT.

    .globl sleep_until_interrupt, sleep_hlt
    .type sleep_until_interrupt, @function
sleep_until_interrupt:
    sti
sleep_hlt:
    hlt
    ret
    .size sleep_until_interrupt, . - sleep_until_interrupt

// ---- traps --------------------------------------------------------------------------------
// The common part loads every segment register that holds a selector of the kernel's from the table
// in use, on the way in and on the way out.

.macro stub_begin
.endm

    stubs VECTOR_POKE, VECTOR_USER, VECTOR_SPURIOUS

#ifdef __x86_64__
trap_common:
    push_registers
    .irp register, ds, es, fs, gs
    movl %\register, %eax
    pushq %rax
    .endr
    movl $SEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl $SEL_FS, %eax
    movl %eax, %fs
    movl $SEL_GS, %eax
    movl %eax, %gs
    handle_trap
    .irp register, gs, fs, es, ds
    popq %rax
    movl %eax, %\register
    .endr
    pop_registers
    addq $16, %rsp
    iretq
#else
trap_common:
    pushal
    pushl %ds
    pushl %es
    pushl %fs
    pushl %gs
    movl $SEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl $SEL_FS, %eax
    movl %eax, %fs
    movl $SEL_GS, %eax
    movl %eax, %gs
    handle_trap
    popl %gs
    popl %fs
    popl %es
    popl %ds
    popal
    addl $8, %esp
    iretl
#endif

// ---- ring 3 -------------------------------------------------------------------------------

// uint32_t user_visit(uint32_t selector, uintptr_t *resume): what LSL says of it there. *resume
// receives the stack pointer that user_return(resume, value), called by the handler of VECTOR_USER,
// comes back to.
    .globl user_visit
    .type user_visit, @function
    .globl user_return
    .type user_return, @function
#ifdef __x86_64__
user_visit:
    push_preserved
    movq %rsp, (%rsi)
    movl %edi, %eax
    pushq $SEL_USER_DATA
    pushq $0                    // no stack there: nothing is pushed before the way back
    pushq $0x202
    pushq $SEL_USER_CODE
    pushq $user_code
    iretq
user_return:
    movq %rdi, %rsp
    movl %esi, %eax
    pop_preserved
    ret
#else
user_visit:
    pushl %ebx
    pushl %ebp
    pushl %esi
    pushl %edi
    movl 20(%esp), %eax
    movl 24(%esp), %ecx
    movl %esp, (%ecx)
    pushl $SEL_USER_DATA
    pushl $0
    pushl $0x202
    pushl $SEL_USER_CODE
    pushl $user_code
    iretl
user_return:
    movl 8(%esp), %eax
    movl 4(%esp), %esp
    popl %edi
    popl %esi
    popl %ebp
    popl %ebx
    ret
#endif
    .size user_visit, user_return - user_visit
    .size user_return, . - user_return

// The whole of user space: a selector in %eax, its limit or 0 in %ebx.
    .section .user, "ax"
user_code:
    xorl %ebx, %ebx
    lsl %eax, %ebx
    int $VECTOR_USER
    ud2

// ---- stacks -------------------------------------------------------------------------------

    .bss
    .balign 16
boot_stack:
    .skip MAIN_STACK_SIZE
boot_stack_end:
    .globl main_stacks
main_stacks:
    .skip MAIN_STACK_SIZE * MAX_CPUS

    .section .note.GNU-stack, "", @progbits
