/* SPDX-License-Identifier: MIT */
/*
 * What Xen's interface for 32-bit PV guests has otherwise than the one for 64-bit guests: for xen.h
 * alone to include. Names are those of Xen's public headers.
 */

#ifndef GUEST_ABI_H
#define GUEST_ABI_H

/*
 * Selectors of Xen's own flat segments, present in every guest's GDT (page 14). The kernel is in
 * ring 1, processes are in ring 3.
 */
#define FLAT_KERNEL_CS 0xe019
#define FLAT_KERNEL_SS 0xe021
#define FLAT_USER_CS   0xe02b
#define FLAT_USER_SS   0xe033

#define KERNEL_RING 1

#define SYSTEM_CALL_VECTOR 0x80 /* which processes may use */

#define HOST_NAME "xen-pv32" /* in the last line */

#ifndef __ASSEMBLER__

struct trap_info {
    uint8_t vector;
    uint8_t flags;
    uint16_t cs;
    uint32_t address;
};

struct cpu_user_regs {
    uint32_t ebx, ecx, edx, esi, edi, ebp, eax;
    uint16_t error_code;
    uint16_t entry_vector;
    uint32_t eip;
    uint16_t cs;
    uint8_t saved_upcall_mask;
    uint8_t pad0;
    uint32_t eflags;
    uint32_t esp;
    uint16_t ss, pad1;
    uint16_t es, pad2;
    uint16_t ds, pad3;
    uint16_t fs, pad4;
    uint16_t gs, pad5;
};

struct vcpu_guest_context {
    uint8_t fpu_ctxt[512];
    uint32_t flags;
    struct cpu_user_regs user_regs;
    struct trap_info trap_ctxt[256];
    uint32_t ldt_base;
    uint32_t ldt_ents;
    uint32_t gdt_frames[16];
    uint32_t gdt_ents;
    uint32_t kernel_ss;
    uint32_t kernel_sp;
    uint32_t ctrlreg[8];
    uint32_t debugreg[8];
    uint32_t event_callback_cs;
    uint32_t event_callback_eip;
    uint32_t failsafe_callback_cs;
    uint32_t failsafe_callback_eip;
    uint32_t vm_assist;
};

/* Of struct vcpu_info. */
struct arch_vcpu_info {
    uint32_t cr2;
    uint32_t pad[5];
};

struct xen_callback {
    uint32_t cs;
    uint32_t eip;
};

#define CALLBACK(address) ((struct xen_callback){FLAT_KERNEL_CS, (uintptr_t)(address)})

#define SHARED_ARCH 0x90cu /* of struct shared_info, where struct arch_shared_info is */

_Static_assert(sizeof(struct trap_info) == 8, "trap_info");
_Static_assert(sizeof(struct cpu_user_regs) == 68, "cpu_user_regs");
_Static_assert(offsetof(struct cpu_user_regs, eip) == 32, "cpu_user_regs");
_Static_assert(offsetof(struct cpu_user_regs, cs) == 36, "cpu_user_regs");
_Static_assert(offsetof(struct cpu_user_regs, gs) == 64, "cpu_user_regs");
_Static_assert(sizeof(struct vcpu_guest_context) == 2800, "vcpu_guest_context");
_Static_assert(offsetof(struct vcpu_guest_context, trap_ctxt) == 584, "vcpu_guest_context");
_Static_assert(offsetof(struct vcpu_guest_context, gdt_frames) == 2640, "vcpu_guest_context");
_Static_assert(offsetof(struct vcpu_guest_context, ctrlreg) == 2716, "vcpu_guest_context");
_Static_assert(offsetof(struct vcpu_guest_context, vm_assist) == 2796, "vcpu_guest_context");

#endif /* !__ASSEMBLER__ */
#endif /* GUEST_ABI_H */
