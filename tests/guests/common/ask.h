/* SPDX-License-Identifier: MIT */
/*
 * What the processor itself says of a selector. All return false, as it does, for an entry that is
 * empty, out of reach, or not of that kind.
 */

#ifndef GUEST_ASK_H
#define GUEST_ASK_H

#include <stdbool.h>
#include <stdint.h>

/* LAR defines these bits of its result: type, S, DPL, P, AVL, L, D, G. */
#define LAR_MASK 0x00f0ff00u

static inline bool lsl(uint16_t selector, uint32_t *limit)
{
    uint32_t result = 0;
    bool ok;

    __asm__ volatile("lsl %k2, %k0" : "+r"(result), "=@ccz"(ok) : "r"((uint32_t)selector));
    *limit = result;
    return ok;
}

static inline bool lar(uint16_t selector, uint32_t *rights)
{
    uint32_t result = 0;
    bool ok;

    __asm__ volatile("lar %k2, %k0" : "+r"(result), "=@ccz"(ok) : "r"((uint32_t)selector));
    *rights = result & LAR_MASK;
    return ok;
}

/* Whether a segment may be read, or written, from here. */
static inline bool verr(uint16_t selector)
{
    bool ok;

    __asm__ volatile("verr %w1" : "=@ccz"(ok) : "r"(selector));
    return ok;
}

static inline bool verw(uint16_t selector)
{
    bool ok;

    __asm__ volatile("verw %w1" : "=@ccz"(ok) : "r"(selector));
    return ok;
}

#endif /* GUEST_ASK_H */
