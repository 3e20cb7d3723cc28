/* SPDX-License-Identifier: MIT */
/*
 * What compilers are told about speed and size. Private to alloc/. Attributes are spelt with
 * underscores: `noinline` and others are macros in Linux and FreeBSD.
 */
#ifndef CGDT_ALLOC_HINTS_H
#define CGDT_ALLOC_HINTS_H

/* A function that is seldom called: small, and out of the way of those that call it seldom. */
#ifdef __clang__
#define CGDT_SELDOM_ __attribute__((__noinline__, __cold__, __minsize__))
#else
#define CGDT_SELDOM_ __attribute__((__noinline__, __cold__))
#endif

/*
 * `static CGDT_INLINE_UNLESS_SMALL_`: a helper for its callers to take in, but not where size is
 * what counts.
 */
#if defined(__OPTIMIZE_SIZE__) && defined(__clang__)
#define CGDT_INLINE_UNLESS_SMALL_ __attribute__((__noinline__, __minsize__))
#elif defined(__OPTIMIZE_SIZE__)
#define CGDT_INLINE_UNLESS_SMALL_ __attribute__((__noinline__))
#else
#define CGDT_INLINE_UNLESS_SMALL_ inline
#endif

/*
 * Where size is what counts: as small as the compiler can. (gcc does so at -Os by itself; for i386
 * clang then calls libgcc for 64-bit shifts.)
 */
#if defined(__OPTIMIZE_SIZE__) && defined(__clang__) && defined(__x86_64__)
#define CGDT_COMPACT_ __attribute__((__minsize__))
#else
#define CGDT_COMPACT_
#endif

/* Before a loop over a group of 8 descriptors that is worth unrolling. */
#ifdef __OPTIMIZE_SIZE__
#define CGDT_UNROLL_ _Pragma("GCC unroll 1")
#else
#define CGDT_UNROLL_ _Pragma("GCC unroll 8")
#endif

#endif
