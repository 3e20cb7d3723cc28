/* SPDX-License-Identifier: MIT */
/*
 * The part of the Xen PV ABI that the test guest uses: numbers, structures, selectors. Names are
 * those of Xen's public headers; sizes and offsets are asserted at the end. What is a register's
 * width there is unsigned long here; what differs beyond that is in abi.h, one for each width.
 */

#ifndef GUEST_XEN_H
#define GUEST_XEN_H

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>
#endif

#include "abi.h"

#define FIRST_RESERVED_GDT_PAGE  14
#define FIRST_RESERVED_GDT_ENTRY 7168

/* Hypercall numbers. */
#define HYPERVISOR_set_trap_table    0
#define HYPERVISOR_mmu_update        1
#define HYPERVISOR_set_gdt           2
#define HYPERVISOR_stack_switch      3
#define HYPERVISOR_update_descriptor 10
#define HYPERVISOR_multicall         13
#define HYPERVISOR_update_va_mapping 14
#define HYPERVISOR_xen_version       17
#define HYPERVISOR_console_io        18
#define HYPERVISOR_iret              23
#define HYPERVISOR_vcpu_op           24
#define HYPERVISOR_sched_op          29
#define HYPERVISOR_callback_op       30
#define HYPERVISOR_event_channel_op  32
#define HYPERVISOR_physdev_op        33

/* Sub-commands. */
#define CONSOLEIO_write           0
#define VCPUOP_initialise         0
#define VCPUOP_up                 1
#define VCPUOP_down               2
#define VCPUOP_is_up              3
#define VCPUOP_register_vcpu_info 10
#define SCHEDOP_yield             0
#define SCHEDOP_shutdown          2
#define SCHEDOP_poll              3
#define CALLBACKOP_register       0
#define CALLBACKTYPE_event        0
#define CALLBACKTYPE_failsafe     1
#define PHYSDEVOP_set_iopl        6
#define EVTCHNOP_send             4
#define SHUTDOWN_poweroff         0
#define SHUTDOWN_suspend          2
#define SHUTDOWN_crash            3
#define SIF_INITDOMAIN            2 /* start_info.flags: this is dom0 */

#define VGCF_in_kernel 4
#define TI_MASK_EVENTS 4 /* trap_info.flags: enter the handler with upcalls masked */

/* Error numbers that hypercalls return, negated. */
#define XEN_ENOENT 2
#define XEN_ENXIO  6
#define XEN_EFAULT 14
#define XEN_EBUSY  16
#define XEN_EEXIST 17
#define XEN_EINVAL 22
#define XEN_ENOSYS 38

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096

#ifndef __ASSEMBLER__

struct start_info {
    char magic[32];
    unsigned long nr_pages;
    unsigned long shared_info; /* machine address */
    uint32_t flags;
    unsigned long store_mfn;
    uint32_t store_evtchn;
    unsigned long console_mfn; /* this and the next: of a guest that is no dom0 */
    uint32_t console_evtchn;
    unsigned long pt_base; /* virtual address of the boot page table */
    unsigned long nr_pt_frames;
    unsigned long mfn_list; /* virtual address of the p2m array */
    unsigned long mod_start;
    unsigned long mod_len;
    char cmd_line[1024];
    unsigned long first_p2m_pfn;
    unsigned long nr_p2m_frames;
};

/* system_time (nanoseconds) at tsc_timestamp; version is odd while Xen writes it. */
struct vcpu_time_info {
    uint32_t version;
    uint32_t pad0;
    uint64_t tsc_timestamp;
    uint64_t system_time;
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift;
    uint8_t flags;
    uint8_t pad1[2];
};

struct vcpu_info {
    uint8_t evtchn_upcall_pending;
    uint8_t evtchn_upcall_mask;
    unsigned long evtchn_pending_sel;
    struct arch_vcpu_info arch;
    struct vcpu_time_info time;
};

struct vcpu_register_vcpu_info {
    uint64_t mfn;
    uint32_t offset;
    uint32_t rsvd;
};

struct evtchn_send {
    uint32_t port;
};

struct sched_poll {
    const uint32_t *ports;
    uint32_t nr_ports;
    uint64_t timeout;
};

struct callback_register {
    uint16_t type;
    uint16_t flags;
    struct xen_callback address;
};

struct multicall_entry {
    unsigned long op;
    long result;
    unsigned long args[6];
};

/* Of struct shared_info, behind event channels and time. */
struct arch_shared_info {
    unsigned long max_pfn;
    unsigned long frame_list_list; /* the older way: a tree of frames */
    unsigned long nmi_reason;
    unsigned long p2m_cr3; /* the newer: a linear table, by its address in these page tables */
    unsigned long p2m_vaddr;
    unsigned long p2m_generation;
};

#define OF_WIDTH(of64, of32) (sizeof(long) == 8 ? (of64) : (of32))

_Static_assert(sizeof(struct start_info) == OF_WIDTH(1168, 1112), "start_info");
_Static_assert(offsetof(struct start_info, shared_info) == OF_WIDTH(40, 36), "start_info");
_Static_assert(offsetof(struct start_info, console_evtchn) == OF_WIDTH(80, 56), "start_info");
_Static_assert(offsetof(struct start_info, pt_base) == OF_WIDTH(88, 60), "start_info");
_Static_assert(offsetof(struct start_info, mfn_list) == OF_WIDTH(104, 68), "start_info");
_Static_assert(offsetof(struct start_info, cmd_line) == OF_WIDTH(128, 80), "start_info");
_Static_assert(offsetof(struct start_info, first_p2m_pfn) == OF_WIDTH(1152, 1104), "start_info");
_Static_assert(sizeof(struct vcpu_time_info) == 32, "vcpu_time_info");
_Static_assert(offsetof(struct vcpu_info, time) == 32, "vcpu_info");
_Static_assert(sizeof(struct vcpu_info) == 64, "vcpu_info");
_Static_assert(sizeof(struct vcpu_register_vcpu_info) == 16, "vcpu_register_vcpu_info");
_Static_assert(sizeof(struct sched_poll) == OF_WIDTH(24, 16), "sched_poll");
_Static_assert(offsetof(struct sched_poll, timeout) == OF_WIDTH(16, 8), "sched_poll");
_Static_assert(sizeof(struct callback_register) == OF_WIDTH(16, 12), "callback_register");
_Static_assert(sizeof(struct multicall_entry) == OF_WIDTH(64, 32), "multicall_entry");

#endif /* !__ASSEMBLER__ */
#endif /* GUEST_XEN_H */
