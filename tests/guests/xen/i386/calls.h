/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls of a 32-bit PV guest as inline `int $0x82` instructions: no hypercall page is needed;
 * and those whose arguments another width passes otherwise: what has 64 bits goes as two words, the
 * low one first. For hypercall.h alone to include.
 *
 * A hypercall leaves all segment registers as they are.
 */

#ifndef GUEST_CALLS_H
#define GUEST_CALLS_H

#include <stdbool.h>

#include "cgdt/port/xen_pv.h"
#include "xen.h"

#define HYPERCALL_KEEPS_CS_SS true

/* Xen may overwrite the argument registers, so all of them are outputs too. */
static inline int64_t hypercall4(uint32_t nr, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    int32_t result;

    __asm__ volatile("int $0x82"
                     : "=a"(result), "+b"(a), "+c"(b), "+d"(c), "+S"(d)
                     : "0"(nr)
                     : "cc", "memory");
    return result;
}

static inline int64_t hypercall3(uint32_t nr, uint32_t a, uint32_t b, uint32_t c)
{
    int32_t result;

    __asm__ volatile("int $0x82"
                     : "=a"(result), "+b"(a), "+c"(b), "+d"(c)
                     : "0"(nr)
                     : "cc", "memory");
    return result;
}

static inline int64_t xen_update_descriptor(uint64_t machine_address, uint64_t descriptor)
{
    return hypercall4(HYPERVISOR_update_descriptor, (uint32_t)machine_address,
                      (uint32_t)(machine_address >> 32), (uint32_t)descriptor,
                      (uint32_t)(descriptor >> 32));
}

static inline int64_t xen_update_va_mapping(uint64_t va, uint64_t pte, uint64_t flags)
{
    return hypercall4(HYPERVISOR_update_va_mapping, (uint32_t)va, (uint32_t)pte,
                      (uint32_t)(pte >> 32), (uint32_t)flags);
}

/* The same as calls of a multicall. */

static inline struct multicall_entry call_update_descriptor(uint64_t machine_address,
                                                            uint64_t descriptor)
{
    return (struct multicall_entry){.op = HYPERVISOR_update_descriptor,
                                    .args = {(uint32_t)machine_address,
                                             (uint32_t)(machine_address >> 32),
                                             (uint32_t)descriptor, (uint32_t)(descriptor >> 32)}};
}

/* Where a call of the port's writes. */
static inline uint64_t call_address(const struct cgdt_xen_pv_call *call)
{
    return call->args[0] | (uint64_t)call->args[1] << 32;
}

/* update_va_mapping as a hypercall of its own. */
static inline int64_t call_again(const struct cgdt_xen_pv_call *call)
{
    return hypercall4(call->op, call->args[0], call->args[1], call->args[2], call->args[3]);
}

#endif /* GUEST_CALLS_H */
