/* SPDX-License-Identifier: MIT */
/*
 * A CPU's record, and its life:
 *
 *   another CPU                          the CPU itself
 *   cpu_online():  a slot, its contents,
 *                  INIT, startup IPI     cpu_arrive(): onto the slot, looks at it, ONLINE,
 *                                        waits for orders
 *   cpu_order():   orders                ... looks again, drives hotplug, ...
 *   cpu_offline(): ORDER_LEAVE           onto the boot table, PARKED
 *                  frees the slot
 */

#ifndef GUEST_CPU_H
#define GUEST_CPU_H

#include <stdbool.h>

#include "cgdt/cgdt.h"
#include "cgdt/port/lgdt.h"
#include "layout.h"

#define TRAP_STACK_SIZE 4096

enum state {
    STATE_OFFLINE, /* never started, or was told to start and has not arrived */
    STATE_ONLINE,
    STATE_PARKED /* in HLT, on the boot table */
};

enum order {
    ORDER_NONE, /* done with the last one */
    ORDER_LOOK,
    ORDER_DRIVE, /* hotplug.c */
    ORDER_WATCH, /* controls.c */
    ORDER_MOVE,  /* moves.c */
    ORDER_LEAVE
};

/* What %gs leads to. */
struct gs_record {
    uint32_t mark; /* GS_MARK | CPU */
    uint32_t spare;
};

struct fs_record {
    uint32_t mark; /* FS_MARK | CPU */
};

/* SDM vol. 3A figures 7-2 and 7-11: both are 104 bytes. */
struct tss {
    uint32_t words[26];
};

enum stack {
    STACK_TRAP, /* for whoever comes from ring 3 */
    STACK_NMI,  /* x86-64: through the TSS */
    STACK_DOUBLE_FAULT,
    NR_STACKS
};

struct cpu {
    struct gs_record gs;
    struct fs_record fs;
    struct tss tss __attribute__((aligned(16)));
    uint32_t id;
    cgdt_slot_t slot;
    cgdt_slot_t goal; /* while it moves: GDTR may lead there already */

    uint32_t state;    /* the CPU's own, but for OFFLINE */
    uint32_t order;    /* set by another CPU, and NONE by the CPU when it is done */
    uint32_t busy;     /* taken by the one that brings it on- or offline */
    uint32_t nmi_gate; /* nmi.h */

    /* What the CPU itself records. */
    uint32_t failed_step; /* the first thing that was wrong: verify.h */
    uint32_t failed_when;
    uint64_t found; /* what it found instead */
    uint32_t looks; /* whole looks, since it arrived */
    uint32_t pokes; /* interrupts, NMIs, breakpoints: since the beginning */
    uint32_t nmis;
    uint32_t parked_nmis; /* of those, how many on the boot table */
    uint32_t breakpoints;
    uintptr_t fault_address;
    uintptr_t resume;     /* the way back from ring 3 */
    uintptr_t user_frame; /* where the CPU pushed on that way, by its TSS */

    uint8_t stacks[NR_STACKS][TRAP_STACK_SIZE] __attribute__((aligned(16)));
};

extern struct cpu cpus[MAX_CPUS];

/* All CPUs' records, and the boot table; once. */
void cpu_init(void);

/* The calling CPU, which CPU number `id` is, goes onto its slot. */
void cpu_use_slot(struct cpu *cpu);

/* The calling CPU goes back onto the boot table. */
void cpu_leave_slot(void);

/* Called by another CPU; the run ends if the CPU does not do it in time. */
void cpu_online(uint32_t id);
void cpu_offline(uint32_t id);
void cpu_free(uint32_t id); /* the second half of offline: its slot */
void cpu_order(uint32_t id, enum order order);
void cpu_finish_order(uint32_t id);
enum state cpu_state(uint32_t id);

/* Whether it may be given another table: port quiesce. */
bool cpu_is_parked(uint32_t id);

/* The one whose slot the calling CPU is freeing, or MAX_CPUS. */
uint32_t cpu_leaving(void);

/* One CPU at a time brings another on- or offline. */
bool cpu_take(uint32_t id);
void cpu_release(uint32_t id);

/* Called by head.S. */
_Noreturn void cpu_arrive(uint32_t id);

/* Waiting for another CPU, until the run's patience ends. */
struct wait {
    uint64_t until;
    const char *what;
    uint32_t id;
};

struct wait wait_begin(const char *what, uint32_t id);
void wait_step(const struct wait *wait);

#endif /* GUEST_CPU_H */
