/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The one place where cgdt asks its surroundings for types.
 *
 * A kernel that compiles with -nostdinc defines CGDT_ENV_HEADER to a header of its own (in quotes
 * or angle brackets) that supplies uint8_t to uint64_t, uintptr_t, intptr_t, size_t, NULL, bool,
 * and UINTPTR_MAX as a number for `#if`. Nothing else is ever taken from a system header: no libc
 * function is called, not even memcpy or memset. (That is so at -O1, -O2, -O3 and -Os. At -O0 clang
 * makes calls of these two by itself, and at -Oz for i386 of libgcc's shifts.) `alloc/kbuild/` has
 * the one for Linux.
 */
#ifndef CGDT_ENV_H
#define CGDT_ENV_H

#ifdef CGDT_ENV_HEADER
#include CGDT_ENV_HEADER
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

#endif
