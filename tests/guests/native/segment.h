/* SPDX-License-Identifier: MIT */
/* What a CPU can do with its own table, and ask (ask.h). Loads return 0 or a FAULT() value (traps.h). */

#ifndef GUEST_SEGMENT_H
#define GUEST_SEGMENT_H

#include "ask.h"
#include "traps.h"

#define SEGMENT_REGISTER(name)                                                                     \
    static inline uint16_t read_##name(void)                                                       \
    {                                                                                              \
        uint32_t selector;                                                                         \
        __asm__ volatile("movl %%" #name ", %0" : "=r"(selector));                                 \
        return (uint16_t)selector;                                                                 \
    }                                                                                              \
    static inline uint32_t load_##name(uint16_t selector)                                          \
    {                                                                                              \
        uintptr_t fault = 0;                                                                       \
        __asm__ volatile("1: movl %1, %%" #name "\n\t"                                             \
                         "2:\n\t" FIXUP(1b, 2b)                                                    \
                         : "+a"(fault)                                                             \
                         : "r"((uint32_t)selector)                                                 \
                         : "memory");                                                              \
        return (uint32_t)fault;                                                                    \
    }

/* The number at the start of the segment. */
#define READ_THROUGH(name)                                                                         \
    static inline uint32_t read_##name##_u32(void)                                                 \
    {                                                                                              \
        uint32_t value;                                                                            \
        __asm__ volatile("movl %%" #name ":0, %0" : "=r"(value) : : "memory");                     \
        return value;                                                                              \
    }

SEGMENT_REGISTER(ds)
SEGMENT_REGISTER(es)
SEGMENT_REGISTER(ss)
SEGMENT_REGISTER(fs)
SEGMENT_REGISTER(gs)
READ_THROUGH(fs)
READ_THROUGH(gs)

#undef SEGMENT_REGISTER
#undef READ_THROUGH

static inline uint16_t read_cs(void)
{
    uint32_t selector;

    __asm__ volatile("movl %%cs, %0" : "=r"(selector));
    return (uint16_t)selector;
}

/* LTR that may be refused. */
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

/* A store that may be refused. */
static inline uint32_t try_store(uintptr_t to, uint32_t value)
{
    uintptr_t fault = 0;

    __asm__ volatile("1: movl %1, (%2)\n\t"
                     "2:\n\t" FIXUP(1b, 2b)
                     : "+a"(fault)
                     : "r"(value), "r"(to)
                     : "memory");
    return (uint32_t)fault;
}

static inline void breakpoint(void)
{
    __asm__ volatile("int3" : : : "memory");
}

#endif /* GUEST_SEGMENT_H */
