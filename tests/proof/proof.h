/* SPDX-License-Identifier: MIT */
/*
 * What harnesses of the bounded model checker are written with. A function of a harness is a
 * theorem: what any_u64() and the like give is every value there is, ASSUME() says of which of them
 * it speaks, and CLAIM() what holds of all those. tests/proof/run says how each is asked.
 */
#ifndef CGDT_TESTS_PROOF_H
#define CGDT_TESTS_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Functions without a body: CBMC takes whatever they could return. */
uint64_t any_u64(void);
uint32_t any_u32(void);
uint16_t any_u16(void);
uint8_t any_u8(void);
unsigned any_unsigned(void);
size_t any_size(void);
int any_int(void);

static inline bool any_bool(void)
{
    return (any_u8() & 1u) != 0;
}

static inline uint32_t any_below(uint32_t end)
{
    const uint32_t value = any_u32();

    __CPROVER_assume(value < end);
    return value;
}

#define ASSUME(condition)       __CPROVER_assume(condition)
#define CLAIM(condition, words) __CPROVER_assert(condition, "CLAIM: " words)

#endif
