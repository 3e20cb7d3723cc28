/* SPDX-License-Identifier: MIT */
/* Something that is wrong, said once it is found; any vCPU may find it. */

#ifndef GUEST_PROBLEM_H
#define GUEST_PROBLEM_H

#include <stdbool.h>
#include <stdint.h>

/* Prints a PROBLEM line, unless there have been many. */
void problem(const char *what, int64_t value);

/* The same if got is not wanted; whether it is. */
bool problem_unless(const char *what, int64_t got, int64_t wanted);

uint32_t problem_count(void);

#endif /* GUEST_PROBLEM_H */
