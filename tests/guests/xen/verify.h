/* SPDX-License-Identifier: MIT */
/*
 * What a vCPU finds out about its own slot, from inside. Each records the first thing that was
 * wrong.
 */

#ifndef GUEST_VERIFY_H
#define GUEST_VERIFY_H

#include "tables.h"

enum round {
    ROUND_FRESH,    /* before the vCPU's first hypercall */
    ROUND_YIELDED,  /* others have run in between */
    ROUND_WATCHING, /* while slots on the same page are written */
    ROUND_WOKEN,    /* after all have been written, mostly after a sleep */
    ROUND_LAST,     /* after another yield */
    ROUND_PARKED,   /* all vCPUs were up, asleep in a poll, at the same time */
    ROUND_MOVING,   /* between the steps of a move */
    ROUND_MOVED
};

enum step {
    STEP_NONE,
    STEP_KEPT,     /* a hypercall left CS and SS as they were, or (64-bit) Xen's flat ones */
    STEP_SURVIVED, /* %fs and %gs still read through the old bases after a switch */
    STEP_CS_SS,    /* CS and SS are the slot's */
    STEP_LOAD,     /* %fs and %gs can be loaded */
    STEP_FS_ID,    /* and read what only this vCPU has */
    STEP_GS_ID,
    STEP_NUMBER, /* the limit that says the vCPU's number */
    STEP_LIMITS,
    STEP_RIGHTS,
    STEP_EMPTY,    /* lsl and lar find nothing in an empty entry */
    STEP_NO_FAULT, /* loading an empty entry is a #GP, and leaves everything as it was */
};

const char *verify_round_text(uint32_t round);
const char *verify_step_text(uint32_t step);

/* From now on a vCPU may have Xen's CS and SS for another reason than a hypercall. */
void verify_takes_flat(void);

/*
 * The looks themselves. The first one comes before the vCPU's next hypercall, with CS and SS of its
 * slot as its start record has them, and one more after a yield; the other one is for any time
 * after a hypercall.
 */
void verify_arrival(struct cpu *cpu);
void verify_again(struct cpu *cpu, enum round round);

/*
 * On another table, before the next hypercall: what the vCPU has loaded, if it could, is that
 * table's; then as verify_arrival().
 */
void verify_reloaded(struct cpu *cpu, bool loaded);

/* %fs and %gs were loaded, if they could, from where they had been saved: they are the slot's. */
void verify_restored(struct cpu *cpu, bool loaded);

/* First look; the caller is the vCPU itself. Ends with PHASE_ONLINE. */
void verify_first(struct cpu *cpu);

/*
 * Look again and again until verify_release(); the vCPUs that share a page with the next ones to
 * come.
 */
void verify_watch(struct cpu *cpu);
void verify_release(void);

/* Last look. Ends with PHASE_DONE. */
void verify_last(struct cpu *cpu);

/* vCPUs that have reached a phase, so far; for waiting only, the verdict looks at every record. */
uint32_t verify_count(enum phase phase);

#endif /* GUEST_VERIFY_H */
