/* SPDX-License-Identifier: MIT */
/* plain_atomic.h, where descriptors of pages are the harness's: pool-state.h. */
#ifndef CGDT_TESTS_PROOF_POOL_ATOMIC_H
#define CGDT_TESTS_PROOF_POOL_ATOMIC_H

#define cgdt_load_descriptor_ plain_load_descriptor_
#define cgdt_store64_relaxed_ plain_store64_relaxed_
#include "plain_atomic.h"
#undef cgdt_load_descriptor_
#undef cgdt_store64_relaxed_

uint64_t proof_load(const uint64_t *from);
void proof_store(uint64_t *to, uint64_t value);

#define cgdt_load_descriptor_ proof_load
#define cgdt_store64_relaxed_ proof_store

#endif
