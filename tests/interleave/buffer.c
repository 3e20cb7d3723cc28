/* SPDX-License-Identifier: MIT */
/* See buffer.h. */
#include "buffer.h"

#include <string.h>

#define MAX_STORES 2048u /* those of a few calls that empty whole pages */

static struct {
    struct store store[MAX_STORES];
    unsigned first; /* the oldest */
    unsigned end;
} buffers[EXPLORER_CPUS];

void buffers_clear(void)
{
    for (unsigned cpu = 0; cpu < EXPLORER_CPUS; cpu++)
        buffers[cpu].first = buffers[cpu].end = 0;
}

bool buffer_is_empty(unsigned cpu)
{
    return buffers[cpu].first == buffers[cpu].end;
}

bool buffer_push(unsigned cpu, const struct store *store)
{
    if (buffers[cpu].end == MAX_STORES)
        return false;
    buffers[cpu].store[buffers[cpu].end++] = *store;
    return true;
}

const struct store *buffer_oldest(unsigned cpu)
{
    return &buffers[cpu].store[buffers[cpu].first];
}

void buffer_pop(unsigned cpu)
{
    buffers[cpu].first++;
}

uint64_t buffer_load(unsigned cpu, const volatile void *at, unsigned bytes, uint64_t value)
{
    for (unsigned i = buffers[cpu].first; i < buffers[cpu].end; i++) {
        const struct store *store = &buffers[cpu].store[i];
        const uintptr_t distance = (uintptr_t)store->at - (uintptr_t)at;

        /* No store is wider than a load of the same bytes: points.h. */
        if (store->op.kind == OP_WRITE && distance < bytes)
            memcpy((unsigned char *)&value + distance, &store->value, store->bytes);
    }
    return value;
}
