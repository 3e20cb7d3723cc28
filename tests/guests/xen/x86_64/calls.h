/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls of a 64-bit PV guest as inline `syscall` instructions: no hypercall page is needed;
 * and those whose arguments another width passes otherwise. For hypercall.h alone to include.
 *
 * Every hypercall leaves CS and SS on Xen's flat segments; DS, ES, FS and GS survive.
 */

#ifndef GUEST_CALLS_H
#define GUEST_CALLS_H

#include <stdbool.h>

#include "cgdt/port/xen_pv.h"
#include "xen.h"

#define HYPERCALL_KEEPS_CS_SS false

/* Xen may overwrite the argument registers, so all of them are outputs too. */
static inline int64_t hypercall3(uint64_t nr, uint64_t a, uint64_t b, uint64_t c)
{
    int64_t result;

    __asm__ volatile("syscall"
                     : "=a"(result), "+D"(a), "+S"(b), "+d"(c)
                     : "0"(nr)
                     : "rcx", "r11", "cc", "memory");
    return result;
}

static inline int64_t xen_update_descriptor(uint64_t machine_address, uint64_t descriptor)
{
    return hypercall3(HYPERVISOR_update_descriptor, machine_address, descriptor, 0);
}

static inline int64_t xen_update_va_mapping(uint64_t va, uint64_t pte, uint64_t flags)
{
    return hypercall3(HYPERVISOR_update_va_mapping, va, pte, flags);
}

/* The same as calls of a multicall. */

static inline struct multicall_entry call_update_descriptor(uint64_t machine_address,
                                                            uint64_t descriptor)
{
    return (struct multicall_entry){.op = HYPERVISOR_update_descriptor,
                                    .args = {machine_address, descriptor}};
}

/* Where a call of the port's writes. */
static inline uint64_t call_address(const struct cgdt_xen_pv_call *call)
{
    return call->args[0];
}

/* update_va_mapping as a hypercall of its own. */
static inline int64_t call_again(const struct cgdt_xen_pv_call *call)
{
    return hypercall3(call->op, call->args[0], call->args[1], call->args[2]);
}

#endif /* GUEST_CALLS_H */
