/* SPDX-License-Identifier: MIT */
/*
 * Starting and parking vCPUs. vcpu_initialise() is called by one vCPU at a time (one context
 * buffer is reused for all).
 */

#ifndef GUEST_VCPU_H
#define GUEST_VCPU_H

#include <stdbool.h>

#include "cgdt/port.h"
#include "xen.h"

#define MAX_VCPUS       8192 /* what Xen is built for */
#define VCPU_STACK_SIZE 2048

/*
 * The first argument of a vCPU's code. head.S knows the offsets: vcpu_entry fills cs and ss
 * before the first hypercall and then calls run(start); when run returns, the vCPU parks.
 */
struct vcpu_start {
    uint16_t cs;
    uint16_t ss;
    uint32_t vcpu;
    void (*run)(struct vcpu_start *start);
};

_Static_assert(offsetof(struct vcpu_start, cs) == 0, "head.S");
_Static_assert(offsetof(struct vcpu_start, ss) == 2, "head.S");
_Static_assert(offsetof(struct vcpu_start, run) == 8, "head.S");

struct vcpu_plan {
    uintptr_t entry; /* 0: vcpu_entry */
    void *stack;     /* its upper end, 16-byte aligned; NULL: the vCPU's own from BSS */
    struct vcpu_start *start;
    const cgdt_frame_t *frames; /* machine frames, 1 .. FIRST_RESERVED_GDT_PAGE of them */
    uint32_t nr_frames;
    uint32_t entries; /* of the whole list: what set_gdt would be given */
    uint16_t cs; /* a slot's selectors hold from the first instruction to the first hypercall */
    uint16_t ss;
};

/* After pages_init() and traps_init(). */
void vcpu_init(void);

/* Upper end of the vCPU's stack in BSS. */
void *vcpu_stack(uint32_t vcpu);

/*
 * Bytes that no vCPU's stack has ever used, the fewest of any: what is left before one would run
 * over.
 */
uint32_t vcpu_stack_spare(void);

/* The page table that vCPUs are initialised with from now on; vcpu_init() has chosen vCPU 0's. */
void vcpu_set_root(unsigned long cr3);

/* All return 0 or Xen's error. Registering comes before initialise, once for each vCPU. */
int64_t vcpu_register_info(uint32_t vcpu);
int64_t vcpu_initialise(uint32_t vcpu, const struct vcpu_plan *plan);
int64_t vcpu_up(uint32_t vcpu);

bool vcpu_is_up(uint32_t vcpu);

/* What Xen says about the time, on a vCPU that has been registered. */
const volatile struct vcpu_time_info *vcpu_time(uint32_t vcpu);

/* The calling vCPU goes down; returns when another one calls vcpu_up() for it. */
void vcpu_down_self(uint32_t vcpu);

/* Blocks for ever and stays "up". */
_Noreturn void vcpu_park(void);

#endif /* GUEST_VCPU_H */
