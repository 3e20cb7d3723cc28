/* SPDX-License-Identifier: MIT */
/* Negative controls: one thing is wrong on purpose, and must be noticed for the right reason. */

#ifndef GUEST_CONTROLS_H
#define GUEST_CONTROLS_H

#include "args.h"
#include "cpu.h"

void controls_init(const struct args *args, uint32_t nr);

/* Called at their places; each does nothing unless its control was asked for. */
const struct cgdt_port *controls_port(void); /* the pool's, or one that stands before it */
void controls_change_slot(struct cpu *cpu);
bool controls_stays_on_slot(const struct cpu *cpu);

/* ORDER_WATCH: stay on the slot with interrupts off, and see whether it is taken away. */
void controls_watch(struct cpu *cpu);

/*
 * All CPUs are online and fine, but for the control. Says whether it was caught, and ends the run.
 */
_Noreturn void controls_run(void);

#endif /* GUEST_CONTROLS_H */
