/* SPDX-License-Identifier: MIT */
/* What a pool must look like once all calls have returned. Each returns what is wrong, or NULL. */
#ifndef CGDT_TESTS_AFTERMATH_H
#define CGDT_TESTS_AFTERMATH_H

#include "history.h"

/* Owners and contents are the model's. */
const char *aftermath_matches(struct cgdt_pool *pool, const struct model *model);

/*
 * Everything else. Uses the pool up: allocates what is left, frees all, trims and destroys. To be
 * called once for each state of memory.
 */
const char *aftermath_sweep(struct cgdt_pool *pool, const struct model *model);

#endif
