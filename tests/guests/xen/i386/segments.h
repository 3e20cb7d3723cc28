/* SPDX-License-Identifier: MIT */
/*
 * What a vCPU of a 32-bit guest can do with its own GDT; for segment.h alone to include. All return
 * 0 or a FAULT().
 */

#ifndef GUEST_SEGMENTS_H
#define GUEST_SEGMENTS_H

#include "selector.h"
#include "xen.h"

/* The u64 at the start of the segment; *value is left alone on a fault. */
#define READ_THROUGH(name)                                                                         \
    static inline uint32_t read_##name##_u64(uint64_t *value)                                      \
    {                                                                                              \
        uint32_t fault = 0;                                                                        \
        uint32_t low = 0;                                                                          \
        uint32_t high = 0;                                                                         \
        __asm__ volatile("1: movl %%" #name ":0, %1\n\t"                                           \
                         "2: movl %%" #name ":4, %2\n\t"                                           \
                         "3:\n\t" FIXUP(1b, 3b) FIXUP(2b, 3b)                                      \
                         : "+a"(fault), "+r"(low), "+r"(high)                                      \
                         :                                                                         \
                         : "memory");                                                              \
        if (fault == 0)                                                                            \
            *value = (uint64_t)high << 32 | low;                                                   \
        return fault;                                                                              \
    }

READ_THROUGH(fs)
READ_THROUGH(gs)

#undef READ_THROUGH

/* 8 bytes at once, from a page that takes no store: by way of the FPU, which has such registers. */
static inline uint64_t load_whole(const volatile uint64_t *from)
{
    uint64_t value;

    __asm__ volatile("fildll %1\n\tfistpll %0" : "=m"(value) : "m"(*from));
    return value;
}

/* DS and ES from the slot. */
static inline uint32_t load_data(uint16_t selector)
{
    const uint32_t fault = load_ds(selector);

    return fault != 0 ? fault : load_es(selector);
}

/*
 * Off the slot with all but FS and GS, for whoever is about to lose it: nothing else changes them.
 * Xen's own flat segments are always there.
 */
static inline void leave_segments(void)
{
    __asm__ volatile("movl %0, %%ss\n\t"
                     "movl %0, %%ds\n\t"
                     "movl %0, %%es\n\t"
                     "ljmpl %1, $1f\n\t"
                     "1:"
                     :
                     : "r"(FLAT_KERNEL_SS), "i"(FLAT_KERNEL_CS)
                     : "memory");
}

#endif /* GUEST_SEGMENTS_H */
