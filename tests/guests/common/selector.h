/* SPDX-License-Identifier: MIT */
/*
 * Segment registers, read and loaded, and a store that may be refused. Loads and the store return 0
 * or a FAULT(). What only one of the guests can do with a table of its own is in its segment.h.
 */

#ifndef GUEST_SELECTOR_H
#define GUEST_SELECTOR_H

#include "fault.h"

#define READ_SELECTOR(name)                                                                        \
    static inline uint16_t read_##name(void)                                                       \
    {                                                                                              \
        uint32_t selector;                                                                         \
        __asm__ volatile("movl %%" #name ", %0" : "=r"(selector));                                 \
        return (uint16_t)selector;                                                                 \
    }

#define LOAD_SELECTOR(name)                                                                        \
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

READ_SELECTOR(cs)
READ_SELECTOR(ds)
READ_SELECTOR(es)
READ_SELECTOR(ss)
READ_SELECTOR(fs)
READ_SELECTOR(gs)
LOAD_SELECTOR(ds)
LOAD_SELECTOR(es)
LOAD_SELECTOR(ss)
LOAD_SELECTOR(fs)
LOAD_SELECTOR(gs)

#undef READ_SELECTOR
#undef LOAD_SELECTOR

static inline uint32_t try_store(uintptr_t *to, uintptr_t value)
{
    uintptr_t fault = 0;

    __asm__ volatile("1: mov %1, (%2)\n\t"
                     "2:\n\t" FIXUP(1b, 2b)
                     : "+a"(fault)
                     : "r"(value), "r"(to)
                     : "memory");
    return (uint32_t)fault;
}

#endif /* GUEST_SELECTOR_H */
