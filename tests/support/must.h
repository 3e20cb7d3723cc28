/* SPDX-License-Identifier: MIT */
/*
 * What every suite includes: Criterion, the library's headers, one assertion and one random source.
 *
 * Criterion reports every cr_assert() to the runner through a pipe, also the ones that hold. Loops
 * over millions of cases therefore use MUST(), which says nothing until something is wrong.
 */
#ifndef CGDT_TESTS_MUST_H
#define CGDT_TESTS_MUST_H

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MUST(condition, ...)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            cr_assert(0, "" __VA_ARGS__);                                                          \
    } while (0)

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Deterministic random numbers (splitmix64); any seed will do, each run is the same. */
static inline uint64_t next_random(uint64_t *state)
{
    uint64_t mixed = *state += 0x9e3779b97f4a7c15ull;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ull;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebull;
    return mixed ^ (mixed >> 31);
}

/* A random number below `bound`. */
static inline uint32_t random_below(uint64_t *state, uint32_t bound)
{
    return (uint32_t)(((next_random(state) >> 32) * bound) >> 32);
}

#endif
