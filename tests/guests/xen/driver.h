/* SPDX-License-Identifier: MIT */
/* The vCPUs that bring others on- and offline, all at once, through one pool. */

#ifndef GUEST_DRIVER_H
#define GUEST_DRIVER_H

#include "args.h"
#include "cgdt/cgdt.h"
#include "vcpu.h"

/* What one driver did; no other writes it. */
struct driver_counts {
    uint64_t cycles;        /* CPUs taken offline; each had been brought online and verified */
    uint64_t online_busy;   /* cgdt_cpu_online() lost to another driver */
    uint64_t online_exists; /* it came too late */
    uint64_t offline_busy;  /* cgdt_cpu_offline() lost, or its CPU had not let go */
    uint64_t offline_gone;  /* it came too late */
    uint64_t refused;       /* CPUs that were told to hold on, and kept their slot */
    uint64_t rolled_back;   /* offline that failed after quiesce, because Xen refused a write */
    uint64_t pages_trimmed;
    uint64_t trims_failed;
    uint64_t reserves;
    uint64_t turns; /* changes from bringing most CPUs online to taking most offline, and back */
    uint64_t pcpus; /* processors of the machine it ran on: bit n for APIC id n */
};

void driver_init(const struct args *args, struct cgdt_pool *pool);

/* What a vCPU that is to drive starts with. */
void driver_run(struct vcpu_start *start);

/* What has not happened often enough so far, by what the drivers have counted; or NULL. */
typedef const char *driver_missing(const struct driver_counts *sum);

/*
 * vCPU 0, once the other drivers are online: let them begin, take part until nothing is missing
 * (and the seconds are over that may have been asked for), see them stop.
 */
void driver_lead(driver_missing *missing);

/* Of all drivers; while they drive, each count is of some moment. */
struct driver_counts driver_sum(void);

/* vCPU 0, after driver_lead(): all workers offline. */
void driver_send_off(void);

#endif /* GUEST_DRIVER_H */
