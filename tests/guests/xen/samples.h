/* SPDX-License-Identifier: MIT */
/* Descriptors to ask about: all kinds in order, and chance. */

#ifndef GUEST_SAMPLES_H
#define GUEST_SAMPLES_H

#include <stdint.h>

#include "cgdt/descriptor.h"

/*
 * Sample n. Below SAMPLES_IN_ORDER:
 *   every type, S, DPL, P, AVL, L, D and G with boundary values in the other fields
 *   a call gate to every selector, of every DPL, with and without a reserved bit
 *   call gates to the selectors at the borders, with every value of the reserved byte
 *   common descriptors with one or two bits flipped
 *   segments that begin at 0, or nearly, with limits around the places where Xen may begin in a
 *   32-bit guest's address space
 * From there on by chance, half of them present system descriptors, an eighth such segments. The
 * same n is always the same sample.
 */
cgdt_desc_t sample(uint32_t n);

#define SAMPLES_IN_ORDER (4096u * 26u + 8u * 65536u + 20u * 4u * 256u + 16u * 2080u + 32u * 1024u)

/* xorshift64*: a number below `limit`. */
uint32_t chance_below(uint64_t *state, uint32_t limit);
uint64_t chance(uint64_t *state);

#endif /* GUEST_SAMPLES_H */
