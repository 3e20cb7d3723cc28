/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The one place where cgdt asks its surroundings for types.
 *
 * A kernel that compiles with -nostdinc defines CGDT_ENV_HEADER to a header of its own (in quotes
 * or angle brackets) that supplies these, and need supply no more:
 *
 *     uint8_t uint16_t uint32_t uint64_t int64_t uintptr_t intptr_t size_t NULL bool true false
 *
 * (int64_t is for the port xen_pv alone.) Nothing else is ever taken from a system header: no libc
 * function is called, not even memcpy or memset. (That is so at -O1, -O2, -O3, -Os and -Og, with
 * -ffreestanding or without. At -O0 clang makes calls of these two by itself, and at -Oz for i386
 * of libgcc's shifts.) `alloc/kbuild/` has the one for Linux.
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

/**
 * Before a small function of a header. Not with the word: gcc takes it into its callers anyway, and
 * a kernel that has -Winline for its own code would be told wherever gcc decides against it.
 */
#ifdef __clang__
#define CGDT_INLINE_ static inline
#else
#define CGDT_INLINE_ static __attribute__((__unused__))
#endif

/**
 * The same for one that calls a function of the library: nothing of it is left where nobody calls
 * it, without optimisation too, so that what is not called is not linked.
 */
#define CGDT_CALLS_ static inline __attribute__((__always_inline__))

#endif
