/* SPDX-License-Identifier: MIT */
/*
 * What Xen's interface for 64-bit PV guests has otherwise than the one for 32-bit guests: for xen.h
 * alone to include. Names are those of Xen's public headers.
 */

#ifndef GUEST_ABI_H
#define GUEST_ABI_H

/*
 * Selectors of Xen's own flat segments, present in every guest's GDT (page 14). The kernel is in
 * ring 3, as processes are.
 */
#define FLAT_KERNEL_CS 0xe033
#define FLAT_KERNEL_SS 0xe02b

#define KERNEL_RING 3

#define HOST_NAME "xen" /* in the last line */

#ifndef __ASSEMBLER__

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

/* Of struct vcpu_info. */
struct arch_vcpu_info {
    uint64_t cr2;
    uint64_t pad;
};

struct xen_callback {
    uint64_t eip;
};

#define CALLBACK(address) ((struct xen_callback){(uintptr_t)(address)})

#define SHARED_ARCH 0xc10u /* of struct shared_info, where struct arch_shared_info is */

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

#endif /* !__ASSEMBLER__ */
#endif /* GUEST_ABI_H */
