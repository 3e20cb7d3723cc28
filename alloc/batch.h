/* SPDX-License-Identifier: MIT */
/*
 * Ordinary stores of descriptors, in an order that shows no torn one; and what store.c asks of a
 * batch before it goes to a port. Must not know of pools and slots. Private to alloc/.
 */
#ifndef CGDT_ALLOC_BATCH_H
#define CGDT_ALLOC_BATCH_H

#include "atomic.h"
#include "hints.h"
#include "cgdt/port.h"

static inline void cgdt_plain_store_(cgdt_desc_t *to, cgdt_desc_t value)
{
    cgdt_store64_relaxed_((cgdt_word_t *)(void *)to, value);
    /*
     * The next store must not overtake this one; x86 keeps stores in order, the compiler has to be
     * told.
     */
    __asm__ volatile("" ::: "memory");
}

/*
 * The two changes that every CPU that comes or goes makes, without a look at each descriptor's
 * kind.
 */

/*
 * Onto entries that are zero: falling, so that high halves come first. What is above the last whole
 * group of 8 comes one by one.
 */
static inline void cgdt_plain_fill_(cgdt_desc_t *to, const cgdt_desc_t *values, size_t count)
{
    const cgdt_desc_t *from = values + count;

    to += count;
    while (CGDT_UNLIKELY_(((uintptr_t)count & 7u) != 0)) {
        cgdt_plain_store_(--to, *--from);
        count--;
    }
    for (; count != 0; count -= 8) {
        from -= 8;
        to -= 8;
        CGDT_UNROLL_
        for (int i = 7; i >= 0; i--)
            cgdt_plain_store_(&to[i], from[i]);
    }
}

/* To zero, whatever is there: rising, so that low halves go first. count: a multiple of 8. */
static inline void cgdt_plain_clear_(cgdt_desc_t *to, uint32_t count)
{
    for (const cgdt_desc_t *end = to + count; to != end; to += 8) {
        CGDT_UNROLL_
        for (uint32_t i = 0; i < 8; i++)
            cgdt_plain_store_(&to[i], 0);
    }
}

/*
 * The same, but groups of 8 that are zero already are left alone. The slot is the caller's own, so
 * plain loads will do; compilers gather them better than others.
 */
static inline void cgdt_plain_erase_(cgdt_desc_t *to, uint32_t count)
{
    const cgdt_desc_t *end = to + count;

#ifndef __OPTIMIZE_SIZE__
    for (; end - to >= 8; to += 8) {
        cgdt_desc_t any = 0;

        CGDT_UNROLL_
        for (uint32_t i = 0; i < 8; i++)
            any |= to[i];
        if (any == 0)
            continue;
        CGDT_UNROLL_
        for (uint32_t i = 0; i < 8; i++)
            cgdt_plain_store_(&to[i], 0);
    }
#endif
    for (; to < end; to++) {
        if (*to != 0)
            cgdt_plain_store_(to, 0);
    }
}

/* Chooses the order for a batch that goes to a port. False: everything is as it is to be. */
bool cgdt_batch_prepare_(struct cgdt_batch *batch);

#endif
