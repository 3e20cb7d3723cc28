/* SPDX-License-Identifier: MIT */
/*
 * Several CPUs take others off and bring them back, in random order, with NMIs and interrupts for
 * everybody.
 */

#ifndef GUEST_HOTPLUG_H
#define GUEST_HOTPLUG_H

#include "args.h"
#include "cpu.h"

struct hotplug_counts {
    uint32_t cycles; /* a CPU went off and came back */
    uint32_t trims;  /* windows given back */
    uint32_t broadcasts;
};

void hotplug_init(const struct args *args, uint32_t nr);

/* All CPUs are online before and after. Called on CPU 0. */
void hotplug_run(void);

/* ORDER_DRIVE. */
void hotplug_drive(struct cpu *cpu);

struct hotplug_counts hotplug_counts(void);

#endif /* GUEST_HOTPLUG_H */
