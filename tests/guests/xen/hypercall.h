/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls of a 64-bit PV guest as inline `syscall` instructions: no hypercall page is needed.
 *
 * Every hypercall leaves CS and SS on Xen's flat segments; DS, ES, FS and GS survive.
 * Results are 0 or positive, or a negative error number.
 */

#ifndef GUEST_HYPERCALL_H
#define GUEST_HYPERCALL_H

#include "xen.h"

/* Xen may overwrite the argument registers, so all of them are outputs too. */
static inline int64_t hypercall4(uint64_t nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    register uint64_t r10 __asm__("r10") = d;
    int64_t result;

    __asm__ volatile("syscall"
                     : "=a"(result), "+D"(a), "+S"(b), "+d"(c), "+r"(r10)
                     : "0"(nr)
                     : "rcx", "r11", "cc", "memory");
    return result;
}

static inline int64_t hypercall3(uint64_t nr, uint64_t a, uint64_t b, uint64_t c)
{
    int64_t result;

    __asm__ volatile("syscall"
                     : "=a"(result), "+D"(a), "+S"(b), "+d"(c)
                     : "0"(nr)
                     : "rcx", "r11", "cc", "memory");
    return result;
}

static inline int64_t hypercall2(uint64_t nr, uint64_t a, uint64_t b)
{
    return hypercall3(nr, a, b, 0);
}

static inline int64_t xen_set_trap_table(const struct trap_info *table)
{
    return hypercall2(HYPERVISOR_set_trap_table, (uintptr_t)table, 0);
}

/* For the calling vCPU only; frames may be NULL when entries is 0. */
static inline int64_t xen_set_gdt(const uint64_t *frames, uint32_t entries)
{
    return hypercall2(HYPERVISOR_set_gdt, (uintptr_t)frames, entries);
}

static inline int64_t xen_update_descriptor(uint64_t machine_address, uint64_t descriptor)
{
    return hypercall2(HYPERVISOR_update_descriptor, machine_address, descriptor);
}

static inline int64_t xen_multicall(struct multicall_entry *calls, uint32_t nr)
{
    return hypercall2(HYPERVISOR_multicall, (uintptr_t)calls, nr);
}

static inline int64_t xen_update_va_mapping(uint64_t va, uint64_t pte, uint64_t flags)
{
    return hypercall3(HYPERVISOR_update_va_mapping, va, pte, flags);
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
