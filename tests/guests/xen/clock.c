/* SPDX-License-Identifier: MIT */
/* Time from the TSC; the frequency is read once, as it does not change on Xen. */

#include "clock.h"

#include "exit.h"
#include "hypercall.h"
#include "tables.h"
#include "vcpu.h"

/* Against hanging: a vCPU can wait for a minute on a host that has much other work. */
#define PATIENCE_NS (900ull * SECOND_NS)

#define YIELDS  4
#define DOZE_NS 200000u

static uint32_t multiplier; /* nanoseconds = (TSC shifted) x multiplier / 2^32 */
static int8_t shift;

void clock_init(void)
{
    const volatile struct vcpu_time_info *time = vcpu_time(0);
    const int64_t error = vcpu_register_info(0);
    uint32_t version;

    if (error != 0)
        guest_fatal("register_vcpu_info", error);
    cpus[0].registered = true;
    do {
        version = time->version;
        multiplier = time->tsc_to_system_mul;
        shift = time->tsc_shift;
    } while ((version & 1) != 0 || version != time->version);
    if (multiplier == 0)
        guest_fatal("Xen does not say how fast the TSC is", 0);
}

static uint64_t scale(uint64_t tsc)
{
    const uint64_t shifted = shift >= 0 ? tsc << shift : tsc >> -shift;

    /* Of the product of 96 bits the upper 64. */
    return (shifted >> 32) * multiplier + ((shifted & UINT32_MAX) * multiplier >> 32);
}

uint64_t clock_ns(void)
{
    return scale(__builtin_ia32_rdtsc());
}

/* Xen's own count, in which time-outs are given. */
static uint64_t system_ns(void)
{
    const volatile struct vcpu_time_info *time = vcpu_time(0);
    uint64_t base;
    uint64_t at;
    uint32_t version;

    do {
        version = time->version;
        base = time->system_time;
        at = time->tsc_timestamp;
    } while ((version & 1) != 0 || version != time->version);
    return base + scale(__builtin_ia32_rdtsc() - at);
}

void clock_sleep(uint64_t ns)
{
    /* No port, upcalls masked: only the time-out ends it. */
    const struct sched_poll poll = {.ports = NULL, .nr_ports = 0, .timeout = system_ns() + ns};

    (void)xen_sched_op(SCHEDOP_poll, &poll);
}

void clock_doze(void)
{
    clock_sleep(DOZE_NS);
}

struct wait clock_begin_wait(const char *what, uint32_t vcpu)
{
    return (struct wait){what, vcpu, clock_ns(), 0};
}

void clock_wait(struct wait *wait)
{
    if (clock_ns() - wait->since > PATIENCE_NS)
        guest_fatal(wait->what, wait->vcpu);
    if (wait->rounds++ < YIELDS)
        xen_yield();
    else
        clock_doze();
}
