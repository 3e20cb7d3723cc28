/* SPDX-License-Identifier: MIT */
/*
 * What compilers are told about speed and size. Private to alloc/. Attributes are spelt with
 * underscores: `noinline` and others are macros in Linux and FreeBSD.
 */
#ifndef CGDT_ALLOC_HINTS_H
#define CGDT_ALLOC_HINTS_H

/*
 * Kernels make errors of these two for their own code. Here `inline` is a wish that a compiler may
 * refuse, and C11 declares a value where it is known.
 */
#pragma GCC diagnostic ignored "-Winline"
#pragma GCC diagnostic ignored "-Wdeclaration-after-statement"

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

/* A function that its callers do not take in, so that those need no frame on the stack. */
#ifdef __OPTIMIZE_SIZE__
#define CGDT_APART_ CGDT_COMPACT_
#else
#define CGDT_APART_ __attribute__((__noinline__))
#endif

/*
 * A helper of what every CPU that comes or goes passes through: part of each of its callers, but
 * not where size is what counts, nor where nothing is optimised and each line is to be its own.
 */
#if defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__)
#define CGDT_FAST_ inline __attribute__((__always_inline__))
#else
#define CGDT_FAST_ inline
#endif

/*
 * What is so nearly always, or is to be in line with what leads there. Not for clang, which puts
 * what is unlikely so far away that the two ways of a loop take jumps both.
 */
#ifdef __clang__
#define CGDT_LIKELY_(condition) (condition)
#else
#define CGDT_LIKELY_(condition) __builtin_expect(condition, 1)
#endif
#define CGDT_UNLIKELY_(condition) __builtin_expect(condition, 0)

/* Before a loop over a group of 8 descriptors that is worth unrolling. */
#ifdef __OPTIMIZE_SIZE__
#define CGDT_UNROLL_ _Pragma("GCC unroll 1")
#else
#define CGDT_UNROLL_ _Pragma("GCC unroll 8")
#endif

#endif
