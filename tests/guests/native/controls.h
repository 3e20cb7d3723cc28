/* SPDX-License-Identifier: MIT */
/* Negative controls: one thing is wrong on purpose, and must be noticed for the right reason. */

#ifndef GUEST_CONTROLS_H
#define GUEST_CONTROLS_H

#include "args.h"
#include "cpu.h"

void controls_init(const struct args *args, uint32_t nr);

/* Called at their places; each does nothing unless its control was asked for. */
void controls_change_port(struct cgdt_port *port);
void controls_change_slot(struct cpu *cpu);
bool controls_stays_on_slot(const struct cpu *cpu);
bool controls_pretend_parked(uint32_t id);

/* ORDER_WATCH: stay on the slot with interrupts off, and see whether it is taken away. */
void controls_watch(struct cpu *cpu);

/* All CPUs are online and fine, but for the control. Says whether it was caught, and ends the run. */
_Noreturn void controls_run(void);

#endif /* GUEST_CONTROLS_H */
