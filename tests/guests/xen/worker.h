/* SPDX-License-Identifier: MIT */
/*
 * A vCPU that comes and goes. Xen initialises a vCPU only once, and one that is down still holds
 * its GDT's frames; so it leaves as a kernel's CPU does: it lets go of its table by itself, says
 * so, and goes down. When it comes back it takes the frames of its new slot, which is mostly
 * another one.
 *
 *   stage      becomes       by
 *   OFFLINE    COMING        the driver whose cgdt_cpu_online() succeeded
 *   COMING     ONLINE        the worker, after it has verified its table
 *   ONLINE     LEAVING       a driver, by compare-and-swap: it alone gives orders from now on
 *   LEAVING    HOLDING       the worker, told to hold on: it does not let go
 *   HOLDING    ONLINE        the worker, told to stay after all
 *   LEAVING    LEFT          the worker, which has let go and is about to go down
 *   LEFT       OFFLINE quiesce, in the cgdt_cpu_offline() of any driver, if the worker is down
 *   OFFLINE    LEFT          the driver whose cgdt_cpu_offline() failed after quiesce
 *
 * Between ONLINE and LEAVING most sleep (down, on their slot), a few go on looking at their table.
 */

#ifndef GUEST_WORKER_H
#define GUEST_WORKER_H

#include "tables.h"

enum stage {
    STAGE_OFFLINE,
    STAGE_COMING,
    STAGE_ONLINE,
    STAGE_LEAVING,
    STAGE_HOLDING,
    STAGE_LEFT
};

enum order {
    ORDER_STAY,
    ORDER_HOLD,
    ORDER_LEAVE,
    ORDER_DROP /* control no-drop: let go of what was left behind, and go down again */
};

struct worker {
    uint32_t stage;
    uint32_t order;
    /*
     * These only ever rise, so whoever looks twice misses nothing: ins is the number of its lives,
     * and asked = outs + kept as soon as nobody is taking it offline.
     */
    uint32_t ins;   /* times that it came */
    uint32_t asked; /* times that quiesce let it go, whatever became of that */
    uint32_t kept;  /* of these: rolled back, the slot was not freed */
    uint32_t outs;  /* of these: its cgdt_cpu_offline() succeeded. Counted after that */
    /* Written by the driver that brings it online, before it starts the vCPU. */
    bool watches;
    uint32_t entries;
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
} __attribute__((aligned(64)));

/* Drivers have a record too: they are brought online and leave in the same way. */
extern struct worker workers[MAX_VCPUS];

void worker_init(const struct args *args, struct cgdt_pool *pool);

/* By others. */

enum stage worker_stage(uint32_t vcpu);

/* OFFLINE -> ONLINE: it has been brought online by other means. */
void worker_adopt(uint32_t vcpu);

/* OFFLINE -> COMING: its table onto its new slot, and what it needs to know. */
void worker_prepare(uint32_t vcpu, cgdt_slot_t slot, bool watches);

/* Give an order; what sleeps is woken. */
void worker_order(uint32_t vcpu, enum order order);

/* Whether its slot holds its table and nothing else, as the pool's pages show it. */
bool worker_table_is_right(uint32_t vcpu);

/* Xen shall refuse the next change to its slot. The caller has set LEAVING, and not yet told it. */
void worker_break_slot(uint32_t vcpu);

/* LEFT and down, so that nothing of it can be using the slot. */
bool worker_is_gone(uint32_t vcpu);

/* For gdtpool_on_quiesce(). */
int worker_quiesce(uint32_t cpu);

/* After cgdt_cpu_offline(): take back what quiesce did, as the slot was not freed; or it was. */
void worker_roll_back(uint32_t vcpu);
void worker_left(uint32_t vcpu);

/* Which life it is in, while whoever asks keeps it from ending; and whether that has ended. */
uint32_t worker_life(uint32_t vcpu);
bool worker_is_over(uint32_t vcpu, uint32_t life);

/* How often quiesce has let it go. */
uint32_t worker_asked(uint32_t vcpu);

/* CPUs that are online or on their way, so many at this moment. */
int32_t workers_online(void);

/* By itself. */

void worker_run(struct vcpu_start *start);
void worker_come_back(struct cpu *cpu); /* takes the frames of its new slot; and looks */
void worker_arrived(uint32_t vcpu);
void worker_let_go(uint32_t vcpu);

#endif /* GUEST_WORKER_H */
