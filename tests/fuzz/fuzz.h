/* SPDX-License-Identifier: MIT */
/*
 * What every fuzz target includes: the input as a stream of numbers, and one assertion.
 *
 * A target is LLVMFuzzerTestOneInput() and nothing else, so that libFuzzer, OSS-Fuzz and replay.c
 * can all drive it. An input that ends early reads as zeros: every input means something.
 */
#ifndef CGDT_TESTS_FUZZ_H
#define CGDT_TESTS_FUZZ_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Says what is wrong and ends the program where libFuzzer catches it. */
#define MUST(condition, ...)                                                                       \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: not so: %s: ", __FILE__, __LINE__, #condition);          \
            (void)fprintf(stderr, "" __VA_ARGS__);                                                 \
            (void)fputc('\n', stderr);                                                             \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct input {
    const uint8_t *data;
    size_t left;
};

/* The next `bytes` (up to 8) as a number, least significant first. */
static inline uint64_t take(struct input *input, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes && input->left > 0; i++, input->left--)
        value |= (uint64_t)*input->data++ << (8 * i);
    return value;
}

static inline uint8_t take8(struct input *input)
{
    return (uint8_t)take(input, 1);
}

static inline uint16_t take16(struct input *input)
{
    return (uint16_t)take(input, 2);
}

static inline uint32_t take32(struct input *input)
{
    return (uint32_t)take(input, 4);
}

static inline uint64_t take64(struct input *input)
{
    return take(input, 8);
}

#endif
