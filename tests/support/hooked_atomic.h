/* SPDX-License-Identifier: MIT */
/*
 * The core's atomics (CGDT_ATOMIC_HEADER), with a place before each change of the slot map, the
 * directory, a page's word or a descriptor, and before most loads, where a test can let another CPU
 * go first, or this one die. All else is alloc/atomic.h as it is.
 */
#ifndef CGDT_TESTS_HOOKED_ATOMIC_H
#define CGDT_TESTS_HOOKED_ATOMIC_H

#define cgdt_load64_seq_cst_        plain_load64_seq_cst_
#define cgdt_or64_seq_cst_          plain_or64_seq_cst_
#define cgdt_and64_seq_cst_         plain_and64_seq_cst_
#define cgdt_cas64_seq_cst_         plain_cas64_seq_cst_
#define cgdt_increment64_seq_cst_   plain_increment64_seq_cst_
#define cgdt_store64_relaxed_       plain_store64_relaxed_
#define cgdt_cas32_acq_rel_         plain_cas32_acq_rel_
#define cgdt_store32_release_       plain_store32_release_
#define cgdt_load32_relaxed_        plain_load32_relaxed_
#define cgdt_load32_seq_cst_        plain_load32_seq_cst_
#define cgdt_add32_seq_cst_         plain_add32_seq_cst_
#define cgdt_load8_acquire_         plain_load8_acquire_
#define cgdt_store8_release_        plain_store8_release_
#define cgdt_cas8_acq_rel_          plain_cas8_acq_rel_
#define cgdt_store_pointer_release_ plain_store_pointer_release_
#define cgdt_load_descriptor_       plain_load_descriptor_

#undef CGDT_ATOMIC_HEADER
#undef CGDT_ALLOC_ATOMIC_H
#include "../../alloc/atomic.h"
#define CGDT_ATOMIC_HEADER "hooked_atomic.h"

#undef cgdt_load64_seq_cst_
#undef cgdt_or64_seq_cst_
#undef cgdt_and64_seq_cst_
#undef cgdt_cas64_seq_cst_
#undef cgdt_increment64_seq_cst_
#undef cgdt_store64_relaxed_
#undef cgdt_cas32_acq_rel_
#undef cgdt_store32_release_
#undef cgdt_load32_relaxed_
#undef cgdt_load32_seq_cst_
#undef cgdt_add32_seq_cst_
#undef cgdt_load8_acquire_
#undef cgdt_store8_release_
#undef cgdt_cas8_acq_rel_
#undef cgdt_store_pointer_release_
#undef cgdt_load_descriptor_

enum hooked {
    HOOKED_LOAD,
    HOOKED_CHANGE,
    HOOKED_DESCRIPTOR, /* a load of a descriptor, from a page or from the caller's memory */
};

/* In the suite. */
void hook(enum hooked kind, const volatile void *at);

static inline uint64_t cgdt_load64_seq_cst_(const cgdt_word_t *from)
{
    hook(HOOKED_LOAD, from);
    return plain_load64_seq_cst_(from);
}

static inline uint64_t cgdt_or64_seq_cst_(cgdt_word_t *at, uint64_t bits)
{
    hook(HOOKED_CHANGE, at);
    return plain_or64_seq_cst_(at, bits);
}

static inline uint64_t cgdt_and64_seq_cst_(cgdt_word_t *at, uint64_t bits)
{
    hook(HOOKED_CHANGE, at);
    return plain_and64_seq_cst_(at, bits);
}

static inline uint64_t cgdt_cas64_seq_cst_(cgdt_word_t *at, uint64_t expected, uint64_t value)
{
    hook(HOOKED_CHANGE, at);
    return plain_cas64_seq_cst_(at, expected, value);
}

static inline void cgdt_increment64_seq_cst_(cgdt_word_t *at)
{
    hook(HOOKED_CHANGE, at);
    plain_increment64_seq_cst_(at);
}

static inline void cgdt_store64_relaxed_(cgdt_word_t *to, uint64_t value)
{
    hook(HOOKED_CHANGE, to);
    plain_store64_relaxed_(to, value);
}

static inline bool cgdt_cas32_acq_rel_(uint32_t *at, uint32_t expected, uint32_t value)
{
    hook(HOOKED_CHANGE, at);
    return plain_cas32_acq_rel_(at, expected, value);
}

static inline void cgdt_store32_release_(uint32_t *to, uint32_t value)
{
    hook(HOOKED_CHANGE, to);
    plain_store32_release_(to, value);
}

static inline uint32_t cgdt_load32_relaxed_(const uint32_t *from)
{
    hook(HOOKED_LOAD, from);
    return plain_load32_relaxed_(from);
}

static inline uint32_t cgdt_load32_seq_cst_(const uint32_t *from)
{
    hook(HOOKED_LOAD, from);
    return plain_load32_seq_cst_(from);
}

static inline void cgdt_add32_seq_cst_(uint32_t *to, uint32_t value)
{
    hook(HOOKED_CHANGE, to);
    plain_add32_seq_cst_(to, value);
}

static inline uint8_t cgdt_load8_acquire_(const uint8_t *from)
{
    hook(HOOKED_LOAD, from);
    return plain_load8_acquire_(from);
}

static inline void cgdt_store8_release_(uint8_t *to, uint8_t value)
{
    hook(HOOKED_CHANGE, to);
    plain_store8_release_(to, value);
}

static inline bool cgdt_cas8_acq_rel_(uint8_t *at, uint8_t *expected, uint8_t value)
{
    hook(HOOKED_CHANGE, at);
    return plain_cas8_acq_rel_(at, expected, value);
}

static inline void cgdt_store_pointer_release_(uintptr_t *to, uintptr_t value)
{
    hook(HOOKED_CHANGE, to);
    plain_store_pointer_release_(to, value);
}

static inline uint64_t cgdt_load_descriptor_(const uint64_t *from)
{
    hook(HOOKED_DESCRIPTOR, from);
    return plain_load_descriptor_(from);
}

#endif
