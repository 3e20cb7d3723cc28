/* SPDX-License-Identifier: MIT */
/*
 * The atomics header of the core whose memory order is searched (-DCGDT_ATOMIC_HEADER):
 * alloc/atomic.h itself, with the compiler's builtins in it replaced, so that each order is the one
 * that is written there.
 */
#ifndef CGDT_TESTS_ORDER_CORE_ATOMIC_H
#define CGDT_TESTS_ORDER_CORE_ATOMIC_H

#include "search.h"

#define __atomic_load_n(from, order)                                                               \
    ((__typeof__(*(from)))search_load((from), sizeof(*(from)), (order), __func__))
#define __atomic_store_n(to, value, order)                                                         \
    search_store((to), sizeof(*(to)), (uint64_t)(value), (order), __func__)
#define __atomic_fetch_add(at, value, order)                                                       \
    ((__typeof__(*(at)))search_change((at), sizeof(*(at)), CHANGE_ADD, (uint64_t)(value), (order), \
                                      __func__))
#define __atomic_fetch_or(at, value, order)                                                        \
    ((__typeof__(*(at)))search_change((at), sizeof(*(at)), CHANGE_OR, (value), (order), __func__))
#define __atomic_fetch_and(at, value, order)                                                       \
    ((__typeof__(*(at)))search_change((at), sizeof(*(at)), CHANGE_AND, (value), (order), __func__))
#define __atomic_exchange_n(at, value, order)                                                      \
    ((__typeof__(*(at)))search_change((at), sizeof(*(at)), CHANGE_TO, (value), (order), __func__))
#define __atomic_compare_exchange_n(at, expected, value, weak, success, failure)                   \
    search_swap((at), sizeof(*(at)), (expected), (value), (success), (failure), __func__)

#undef CGDT_ATOMIC_HEADER
#undef CGDT_ALLOC_ATOMIC_H
#include "atomic.h"
#define CGDT_ATOMIC_HEADER "core_atomic.h"

/* Who asks. */
#define CALLED_(name, ...) (search_called(__func__), name(__VA_ARGS__))

#define cgdt_load8_acquire_(...)         CALLED_(cgdt_load8_acquire_, __VA_ARGS__)
#define cgdt_store8_release_(...)        CALLED_(cgdt_store8_release_, __VA_ARGS__)
#define cgdt_cas8_acq_rel_(...)          CALLED_(cgdt_cas8_acq_rel_, __VA_ARGS__)
#define cgdt_load32_relaxed_(...)        CALLED_(cgdt_load32_relaxed_, __VA_ARGS__)
#define cgdt_load32_acquire_(...)        CALLED_(cgdt_load32_acquire_, __VA_ARGS__)
#define cgdt_load32_seq_cst_(...)        CALLED_(cgdt_load32_seq_cst_, __VA_ARGS__)
#define cgdt_add32_seq_cst_(...)         CALLED_(cgdt_add32_seq_cst_, __VA_ARGS__)
#define cgdt_store32_relaxed_(...)       CALLED_(cgdt_store32_relaxed_, __VA_ARGS__)
#define cgdt_store32_release_(...)       CALLED_(cgdt_store32_release_, __VA_ARGS__)
#define cgdt_cas32_acq_rel_(...)         CALLED_(cgdt_cas32_acq_rel_, __VA_ARGS__)
#define cgdt_load_pointer_acquire_(...)  CALLED_(cgdt_load_pointer_acquire_, __VA_ARGS__)
#define cgdt_store_pointer_release_(...) CALLED_(cgdt_store_pointer_release_, __VA_ARGS__)
#define cgdt_load_descriptor_(...)       CALLED_(cgdt_load_descriptor_, __VA_ARGS__)
#define cgdt_cas64_seq_cst_(...)         CALLED_(cgdt_cas64_seq_cst_, __VA_ARGS__)
#define cgdt_load64_seq_cst_(...)        CALLED_(cgdt_load64_seq_cst_, __VA_ARGS__)
#define cgdt_or64_seq_cst_(...)          CALLED_(cgdt_or64_seq_cst_, __VA_ARGS__)
#define cgdt_and64_seq_cst_(...)         CALLED_(cgdt_and64_seq_cst_, __VA_ARGS__)
#define cgdt_increment64_seq_cst_(...)   CALLED_(cgdt_increment64_seq_cst_, __VA_ARGS__)
#define cgdt_store64_relaxed_(...)       CALLED_(cgdt_store64_relaxed_, __VA_ARGS__)

#endif
