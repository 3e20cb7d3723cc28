/* SPDX-License-Identifier: MIT */
/* Into ring 3 and back: see process.h. */

#include "process.h"

#include "exit.h"
#include "pages.h"
#include "xen.h"

/* link.ld */
extern const char user_start[];
extern const char user_end[];

/* head.S: to ring 3, on that stack, until it makes its system call. */
void process_enter(uintptr_t code, uintptr_t stack);
extern const char process_exit[];

void process_open(const void *from, uintptr_t bytes)
{
    const uintptr_t first = (uintptr_t)from & ~(uintptr_t)(PAGE_SIZE - 1);

    for (uintptr_t at = first; at < (uintptr_t)from + bytes; at += PAGE_SIZE) {
        const int64_t error = page_open((const void *)at);
        if (error != 0)
            guest_fatal("a page for processes", error);
    }
}

void process_init(void)
{
    process_open(user_start, (uintptr_t)user_end - (uintptr_t)user_start);
}

void process_run(void (*code)(void *argument), void *argument, void *stack_end)
{
    uintptr_t *stack = stack_end;

    *--stack = (uintptr_t)argument;
    *--stack = (uintptr_t)process_exit;
    process_enter((uintptr_t)code, (uintptr_t)stack);
}
