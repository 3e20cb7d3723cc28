/* SPDX-License-Identifier: MIT */
/*
 * What a vCPU of a 64-bit guest can do with its own GDT; for segment.h alone to include. All return
 * 0 or a FAULT().
 */

#ifndef GUEST_SEGMENTS_H
#define GUEST_SEGMENTS_H

#include "selector.h"

/* The u64 at the start of the segment; *value is left alone on a fault. */
#define READ_THROUGH(name)                                                                         \
    static inline uint32_t read_##name##_u64(uint64_t *value)                                      \
    {                                                                                              \
        uint64_t fault = 0;                                                                        \
        uint64_t read = *value;                                                                    \
        __asm__ volatile("1: movq %%" #name ":0, %1\n\t"                                           \
                         "2:\n\t" FIXUP(1b, 2b)                                                    \
                         : "+a"(fault), "+r"(read)                                                 \
                         :                                                                         \
                         : "memory");                                                              \
        *value = read;                                                                             \
        return (uint32_t)fault;                                                                    \
    }

READ_THROUGH(fs)
READ_THROUGH(gs)

#undef READ_THROUGH

/* What any aligned load of 8 bytes is. */
static inline uint64_t load_whole(const volatile uint64_t *from)
{
    return *from;
}

/* DS and ES from the slot: they have no bases here, and stay as they are. */
static inline uint32_t load_data(uint16_t selector)
{
    (void)selector;
    return 0;
}

/* Off the slot with all but FS and GS, for whoever is about to lose it: every hypercall does it. */
static inline void leave_segments(void)
{
}

#endif /* GUEST_SEGMENTS_H */
