/* SPDX-License-Identifier: MIT */
/*
 * The core's atomics (CGDT_ATOMIC_HEADER), with a place before each operation on the slot map and
 * on the directory where a test can let another CPU go first. All else is alloc/atomic.h as it is.
 */
#ifndef CGDT_TESTS_HOOKED_ATOMIC_H
#define CGDT_TESTS_HOOKED_ATOMIC_H

#define cgdt_load64_seq_cst_ plain_load64_
#define cgdt_or64_seq_cst_   plain_or64_
#define cgdt_and64_seq_cst_  plain_and64_
#define cgdt_cas64_seq_cst_  plain_cas64_
#define cgdt_cas32_acq_rel_  plain_cas32_
#define cgdt_load8_acquire_  plain_load8_
#define cgdt_store8_release_ plain_store8_
#define cgdt_cas8_acq_rel_   plain_cas8_

#undef CGDT_ATOMIC_HEADER
#undef CGDT_ALLOC_ATOMIC_H
#include "../../alloc/atomic.h"
#define CGDT_ATOMIC_HEADER "hooked_atomic.h"

#undef cgdt_load64_seq_cst_
#undef cgdt_or64_seq_cst_
#undef cgdt_and64_seq_cst_
#undef cgdt_cas64_seq_cst_
#undef cgdt_cas32_acq_rel_
#undef cgdt_load8_acquire_
#undef cgdt_store8_release_
#undef cgdt_cas8_acq_rel_

enum hooked {
    HOOKED_LOAD,
    HOOKED_CHANGE,
};

/* In test_races.c. */
void hook(enum hooked kind, const volatile void *at);

static inline uint64_t cgdt_load64_seq_cst_(const cgdt_word_t *from)
{
    hook(HOOKED_LOAD, from);
    return plain_load64_(from);
}

static inline uint64_t cgdt_or64_seq_cst_(cgdt_word_t *at, uint64_t bits)
{
    hook(HOOKED_CHANGE, at);
    return plain_or64_(at, bits);
}

static inline uint64_t cgdt_and64_seq_cst_(cgdt_word_t *at, uint64_t bits)
{
    hook(HOOKED_CHANGE, at);
    return plain_and64_(at, bits);
}

static inline uint64_t cgdt_cas64_seq_cst_(cgdt_word_t *at, uint64_t expected, uint64_t value)
{
    hook(HOOKED_CHANGE, at);
    return plain_cas64_(at, expected, value);
}

static inline bool cgdt_cas32_acq_rel_(uint32_t *at, uint32_t expected, uint32_t value)
{
    hook(HOOKED_CHANGE, at);
    return plain_cas32_(at, expected, value);
}

static inline uint8_t cgdt_load8_acquire_(const uint8_t *from)
{
    hook(HOOKED_LOAD, from);
    return plain_load8_(from);
}

static inline void cgdt_store8_release_(uint8_t *to, uint8_t value)
{
    hook(HOOKED_CHANGE, to);
    plain_store8_(to, value);
}

static inline bool cgdt_cas8_acq_rel_(uint8_t *at, uint8_t expected, uint8_t value)
{
    hook(HOOKED_CHANGE, at);
    return plain_cas8_(at, expected, value);
}

#endif
