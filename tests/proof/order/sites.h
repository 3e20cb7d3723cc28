/* SPDX-License-Identifier: MIT */
/* Where in the source an access is, and how its order is weakened (search.h). */
#ifndef CGDT_TESTS_ORDER_SITES_H
#define CGDT_TESTS_ORDER_SITES_H

#include <stdbool.h>
#include <stdint.h>

__attribute__((noreturn, format(printf, 1, 2))) void mistaken(const char *format, ...);

void sites_clear(void);

/* Of an access: what its order is to be at most (search_weaken()). caller: there may be none. */
int site_at_most(const char *caller, const char *by, const char *place, int order, bool locked);

/* What both orders give. */
int8_t weaker_of(int order, int at_most);

#endif
