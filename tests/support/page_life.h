/* SPDX-License-Identifier: MIT */
/* A page's life by a port's operations alone, without a pool. Any failure is the test's. */
#ifndef CGDT_TESTS_PAGE_LIFE_H
#define CGDT_TESTS_PAGE_LIFE_H

#include <cgdt/check.h>
#include <cgdt/port.h>

/*
 * map, seal, frame, live_write (where the port has one), quiesce (likewise), unseal, unmap of page
 * 0: each that returns something says 0, though the core takes any result that is not below.
 */
void page_life_of_successes(const struct cgdt_port *port, void *ctx,
                            const struct cgdt_profile *profile);

#endif
