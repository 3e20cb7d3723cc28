/* SPDX-License-Identifier: MIT */
/*
 * mode=move: in each round most CPUs go off, those that are left move together, each by itself and
 * under NMIs, the pages that nobody is on leave, and all come back.
 */

#ifndef GUEST_MOVES_H
#define GUEST_MOVES_H

#include "args.h"
#include "cpu.h"

/* All CPUs are online before and after. Called on CPU 0. */
void moves_run(const struct args *args, uint32_t nr);

/* ORDER_MOVE: the calling CPU onto a better page, if there is one. */
void moves_move(struct cpu *cpu);

#endif /* GUEST_MOVES_H */
