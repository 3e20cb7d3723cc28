/* SPDX-License-Identifier: MIT */
/*
 * The operations of alloc/atomic.h for proofs about one CPU: each is what it does when nobody else
 * is there, in C without assembler, the same for LP64 and ILP32. What several CPUs do to each other
 * is no subject of those (tests/interleave, and the litmus tests beside this file).
 *
 * PROOF_WATCH_STORES: proof_stored() of the harness is called after each store of a descriptor.
 */
#ifndef CGDT_TESTS_PROOF_PLAIN_ATOMIC_H
#define CGDT_TESTS_PROOF_PLAIN_ATOMIC_H

#include "cgdt/env.h"

typedef uint64_t cgdt_word_t __attribute__((aligned(8)));

/* CBMC 5.12 knows no such function, and would take any number for its result. */
static inline int proof_ctz_(uint64_t word)
{
    int index = 0;

    for (int step = 32; step > 0; step /= 2) {
        if ((word << (64 - step)) == 0) {
            index += step;
            word >>= step;
        }
    }
    return index;
}

#define __builtin_ctzll(word) proof_ctz_(word)
#define __builtin_ctz(word)   proof_ctz_(word)

#ifdef PROOF_WATCH_STORES
void proof_stored(const uint64_t *at);
#define PROOF_STORED_(at) proof_stored(at)
#else
#define PROOF_STORED_(at) (void)(at)
#endif

#define PROOF_LOAD_(type, name)                                                                    \
    static inline type name(const type *from)                                                      \
    {                                                                                              \
        return *from;                                                                              \
    }

#define PROOF_STORE_(type, name)                                                                   \
    static inline void name(type *to, type value)                                                  \
    {                                                                                              \
        *to = value;                                                                               \
    }

PROOF_LOAD_(uint8_t, cgdt_load8_acquire_)
PROOF_LOAD_(uint32_t, cgdt_load32_relaxed_)
PROOF_LOAD_(uint32_t, cgdt_load32_acquire_)
PROOF_LOAD_(uint32_t, cgdt_load32_seq_cst_)
PROOF_LOAD_(uintptr_t, cgdt_load_pointer_acquire_)
PROOF_LOAD_(uint64_t, cgdt_load_descriptor_)
PROOF_LOAD_(cgdt_word_t, cgdt_load64_seq_cst_)
PROOF_STORE_(uint8_t, cgdt_store8_release_)
PROOF_STORE_(uint32_t, cgdt_store32_relaxed_)
PROOF_STORE_(uint32_t, cgdt_store32_release_)
PROOF_STORE_(uintptr_t, cgdt_store_pointer_release_)

static inline void cgdt_store64_relaxed_(cgdt_word_t *to, uint64_t value)
{
    *to = value;
    PROOF_STORED_(to);
}

static inline bool cgdt_cas8_acq_rel_(uint8_t *at, uint8_t *expected, uint8_t value)
{
    const bool same = *at == *expected;

    *expected = *at;
    if (same)
        *at = value;
    return same;
}

static inline bool cgdt_cas32_acq_rel_(uint32_t *at, uint32_t expected, uint32_t value)
{
    const bool same = *at == expected;

    if (same)
        *at = value;
    return same;
}

static inline uint64_t cgdt_cas64_seq_cst_(cgdt_word_t *at, uint64_t expected, uint64_t value)
{
    const uint64_t old = *at;

    if (old == expected)
        *at = value;
    return old;
}

static inline uint64_t cgdt_or64_seq_cst_(cgdt_word_t *at, uint64_t bits)
{
    const uint64_t old = *at;

    *at = old | bits;
    return old;
}

static inline uint64_t cgdt_and64_seq_cst_(cgdt_word_t *at, uint64_t bits)
{
    const uint64_t old = *at;

    *at = old & bits;
    return old;
}

static inline void cgdt_increment64_seq_cst_(cgdt_word_t *at)
{
    (*at)++;
}

static inline void cgdt_add32_seq_cst_(uint32_t *to, uint32_t value)
{
    *to += value;
}

#endif
