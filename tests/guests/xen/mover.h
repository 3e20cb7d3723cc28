/* SPDX-License-Identifier: MIT */
/*
 * A vCPU that moves to another slot, by itself: its part of mode=move. With a thread on it or
 * without; and some get a hypercall refused on their way, which must lose nothing.
 */

#ifndef GUEST_MOVER_H
#define GUEST_MOVER_H

#include "tables.h"

/* What goes wrong in a move, beside nothing. Each is made good, and the move is done after all. */
enum trouble {
    TROUBLE_NONE,
    TROUBLE_COPY,    /* Xen refuses a descriptor of the copy */
    TROUBLE_SET_GDT, /* the new frames: the vCPU goes back */
    TROUBLE_BACK,    /* and on its way back a descriptor of the zeroing */
    TROUBLE_END,     /* one of the zeroing at the end */
    TROUBLE_STUCK,   /* it gets no further; vCPU 0 takes the move back */
    NR_TROUBLES
};

/* Of all moves that were done; only what led to success is in it. */
struct mover_counts {
    uint32_t moves;
    uint32_t with_thread;
    uint32_t in_trap; /* in an exception, whose frame had selectors of the old slot */
    uint32_t troubles[NR_TROUBLES];
    uint64_t copy; /* hypercalls */
    uint64_t set_gdt;
    uint64_t zero;
    uint64_t descriptors; /* in those of copies and zeroings */
    uint32_t most;        /* hypercalls of one move */
};

void mover_init(const struct args *args, struct cgdt_pool *pool);

/*
 * The calling vCPU, which has been online and is not moving: the first slot that it is given. Its
 * data segments are the slot's from now on, until mover_let_go().
 */
void mover_settle(struct cpu *cpu);
void mover_let_go(struct cpu *cpu);

/*
 * The calling vCPU moves; there must be a better place. One that has a stack of its own does it
 * inside an exception.
 */
void mover_move(struct cpu *cpu, enum trouble trouble, bool with_thread);

/* Whether a vCPU, TROUBLE_STUCK, waits; vCPU 0 lets it go on. */
bool mover_is_stuck(uint32_t vcpu);
void mover_unstick(void);

struct mover_counts mover_counts(void);

#endif /* GUEST_MOVER_H */
