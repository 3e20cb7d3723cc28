/* SPDX-License-Identifier: MIT */
/* The local APIC: who am I, interrupts to others, starting another CPU. */

#ifndef GUEST_APIC_H
#define GUEST_APIC_H

#include <stdint.h>

#define APIC_BASE 0xfee00000u

/* Which kind there is, and the trampoline; once, before all others. */
void apic_init(void);

/* CPUs that can be told apart: MAX_CPUS with an x2APIC, else 255, as id 255 means all. */
uint32_t apic_most_cpus(void);

/* For the calling CPU, also again after a reset. */
void apic_enable(void);

/* The hardware's opinion, independent of every table. */
uint32_t apic_id(void);

void apic_send(uint32_t id, uint32_t vector);
void apic_send_nmi(uint32_t id);
void apic_end_of_interrupt(void);

/* INIT and a startup IPI; the CPU comes to cpu_arrive(). */
void apic_start(uint32_t id);

#endif /* GUEST_APIC_H */
