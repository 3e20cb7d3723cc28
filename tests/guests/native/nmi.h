/* SPDX-License-Identifier: MIT */
/*
 * NMIs to CPUs that can take one. A CPU's gate is
 *
 *   CLOSED   it is off, or on its way from INIT to its IDT, where an NMI would be its end
 *   OPEN     it can take one
 *   PENDING  one is on its way
 *
 * Who sends moves OPEN to PENDING, the handler moves it back, who resets the CPU moves OPEN to
 * CLOSED. So each NMI is taken before the next is sent or the CPU is reset, and no lock is held
 * meanwhile.
 */

#ifndef GUEST_NMI_H
#define GUEST_NMI_H

#include "cpu.h"

/* By the CPU itself, when it is ready. */
void nmi_open(struct cpu *cpu);

/* By the one that is about to reset it. Waits for an NMI that is on its way. */
void nmi_close(struct cpu *cpu);

/*
 * To one CPU; false if it can take none now. nmi_finish() waits until no NMI is on its way to it.
 */
bool nmi_send(uint32_t id);
void nmi_finish(uint32_t id);

/* One that is sent after now, and taken; false if the CPU can take none. */
bool nmi_send_surely(uint32_t id);

/* To every other CPU that can take one, parked ones too. Returns how many. */
uint32_t nmi_broadcast(void);

/* The handler. */
void nmi_taken(struct cpu *cpu);

#endif /* GUEST_NMI_H */
