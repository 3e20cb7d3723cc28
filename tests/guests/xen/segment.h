/* SPDX-License-Identifier: MIT */
/*
 * What a vCPU can ask its processor about its own GDT: load a selector, read through its base,
 * and the LSL and LAR instructions. Loads return 0 or a FAULT() value (traps.h).
 */

#ifndef GUEST_SEGMENT_H
#define GUEST_SEGMENT_H

#include <stdbool.h>

#include "traps.h"

/* LAR defines these bits of its result: type, S, DPL, P, AVL, L, D, G. */
#define LAR_MASK 0x00f0ff00u

#define READ_SELECTOR(name)                                                                        \
    static inline uint16_t read_##name(void)                                                       \
    {                                                                                              \
        uint16_t selector;                                                                         \
        __asm__ volatile("movw %%" #name ", %0" : "=rm"(selector));                                \
        return selector;                                                                           \
    }

#define LOAD_SELECTOR(name)                                                                        \
    static inline uint32_t load_##name(uint16_t selector)                                          \
    {                                                                                              \
        uint64_t fault = 0;                                                                        \
        __asm__ volatile("1: movw %w1, %%" #name "\n\t"                                            \
                         "2:\n\t" FIXUP(1b, 2b)                                                    \
                         : "+a"(fault)                                                             \
                         : "r"(selector)                                                           \
                         : "memory");                                                              \
        return (uint32_t)fault;                                                                    \
    }

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

READ_SELECTOR(cs)
READ_SELECTOR(ss)
READ_SELECTOR(fs)
READ_SELECTOR(gs)
LOAD_SELECTOR(ss)
LOAD_SELECTOR(fs)
LOAD_SELECTOR(gs)
READ_THROUGH(fs)
READ_THROUGH(gs)

#undef READ_SELECTOR
#undef LOAD_SELECTOR
#undef READ_THROUGH

/*
 * A far jump to the next instruction: a far return would be read with the wrong rights by QEMU
 * under SMAP. The 32-bit offset suffices as the guest is linked low.
 */
static inline uint32_t load_cs(uint16_t selector)
{
    struct {
        uint32_t offset;
        uint16_t selector;
    } target = {.offset = 0, .selector = selector};
    uint64_t fault = 0;

    __asm__ volatile("movl $2f, %1\n\t"
                     "1: ljmpl *%1\n\t"
                     "2:\n\t" FIXUP(1b, 2b)
                     : "+a"(fault), "+m"(target)
                     :
                     : "memory");
    return (uint32_t)fault;
}

/* A store that may be refused. */
static inline uint32_t store_u64(uint64_t *to, uint64_t value)
{
    uint64_t fault = 0;

    __asm__ volatile("1: movq %1, (%2)\n\t"
                     "2:\n\t" FIXUP(1b, 2b)
                     : "+a"(fault)
                     : "r"(value), "r"(to)
                     : "memory");
    return (uint32_t)fault;
}

/* A load that may fault; *value is left alone then. */
static inline uint32_t load_u64(const uint64_t *from, uint64_t *value)
{
    uint64_t fault = 0;
    uint64_t read = *value;

    __asm__ volatile("1: movq (%2), %1\n\t"
                     "2:\n\t" FIXUP(1b, 2b)
                     : "+a"(fault), "+r"(read)
                     : "r"(from)
                     : "memory");
    *value = read;
    return (uint32_t)fault;
}

/* Both return false, as the processor does, for an entry that is empty or out of reach. */
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

/* A far call that must not work; the fault. */
static inline uint32_t far_call(uint16_t selector)
{
    const struct {
        uint32_t offset;
        uint16_t selector;
    } target = {.offset = 0, .selector = selector};
    uint64_t fault = 0;

    __asm__ volatile("1: lcall *%1\n\t"
                     "2:\n\t" FIXUP(1b, 2b)
                     : "+a"(fault)
                     : "m"(target)
                     : "memory");
    return (uint32_t)fault;
}

#endif /* GUEST_SEGMENT_H */
