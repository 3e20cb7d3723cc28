/* SPDX-License-Identifier: MIT */
/*
 * mode=neighbours: what a vCPU can see of others' tables, load from them, and suffer by it.
 * docs/security.md.
 */

#ifndef GUEST_NEIGHBOURS_H
#define GUEST_NEIGHBOURS_H

#include "tables.h"

void neighbours_init(const struct args *args, struct cgdt_pool *pool);

/* A vCPU's part in it, from when it has been verified by bringup. */
void neighbours_take_part(struct cpu *cpu);

/* vCPU 0's part, and the verdict. */
_Noreturn void neighbours_run(void);

#endif /* GUEST_NEIGHBOURS_H */
