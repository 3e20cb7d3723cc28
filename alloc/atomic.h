/* SPDX-License-Identifier: MIT */
/*
 * Every atomic operation of the core, its memory order in its name.
 *
 * An embedder can replace it (-DCGDT_ATOMIC_HEADER='"my_atomic.h"', beside CGDT_ENV_HEADER of
 * cgdt/env.h): by a kernel's own primitives, or by instrumented ones that explore every
 * interleaving. That header takes the place of all that follows here. It has to
 *
 *  1. include cgdt/env.h, for the types;
 *  2. define cgdt_word_t, a uint64_t aligned to 8 bytes on i386 too;
 *  3. define every function below, as `static inline` or as a macro, by the same types. The order
 *     in a name is the least that it must give; nothing is seq_cst but where its name says so. The
 *     functions that change a word are one read-modify-write each, also against other CPUs' plain
 *     stores to its neighbours; cas8 and cas32 may not fail by chance;
 *  4. wait for nobody: what cgdt/cgdt.h lets an NMI's handler call uses them, too.
 *
 * 64-bit words are used on i386 too: a page of 64 colors must be claimed by one operation. There
 * every access goes through LOCK CMPXCHG8B (any CPU since the Pentium; SDM vol. 3A section 9.1.1).
 */
#ifndef CGDT_ALLOC_ATOMIC_H
#define CGDT_ALLOC_ATOMIC_H

#include "hints.h"

#ifdef CGDT_ATOMIC_HEADER
#include CGDT_ATOMIC_HEADER
#else

#include "cgdt/env.h"

/*
 * Aligned on i386 too, where a plain uint64_t in a struct is not; CMPXCHG8B must not split a line.
 */
typedef uint64_t cgdt_word_t __attribute__((aligned(8)));

static inline uint8_t cgdt_load8_acquire_(const uint8_t *from)
{
    return __atomic_load_n(from, __ATOMIC_ACQUIRE);
}

static inline void cgdt_store8_release_(uint8_t *to, uint8_t value)
{
    __atomic_store_n(to, value, __ATOMIC_RELEASE);
}

/* True and stored if *at was *expected, which else becomes what it was. */
static inline bool cgdt_cas8_acq_rel_(uint8_t *at, uint8_t *expected, uint8_t value)
{
    return __atomic_compare_exchange_n(at, expected, value, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

static inline uint32_t cgdt_load32_relaxed_(const uint32_t *from)
{
    return __atomic_load_n(from, __ATOMIC_RELAXED);
}

static inline uint32_t cgdt_load32_acquire_(const uint32_t *from)
{
    return __atomic_load_n(from, __ATOMIC_ACQUIRE);
}

static inline uint32_t cgdt_load32_seq_cst_(const uint32_t *from)
{
    return __atomic_load_n(from, __ATOMIC_SEQ_CST);
}

static inline void cgdt_add32_seq_cst_(uint32_t *to, uint32_t value)
{
    (void)__atomic_fetch_add(to, value, __ATOMIC_SEQ_CST);
}

static inline void cgdt_store32_relaxed_(uint32_t *to, uint32_t value)
{
    __atomic_store_n(to, value, __ATOMIC_RELAXED);
}

static inline void cgdt_store32_release_(uint32_t *to, uint32_t value)
{
    __atomic_store_n(to, value, __ATOMIC_RELEASE);
}

/* True and stored if *at was `expected`. */
static inline bool cgdt_cas32_acq_rel_(uint32_t *at, uint32_t expected, uint32_t value)
{
    return __atomic_compare_exchange_n(at, &expected, value, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

static inline uintptr_t cgdt_load_pointer_acquire_(const uintptr_t *from)
{
    return __atomic_load_n(from, __ATOMIC_ACQUIRE);
}

static inline void cgdt_store_pointer_release_(uintptr_t *to, uintptr_t value)
{
    __atomic_store_n(to, value, __ATOMIC_RELEASE);
}

/*
 * A descriptor of a page that others may be changing: one load on x86-64, two on i386, where a
 * read-only page cannot be read by CMPXCHG8B (it writes).
 */
static inline uint64_t cgdt_load_descriptor_(const uint64_t *from)
{
#if defined(__i386__)
    return *(const volatile uint64_t *)from;
#else
    return __atomic_load_n(from, __ATOMIC_RELAXED);
#endif
}

#if defined(__i386__)

/* The former value; *at is replaced only if it was `expected`. A full barrier. */
static inline uint64_t cgdt_cas64_seq_cst_(volatile cgdt_word_t *at, uint64_t expected,
                                           uint64_t value)
{
    __asm__ volatile("lock cmpxchg8b %1"
                     : "+A"(expected), "+m"(*at)
                     : "b"((uint32_t)value), "c"((uint32_t)(value >> 32))
                     : "cc", "memory");
    return expected;
}

/* Replacing 0 by 0 leaves *from as it is, whatever it was, and reads it whole. */
static inline uint64_t cgdt_load64_seq_cst_(const cgdt_word_t *from)
{
    return cgdt_cas64_seq_cst_((volatile cgdt_word_t *)(uintptr_t)from, 0, 0);
}

/*
 * A read-modify-write in the usual form: it goes round again only when another CPU's has succeeded.
 */
#define CGDT_RMW64_(at, old, new_value)                                                            \
    do {                                                                                           \
        (old) = cgdt_load64_seq_cst_(at);                                                          \
    } while (cgdt_cas64_seq_cst_((at), (old), (new_value)) != (old))

static inline uint64_t cgdt_or64_seq_cst_(cgdt_word_t *at, uint64_t bits)
{
    uint64_t old;

    CGDT_RMW64_(at, old, old | bits);
    return old;
}

static inline uint64_t cgdt_and64_seq_cst_(cgdt_word_t *at, uint64_t bits)
{
    uint64_t old;

    CGDT_RMW64_(at, old, old & bits);
    return old;
}

static inline void cgdt_increment64_seq_cst_(cgdt_word_t *at)
{
    uint64_t old;

    CGDT_RMW64_(at, old, old + 1);
    (void)old;
}

static inline void cgdt_store64_relaxed_(cgdt_word_t *to, uint64_t value)
{
    uint64_t old;

    CGDT_RMW64_(to, old, value);
    (void)old;
}

#else

static inline uint64_t cgdt_load64_seq_cst_(const cgdt_word_t *from)
{
    return __atomic_load_n(from, __ATOMIC_SEQ_CST);
}

static inline void cgdt_store64_relaxed_(cgdt_word_t *to, uint64_t value)
{
    __atomic_store_n(to, value, __ATOMIC_RELAXED);
}

/* The former value; *at is replaced only if it was `expected`. */
static inline uint64_t cgdt_cas64_seq_cst_(cgdt_word_t *at, uint64_t expected, uint64_t value)
{
    (void)__atomic_compare_exchange_n(at, &expected, value, false, __ATOMIC_SEQ_CST,
                                      __ATOMIC_SEQ_CST);
    return expected;
}

static inline uint64_t cgdt_or64_seq_cst_(cgdt_word_t *at, uint64_t bits)
{
    return __atomic_fetch_or(at, bits, __ATOMIC_SEQ_CST);
}

static inline uint64_t cgdt_and64_seq_cst_(cgdt_word_t *at, uint64_t bits)
{
    return __atomic_fetch_and(at, bits, __ATOMIC_SEQ_CST);
}

static inline void cgdt_increment64_seq_cst_(cgdt_word_t *at)
{
    (void)__atomic_fetch_add(at, 1, __ATOMIC_SEQ_CST);
}

#endif

#endif
#endif
