/* SPDX-License-Identifier: MIT */
/*
 * The part of the Xen PV ABI (x86-64) that the test guest uses: numbers, structures, selectors.
 * Names are those of Xen's public headers; sizes and offsets are asserted at the end.
 */

#ifndef GUEST_XEN_H
#define GUEST_XEN_H

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>
#endif

/* Selectors of Xen's own flat segments, present in every guest's GDT (page 14). */
#define FLAT_KERNEL_CS 0xe033
#define FLAT_KERNEL_SS 0xe02b

#define FIRST_RESERVED_GDT_PAGE  14
#define FIRST_RESERVED_GDT_ENTRY 7168

/* Hypercall numbers. */
#define HYPERVISOR_set_trap_table    0
#define HYPERVISOR_mmu_update        1
#define HYPERVISOR_set_gdt           2
#define HYPERVISOR_update_descriptor 10
#define HYPERVISOR_multicall         13
#define HYPERVISOR_update_va_mapping 14
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
    uint64_t nr_pages;
    uint64_t shared_info; /* machine address */
    uint32_t flags;
    uint32_t pad0;
    uint64_t store_mfn;
    uint64_t store_evtchn;
    uint64_t console_mfn; /* this and the next: of a guest that is no dom0 */
    uint32_t console_evtchn;
    uint32_t pad1;
    uint64_t pt_base; /* virtual address of the boot L4 */
    uint64_t nr_pt_frames;
    uint64_t mfn_list; /* virtual address of the p2m array */
    uint64_t mod_start;
    uint64_t mod_len;
    char cmd_line[1024];
    uint64_t first_p2m_pfn;
    uint64_t nr_p2m_frames;
};

struct trap_info {
    uint8_t vector;
    uint8_t flags;
    uint16_t cs;
    uint32_t pad;
    uint64_t address;
};

struct cpu_user_regs {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    uint32_t error_code;
    uint32_t entry_vector;
    uint64_t rip;
    uint16_t cs, pad0[1];
    uint8_t saved_upcall_mask;
    uint8_t pad1[3];
    uint64_t rflags;
    uint64_t rsp;
    uint16_t ss, pad2[3];
    uint16_t es, pad3[3];
    uint16_t ds, pad4[3];
    uint16_t fs, pad5[3];
    uint16_t gs, pad6[3];
};

struct vcpu_guest_context {
    uint8_t fpu_ctxt[512];
    uint64_t flags;
    struct cpu_user_regs user_regs;
    struct trap_info trap_ctxt[256];
    uint64_t ldt_base;
    uint64_t ldt_ents;
    uint64_t gdt_frames[16];
    uint64_t gdt_ents;
    uint64_t kernel_ss;
    uint64_t kernel_sp;
    uint64_t ctrlreg[8];
    uint64_t debugreg[8];
    uint64_t event_callback_eip;
    uint64_t failsafe_callback_eip;
    uint64_t syscall_callback_eip;
    uint64_t vm_assist;
    uint64_t fs_base;
    uint64_t gs_base_kernel;
    uint64_t gs_base_user;
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
    uint8_t pad[6];
    uint64_t evtchn_pending_sel;
    uint64_t arch[2];
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
    uint32_t pad;
    uint64_t timeout;
};

struct callback_register {
    uint16_t type;
    uint16_t flags;
    uint32_t pad;
    uint64_t address;
};

struct multicall_entry {
    uint64_t op;
    int64_t result;
    uint64_t args[6];
};

_Static_assert(sizeof(struct start_info) == 1168, "start_info");
_Static_assert(offsetof(struct start_info, shared_info) == 40, "start_info");
_Static_assert(offsetof(struct start_info, pt_base) == 88, "start_info");
_Static_assert(offsetof(struct start_info, mfn_list) == 104, "start_info");
_Static_assert(offsetof(struct start_info, cmd_line) == 128, "start_info");
_Static_assert(offsetof(struct start_info, first_p2m_pfn) == 1152, "start_info");
_Static_assert(sizeof(struct trap_info) == 16, "trap_info");
_Static_assert(sizeof(struct cpu_user_regs) == 200, "cpu_user_regs");
_Static_assert(offsetof(struct cpu_user_regs, rdi) == 112, "cpu_user_regs");
_Static_assert(offsetof(struct cpu_user_regs, cs) == 136, "cpu_user_regs");
_Static_assert(offsetof(struct cpu_user_regs, rflags) == 144, "cpu_user_regs");
_Static_assert(offsetof(struct cpu_user_regs, ss) == 160, "cpu_user_regs");
_Static_assert(offsetof(struct cpu_user_regs, gs) == 192, "cpu_user_regs");
_Static_assert(sizeof(struct vcpu_guest_context) == 5168, "vcpu_guest_context");
_Static_assert(offsetof(struct vcpu_guest_context, user_regs) == 520, "vcpu_guest_context");
_Static_assert(offsetof(struct vcpu_guest_context, trap_ctxt) == 720, "vcpu_guest_context");
_Static_assert(offsetof(struct vcpu_guest_context, gdt_frames) == 4832, "vcpu_guest_context");
_Static_assert(offsetof(struct vcpu_guest_context, gdt_ents) == 4960, "vcpu_guest_context");
_Static_assert(offsetof(struct vcpu_guest_context, ctrlreg) == 4984, "vcpu_guest_context");
_Static_assert(offsetof(struct vcpu_guest_context, event_callback_eip) == 5112,
               "vcpu_guest_context");
_Static_assert(offsetof(struct vcpu_guest_context, gs_base_user) == 5160, "vcpu_guest_context");
_Static_assert(sizeof(struct vcpu_time_info) == 32, "vcpu_time_info");
_Static_assert(offsetof(struct vcpu_info, time) == 32, "vcpu_info");
_Static_assert(sizeof(struct vcpu_info) == 64, "vcpu_info");
_Static_assert(sizeof(struct vcpu_register_vcpu_info) == 16, "vcpu_register_vcpu_info");
_Static_assert(sizeof(struct sched_poll) == 24, "sched_poll");
_Static_assert(offsetof(struct sched_poll, timeout) == 16, "sched_poll");
_Static_assert(sizeof(struct callback_register) == 16, "callback_register");
_Static_assert(sizeof(struct multicall_entry) == 64, "multicall_entry");

#endif /* !__ASSEMBLER__ */
#endif /* GUEST_XEN_H */
