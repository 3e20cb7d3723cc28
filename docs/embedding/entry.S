// SPDX-License-Identifier: MIT
// From where a loader leaves the CPU (32-bit protected mode, no paging) to kernel_main() in 64-bit
// mode, on a boot table whose selectors are those of the slots. PVH: an ELF note says where to
// begin (QEMU's -kernel, Xen, Firecracker).

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18              // XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .long start

    .data
    .balign 4096
pml4: .quad pdpt + 3
    .fill 511, 8, 0
pdpt: .quad pd + 3
    .fill 511, 8, 0
pd: .set address, 0             // the first GiB where it is, by pages of 2 MiB
    .rept 512
    .quad address + 0x83
    .set address, address + 0x200000
    .endr
gdt: .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdtr: .word gdtr - gdt - 1
    .long gdt

    .text
    .code32
    .globl start
start:
    movl $pml4, %eax
    movl %eax, %cr3
    movl $0x20, %eax            // PAE
    movl %eax, %cr4
    movl $0xc0000080, %ecx      // EFER
    movl $0x100, %eax           // LME
    xorl %edx, %edx
    wrmsr
    movl $0x80010001, %eax      // PG, WP, PE
    movl %eax, %cr0
    lgdt gdtr
    ljmp $0x08, $1f
    .code64
1:  movl $0x10, %eax
    movl %eax, %ss
    movl %eax, %ds
    movl %eax, %es
    movl $stack_end, %esp
    call kernel_main
2:  hlt
    jmp 2b

    .bss
    .balign 16
    .skip 16384
stack_end:

    .section .note.GNU-stack, "", @progbits
