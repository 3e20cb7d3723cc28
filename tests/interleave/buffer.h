/* SPDX-License-Identifier: MIT */
/*
 * What has left a CPU but not come to memory yet: its store buffer, oldest first. Knows nothing of
 * schedules.
 */
#ifndef CGDT_TESTS_BUFFER_H
#define CGDT_TESTS_BUFFER_H

#include "explorer.h"

/* The CPUs that take steps, and the store buffer of each, which takes its own. */
#define AGENTS      (2u * EXPLORER_CPUS)
#define NO_AGENT    AGENTS
#define BUFFER(cpu) (EXPLORER_CPUS + (cpu))

/* A store; or, OP_RETURN, that the call has returned which made those before. */
struct store {
    struct op op;
    unsigned bytes;
    void *at;
    uint64_t value;
    unsigned *returned;
    uint16_t clock[AGENTS]; /* of its CPU, when it was made */
};

/* The last point of each agent that happened before: of both. */
static inline void clock_join(uint16_t *clock, const uint16_t *other)
{
    for (unsigned agent = 0; agent < AGENTS; agent++) {
        if (clock[agent] < other[agent])
            clock[agent] = other[agent];
    }
}

void buffers_clear(void);
bool buffer_is_empty(unsigned cpu);

/* False: there is no room. */
bool buffer_push(unsigned cpu, const struct store *store);

/* Of a buffer that is not empty. */
const struct store *buffer_oldest(unsigned cpu);
void buffer_pop(unsigned cpu);

/* What the CPU finds at `at` if memory holds `value`. */
uint64_t buffer_load(unsigned cpu, const volatile void *at, unsigned bytes, uint64_t value);

#endif
