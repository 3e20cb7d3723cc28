/* SPDX-License-Identifier: MIT */
/*
 * What a vCPU can do with its own GDT beyond selector.h, and ask (ask.h). All return 0 or a
 * FAULT().
 */

#ifndef GUEST_SEGMENT_H
#define GUEST_SEGMENT_H

#include "ask.h"
#include "segments.h"
#include "selector.h"

/*
 * A far jump to the next instruction: in ring 3, a far return would be read with the wrong rights
 * by QEMU under SMAP. The 32-bit offset suffices as the guest is linked low.
 */
static inline uint32_t load_cs(uint16_t selector)
{
    struct {
        uint32_t offset;
        uint16_t selector;
    } target = {.offset = 0, .selector = selector};
    uintptr_t fault = 0;

    __asm__ volatile("movl $2f, %1\n\t"
                     "1: ljmpl *%1\n\t"
                     "2:\n\t" FIXUP(1b, 2b)
                     : "+a"(fault), "+m"(target)
                     :
                     : "memory");
    return (uint32_t)fault;
}

/* A load of a register's width that may fault; *value is left alone then. */
static inline uint32_t load_word(const uintptr_t *from, uintptr_t *value)
{
    uintptr_t fault = 0;
    uintptr_t read = *value;

    __asm__ volatile("1: mov (%2), %1\n\t"
                     "2:\n\t" FIXUP(1b, 2b)
                     : "+a"(fault), "+r"(read)
                     : "r"(from)
                     : "memory");
    *value = read;
    return (uint32_t)fault;
}

/* The same of 8 bytes. */
static inline uint32_t load_u64(const uint64_t *from, uint64_t *value)
{
    uintptr_t words[sizeof(*value) / sizeof(uintptr_t)] = {0};
    uint32_t fault = 0;

    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]) && fault == 0; i++)
        fault = load_word((const uintptr_t *)from + i, &words[i]);
    if (fault == 0)
        __builtin_memcpy(value, words, sizeof(words));
    return fault;
}

/* A far call that must not work; the fault. */
static inline uint32_t far_call(uint16_t selector)
{
    const struct {
        uint32_t offset;
        uint16_t selector;
    } target = {.offset = 0, .selector = selector};
    uintptr_t fault = 0;

    __asm__ volatile("1: lcall *%1\n\t"
                     "2:\n\t" FIXUP(1b, 2b)
                     : "+a"(fault)
                     : "m"(target)
                     : "memory");
    return (uint32_t)fault;
}

#endif /* GUEST_SEGMENT_H */
