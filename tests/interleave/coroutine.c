/* SPDX-License-Identifier: MIT */
/*
 * See coroutine.h. What the System V ABI wants kept across a call: rbx, rbp, r12 .. r15 and the
 * stack.
 */
#include "coroutine.h"

#include <stdint.h>

__asm__(".pushsection .text\n"
        ".globl coroutine_switch\n"
        ".type coroutine_switch, @function\n"
        "coroutine_switch:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size coroutine_switch, . - coroutine_switch\n"
        ".popsection\n");

void *coroutine_prepare(void *stack, size_t bytes, void (*entry)(void))
{
    uintptr_t *top = (uintptr_t *)(((uintptr_t)stack + bytes) & ~(uintptr_t)15);

    *--top = 0; /* where entry's return address would be: it is entered as if it had been called */
    *--top = (uintptr_t)entry;
    for (unsigned i = 0; i < 6; i++)
        *--top = 0;
    return top;
}
