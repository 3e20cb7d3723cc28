/* SPDX-License-Identifier: MIT */
/*
 * What a CPU finds out about its own table, from inside. Each records the first thing that was
 * wrong.
 */

#ifndef GUEST_VERIFY_H
#define GUEST_VERIFY_H

#include "cpu.h"

enum when {
    WHEN_FRESH,   /* just arrived on its slot */
    WHEN_ORDERED, /* later */
    WHEN_POKE,    /* in an interrupt handler */
    WHEN_NMI
};

enum step {
    STEP_NONE,
    STEP_GDTR,
    STEP_TR,
    STEP_MARKS,
    STEP_COOKIE,
    STEP_LAST,
    STEP_TABLE,
    STEP_LIMITS,
    STEP_RIGHTS,
    STEP_LOADS,
    STEP_EMPTY,
    STEP_PAST_LIMIT,
    STEP_READ_ONLY,
    STEP_TRAP,
    STEP_INTERRUPT,
    STEP_RING3,
    STEP_STACK
};

const char *verify_when_text(uint32_t when);
const char *verify_step_text(uint32_t step);

/*
 * Without a fault, so that NMI handlers can: GDTR, TR, the records behind %fs and %gs, both
 * cookies.
 */
void verify_glance(struct cpu *cpu, enum when when);

/* Everything, with faults on purpose, a breakpoint, an interrupt and a visit to ring 3. */
void verify_look(struct cpu *cpu, enum when when);

#endif /* GUEST_VERIFY_H */
