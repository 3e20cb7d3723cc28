/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls; calls.h, one for each width, has the instruction.
 *
 * Results are 0 or positive, or a negative error number.
 */

#ifndef GUEST_HYPERCALL_H
#define GUEST_HYPERCALL_H

#include <stdbool.h>

#include "calls.h"
#include "cgdt/port.h"
#include "xen.h"

static inline int64_t hypercall2(unsigned long nr, unsigned long a, unsigned long b)
{
    return hypercall3(nr, a, b, 0);
}

static inline int64_t xen_set_trap_table(const struct trap_info *table)
{
    return hypercall2(HYPERVISOR_set_trap_table, (uintptr_t)table, 0);
}

/* For the calling vCPU only; frames may be NULL when entries is 0. */
static inline int64_t xen_set_gdt(const cgdt_frame_t *frames, uint32_t entries)
{
    return hypercall2(HYPERVISOR_set_gdt, (uintptr_t)frames, entries);
}

static inline int64_t xen_multicall(struct multicall_entry *calls, uint32_t nr)
{
    return hypercall2(HYPERVISOR_multicall, (uintptr_t)calls, nr);
}

static inline int64_t xen_version(uint32_t command, void *answer)
{
    return hypercall2(HYPERVISOR_xen_version, command, (uintptr_t)answer);
}

static inline int64_t xen_console_write(const char *text, uint32_t length)
{
    return hypercall3(HYPERVISOR_console_io, CONSOLEIO_write, length, (uintptr_t)text);
}

static inline int64_t xen_vcpu_op(uint32_t command, uint32_t vcpu, const void *argument)
{
    return hypercall3(HYPERVISOR_vcpu_op, command, vcpu, (uintptr_t)argument);
}

static inline int64_t xen_sched_op(uint32_t command, const void *argument)
{
    return hypercall2(HYPERVISOR_sched_op, command, (uintptr_t)argument);
}

static inline int64_t xen_callback_op(uint32_t command, const void *argument)
{
    return hypercall2(HYPERVISOR_callback_op, command, (uintptr_t)argument);
}

static inline int64_t xen_event_channel_op(uint32_t command, const void *argument)
{
    return hypercall2(HYPERVISOR_event_channel_op, command, (uintptr_t)argument);
}

static inline int64_t xen_physdev_op(uint32_t command, const void *argument)
{
    return hypercall2(HYPERVISOR_physdev_op, command, (uintptr_t)argument);
}

static inline void xen_yield(void)
{
    (void)xen_sched_op(SCHEDOP_yield, NULL);
}

#endif /* GUEST_HYPERCALL_H */
