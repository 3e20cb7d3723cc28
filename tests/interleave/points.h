/* SPDX-License-Identifier: MIT */
/*
 * The atomics header of the explored core (-DCGDT_ATOMIC_HEADER): the same functions as
 * alloc/atomic.h, each with a scheduling point in front of it. CPUs are coroutines on one thread,
 * so the operation itself is an ordinary one.
 */
#ifndef CGDT_TESTS_POINTS_H
#define CGDT_TESTS_POINTS_H

#include "cgdt/env.h"

typedef uint64_t cgdt_word_t __attribute__((aligned(8)));

/*
 * In world.c: is the access allowed, and shall another CPU go first? Stores and loads are plain
 * ones, as x86's are: they go through the CPU's store buffer. Everything else is a locked
 * operation.
 */
uint64_t world_load(const volatile void *at, unsigned bytes);
void world_store(void *at, unsigned bytes, uint64_t value);
void world_locked(const volatile void *at);

/* In world.c: a 64-bit word has changed. */
void world_changed(const volatile void *at, uint64_t old, uint64_t value);

static inline uint8_t cgdt_load8_acquire_(const uint8_t *from)
{
    return (uint8_t)world_load(from, 1);
}

static inline void cgdt_store8_release_(uint8_t *to, uint8_t value)
{
    world_store(to, 1, value);
}

static inline bool cgdt_cas8_acq_rel_(uint8_t *at, uint8_t *expected, uint8_t value)
{
    world_locked(at);
    const uint8_t old = *(volatile uint8_t *)at;
    if (old == *expected)
        *(volatile uint8_t *)at = value;
    const bool done = old == *expected;
    *expected = old;
    return done;
}

static inline uint32_t cgdt_load32_relaxed_(const uint32_t *from)
{
    return (uint32_t)world_load(from, 4);
}

static inline uint32_t cgdt_load32_acquire_(const uint32_t *from)
{
    return cgdt_load32_relaxed_(from);
}

static inline uint32_t cgdt_load32_seq_cst_(const uint32_t *from)
{
    return cgdt_load32_relaxed_(from);
}

static inline void cgdt_add32_seq_cst_(uint32_t *to, uint32_t value)
{
    world_locked(to);
    *(volatile uint32_t *)to += value;
}

static inline void cgdt_store32_relaxed_(uint32_t *to, uint32_t value)
{
    world_store(to, 4, value);
}

static inline void cgdt_store32_release_(uint32_t *to, uint32_t value)
{
    cgdt_store32_relaxed_(to, value);
}

static inline bool cgdt_cas32_acq_rel_(uint32_t *at, uint32_t expected, uint32_t value)
{
    world_locked(at);
    if (*(volatile uint32_t *)at != expected)
        return false;
    *(volatile uint32_t *)at = value;
    return true;
}

static inline uintptr_t cgdt_load_pointer_acquire_(const uintptr_t *from)
{
    return (uintptr_t)world_load(from, sizeof(uintptr_t));
}

static inline void cgdt_store_pointer_release_(uintptr_t *to, uintptr_t value)
{
    world_store(to, sizeof(uintptr_t), value);
}

static inline uint64_t cgdt_load_descriptor_(const uint64_t *from)
{
    return world_load(from, 8);
}

static inline uint64_t cgdt_load64_seq_cst_(const cgdt_word_t *from)
{
    return world_load(from, 8);
}

static inline void cgdt_store64_relaxed_(cgdt_word_t *to, uint64_t value)
{
    world_store(to, 8, value);
}

static inline uint64_t cgdt_cas64_seq_cst_(cgdt_word_t *at, uint64_t expected, uint64_t value)
{
    world_locked(at);
    const uint64_t old = *(volatile cgdt_word_t *)at;
    if (old == expected) {
        *(volatile cgdt_word_t *)at = value;
        world_changed(at, old, value);
    }
    return old;
}

static inline uint64_t cgdt_or64_seq_cst_(cgdt_word_t *at, uint64_t bits)
{
    world_locked(at);
    const uint64_t old = *(volatile cgdt_word_t *)at;
    *(volatile cgdt_word_t *)at = old | bits;
    world_changed(at, old, old | bits);
    return old;
}

static inline uint64_t cgdt_and64_seq_cst_(cgdt_word_t *at, uint64_t bits)
{
    world_locked(at);
    const uint64_t old = *(volatile cgdt_word_t *)at;
    *(volatile cgdt_word_t *)at = old & bits;
    world_changed(at, old, old & bits);
    return old;
}

static inline void cgdt_increment64_seq_cst_(cgdt_word_t *at)
{
    world_locked(at);
    *(volatile cgdt_word_t *)at += 1;
}

#endif
