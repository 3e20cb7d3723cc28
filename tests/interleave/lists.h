/* SPDX-License-Identifier: MIT */
/* The frame lists that CPUs have been given: which pages they name. */
#ifndef CGDT_TESTS_LISTS_H
#define CGDT_TESTS_LISTS_H

#include "history.h"

/* CALL_FRAMES: each page that the list names is there, from the first of its window on. */
void lists_call(struct cgdt_pool *pool, struct record *record);

/* Whether somebody owns a slot whose list names the page: any in its window, from it on. */
bool lists_name(const struct cgdt_pool *pool, uint32_t page);

#endif
