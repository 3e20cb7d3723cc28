/* SPDX-License-Identifier: MIT */
/* Findings, counted. */

#include "problem.h"

#include "console.h"

#define MOST_LINES 10u

static uint32_t found;

static bool is_to_be_said(void)
{
    return __atomic_fetch_add(&found, 1, __ATOMIC_RELAXED) < MOST_LINES;
}

void problem(const char *what, int64_t value)
{
    if (is_to_be_said())
        console_printf("PROBLEM: %s: %" PRId64 "\n", what, value);
}

bool problem_unless(const char *what, int64_t got, int64_t wanted)
{
    if (got != wanted && is_to_be_said())
        console_printf("PROBLEM: %s: %" PRId64 " instead of %" PRId64 "\n", what, got, wanted);
    return got == wanted;
}

uint32_t problem_count(void)
{
    return __atomic_load_n(&found, __ATOMIC_RELAXED);
}
