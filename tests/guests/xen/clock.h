/* SPDX-License-Identifier: MIT */
/* Nanoseconds: the TSC, with the frequency that Xen tells. */

#ifndef GUEST_CLOCK_H
#define GUEST_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define SECOND_NS 1000000000u

/*
 * Registers vCPU 0's vcpu_info; the caller is vCPU 0. Ends the run if Xen does not say the
 * frequency.
 */
void clock_init(void);

/* From any point in time on, rising. Any vCPU. */
uint64_t clock_ns(void);

/*
 * Waiting that must not last for ever: clock_wait() lets others run, and ends the run after a
 * quarter of an hour. It yields at first, then sleeps: a processor that yields without end is
 * always at the scheduler's lock, and a host that has few processors to spare makes that lock the
 * slowest thing of all.
 */
struct wait {
    const char *what;
    uint32_t vcpu;
    uint64_t since;
    uint32_t rounds;
};

struct wait clock_begin_wait(const char *what, uint32_t vcpu);
void clock_wait(struct wait *wait);

/* So many nanoseconds asleep, and as much longer as there are others to run. */
void clock_sleep(uint64_t ns);

/* A fifth of a millisecond. */
void clock_doze(void);

#endif /* GUEST_CLOCK_H */
