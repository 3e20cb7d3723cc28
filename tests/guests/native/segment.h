/* SPDX-License-Identifier: MIT */
/* What a CPU can do with its own table beyond selector.h, and ask (ask.h). */

#ifndef GUEST_SEGMENT_H
#define GUEST_SEGMENT_H

#include "ask.h"
#include "selector.h"

/* The number at the start of the segment. */
#define READ_THROUGH(name)                                                                         \
    static inline uint32_t read_##name##_u32(void)                                                 \
    {                                                                                              \
        uint32_t value;                                                                            \
        __asm__ volatile("movl %%" #name ":0, %0" : "=r"(value) : : "memory");                     \
        return value;                                                                              \
    }

READ_THROUGH(fs)
READ_THROUGH(gs)

#undef READ_THROUGH

/* LTR that may be refused: 0 or a FAULT(). */
static inline uint32_t try_ltr(uint16_t selector)
{
    uintptr_t fault = 0;

    __asm__ volatile("1: ltr %w1\n\t"
                     "2:\n\t" FIXUP(1b, 2b)
                     : "+a"(fault)
                     : "r"(selector)
                     : "memory");
    return (uint32_t)fault;
}

static inline void breakpoint(void)
{
    __asm__ volatile("int3" : : : "memory");
}

#endif /* GUEST_SEGMENT_H */
