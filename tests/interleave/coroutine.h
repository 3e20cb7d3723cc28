/* SPDX-License-Identifier: MIT */
/* Several stacks on one thread, x86-64. */
#ifndef CGDT_TESTS_COROUTINE_H
#define CGDT_TESTS_COROUTINE_H

#include <stddef.h>

/* A stack on which `entry`, which must not return, begins when it is switched to. */
void *coroutine_prepare(void *stack, size_t bytes, void (*entry)(void));

/* Leave this stack, its top in *from, and go on where `to` was left. */
void coroutine_switch(void **from, void *to);

#endif
