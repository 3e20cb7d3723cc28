/* SPDX-License-Identifier: MIT */
/* From no slot at all to every vCPU up: most while pages are private, the rest on pages in use. */

#ifndef GUEST_BRINGUP_H
#define GUEST_BRINGUP_H

#include "args.h"
#include "cgdt/cgdt.h"

/* vCPUs 0 .. early-1 get their slots before cgdt_seal(). */
uint32_t bringup_early_count(const struct args *args);

/* Each step ends the run if something fails that has to work. */
void bringup_init(const struct args *args, struct cgdt_pool *pool);
void bringup_boot_slots(void); /* slots of the early ones, by ordinary stores */
void bringup_boot_cpu(void);   /* vCPU 0 takes its own table */
void bringup_early(
    void); /* starts the others of the early ones; when it returns, they run or sleep */
void bringup_late(void);   /* slots on live pages, written while neighbours run; then started too */
void bringup_finish(void); /* wakes everyone for a last look */

/*
 * What vCPU 0 does for others, also used to show what Xen refuses. 0 or Xen's error. A vCPU begins
 * with start.run of its record, bringup_init() having chosen one that suits the steps above.
 */
int64_t bringup_set_gdt(const cgdt_frame_t *frames, uint32_t entries);
int64_t bringup_initialise(uint32_t vcpu);

struct bringup_counts {
    uint32_t set_gdt;
    uint32_t initialise;
};

struct bringup_counts bringup_counts(void);

#endif /* GUEST_BRINGUP_H */
