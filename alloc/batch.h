/* SPDX-License-Identifier: MIT */
/* What the pool asks of a batch before it goes to a port. Private to alloc/. */
#ifndef CGDT_ALLOC_BATCH_H
#define CGDT_ALLOC_BATCH_H

#include "atomic.h"
#include "cgdt/port.h"

static inline void cgdt_plain_store_(cgdt_desc_t *to, cgdt_desc_t value)
{
    cgdt_store64_relaxed_((cgdt_word_t *)(void *)to, value);
    /* The next store must not overtake this one; x86 keeps stores in order, the compiler has to be told. */
    __asm__ volatile("" ::: "memory");
}

/* The two changes that every CPU that comes or goes makes, without a look at each descriptor's kind. */

/* Onto entries that are zero: falling, so that high halves come first. */
static inline void cgdt_plain_fill_(cgdt_desc_t *to, const cgdt_desc_t *values, uint32_t count)
{
    for (; count >= 2; count -= 2) {
        cgdt_plain_store_(&to[count - 1], values[count - 1]);
        cgdt_plain_store_(&to[count - 2], values[count - 2]);
    }
    if (count != 0)
        cgdt_plain_store_(to, *values);
}

/*
 * To zero: rising, so that low halves go first. count: a multiple of 8. Most of a slot is zero already. The
 * slot is the caller's alone, so plain loads will do; the compiler gathers them better than others.
 */
static inline void cgdt_plain_erase_(cgdt_desc_t *to, uint32_t count)
{
    for (const cgdt_desc_t *end = to + count; to < end; to += 8) {
        if ((to[0] | to[1] | to[2] | to[3] | to[4] | to[5] | to[6] | to[7]) == 0)
            continue;
        for (uint32_t i = 0; i < 8; i += 4) {
            cgdt_plain_store_(&to[i], 0);
            cgdt_plain_store_(&to[i + 1], 0);
            cgdt_plain_store_(&to[i + 2], 0);
            cgdt_plain_store_(&to[i + 3], 0);
        }
    }
}

/* Chooses the order for a batch that writes over whatever is there. False: everything is as it is to be. */
bool cgdt_batch_prepare_(struct cgdt_batch *batch);

#endif
