/* SPDX-License-Identifier: MIT */
/*
 * Several slots for one call: all of them or none. Must not know what the caller is to hear of its
 * arguments (bulk.c). Private to alloc/.
 */
#ifndef CGDT_ALLOC_CLAIM_H
#define CGDT_ALLOC_CLAIM_H

#include "pool.h"

/*
 * n slots, growing if need be; errors as cgdt_alloc_bulk(). slots[] may hold anything, and is
 * written in any case. Takes the lock, but where one word of the slot map has all n.
 */
int cgdt_claim_slots_(struct cgdt_pool *pool, uint32_t n, cgdt_slot_t *slots);

#endif
