/* SPDX-License-Identifier: MIT */
/* What a pool must look like once all calls have returned. Each returns what is wrong, or NULL. */
#ifndef CGDT_TESTS_AFTERMATH_H
#define CGDT_TESTS_AFTERMATH_H

#include "history.h"

/* Whether a slot holds the template, these descriptors in entries 2 and 3 (NULL: zeros), and zeros. */
bool slot_holds(const struct cgdt_pool *pool, cgdt_slot_t slot, const cgdt_desc_t *value);

/* Owners and contents are the model's. */
const char *aftermath_matches(struct cgdt_pool *pool, const struct model *model,
                              void (*value_descs)(uint32_t n, cgdt_desc_t descs[2]));

/*
 * Everything else. Uses the pool up: allocates what is left, frees all, trims and destroys. To be called once
 * for each state of memory.
 */
const char *aftermath_sweep(struct cgdt_pool *pool, const struct model *model);

#endif
