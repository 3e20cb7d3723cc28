/* SPDX-License-Identifier: MIT */
/*
 * mode=flips: vCPU 0 changes a descriptor of vCPU 1's table all the time, vCPU 1 loads it all the
 * time.
 */

#ifndef GUEST_FLIPS_H
#define GUEST_FLIPS_H

#include "tables.h"

void flips_init(const struct args *args, struct cgdt_pool *pool);

/* vCPU 1's part, from when it has been verified by bringup; the other vCPUs return at once. */
void flips_take_part(struct cpu *cpu);

/* vCPU 0's part, and the verdict. */
_Noreturn void flips_run(void);

#endif /* GUEST_FLIPS_H */
