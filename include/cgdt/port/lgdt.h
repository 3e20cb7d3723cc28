/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The instructions that put a CPU on its slot, for kernels on bare metal: LGDT, SGDT, LTR, STR, and
 * the order in which they are used.
 *
 * Needs no port; x86-64 and i386, ring 0 (SGDT and STR also above it, without UMIP).
 *
 * A slot is used through a read-only mapping, and two things of a GDT are written by the CPU
 * itself:
 *
 * - *accessed*: the first load of a segment sets A (SDM vol. 3A section 3.4.5.1). On a read-only
 *   page that is a page fault in the middle of a segment load. cgdt_desc_segment() makes
 *   descriptors with A set.
 * - *busy*: LTR sets the TSS descriptor's busy bit (section 7.2.2). So LTR must read the descriptor
 *   through a writable mapping: cgdt_lgdt_with_tss(). A busy TSS cannot be loaded again (`#GP`):
 *   write an available one into the slot first, also when a CPU comes back to the slot that it had.
 */
#ifndef CGDT_PORT_LGDT_H
#define CGDT_PORT_LGDT_H

#include "../cgdt.h"

#ifdef __cplusplus
extern "C" {
#endif

/** GDTR as LGDT and SGDT have it in memory. SDM vol. 3A figure 2-6. */
struct cgdt_gdtr_image {
    uint16_t limit; /**< The last byte of the table. */
    uintptr_t base; /**< Linear address of the table. */
} __attribute__((packed));

/**
 * LGDT: GDTR now says where the table is; what segment registers and TR hold stays until they are
 * loaded again.
 *
 * The caller does that before anything else may load one: with interrupts off, or with the same
 * selectors valid in both tables (an NMI loads CS whatever the interrupt flag says).
 *
 * @param gdtr  what cgdt_gdtr() gave
 */
CGDT_INLINE_ void cgdt_lgdt(const struct cgdt_pseudo_descriptor *gdtr)
{
    const struct cgdt_gdtr_image image = {gdtr->limit, gdtr->base};

    __asm__ volatile("lgdt %0" : : "m"(image) : "memory");
}

/**
 * SGDT: what GDTR says now.
 *
 * @param[out] gdtr  receives base and limit
 */
CGDT_INLINE_ void cgdt_sgdt(struct cgdt_pseudo_descriptor *gdtr)
{
    struct cgdt_gdtr_image image;

    __asm__ volatile("sgdt %0" : "=m"(image));
    gdtr->base = image.base;
    gdtr->limit = image.limit;
}

/**
 * LTR: TR from the table in use, by a mapping that can be written, since it sets the busy bit.
 *
 * @param selector  of an available TSS
 */
CGDT_INLINE_ void cgdt_ltr(uint16_t selector)
{
    __asm__ volatile("ltr %w0" : : "r"(selector) : "memory");
}

/**
 * STR: what TR holds.
 *
 * @return the selector
 */
CGDT_INLINE_ uint16_t cgdt_str(void)
{
    uint32_t selector;

    __asm__ volatile("str %k0" : "=r"(selector));
    return (uint16_t)selector;
}

/**
 * CS from the table in use, by a far return to the next instruction. Made for ring 0: in ring 3,
 * where a 64-bit PV kernel runs, it is a fault under QEMU 7.2 where SMAP is on.
 *
 * In Linux, objtool takes that for an "unsupported instruction in callable function": keep the
 * caller out of line (noinline), and name it in STACK_FRAME_NON_STANDARD(). See docs/embedding.md.
 *
 * @param selector  of a code segment of the ring and mode that run now
 */
CGDT_INLINE_ void cgdt_load_cs(uint16_t selector)
{
#if defined(__x86_64__)
    /* The compiler may keep something in the red zone, which the pushes would hit. */
    __asm__ volatile("lea {-128(%%rsp), %%rsp|rsp, [rsp - 128]}\n\t"
                     "push %q0\n\t"
                     "lea {1f(%%rip), %%rax|rax, [rip + 1f]}\n\t"
                     "push {%%rax|rax}\n\t"
                     "{lretq|retfq}\n"
                     "1:\n\t"
                     "lea {128(%%rsp), %%rsp|rsp, [rsp + 128]}"
                     :
                     : "r"((uint64_t)selector)
                     : "rax", "memory");
#else
    /* The far return goes to where the call would have returned: no address is computed. */
    __asm__ volatile("push %k0\n\t"
                     "call 1f\n\t"
                     "jmp 2f\n"
                     "1:\n\t"
                     "{lretl|retf}\n"
                     "2:"
                     :
                     : "r"((uint32_t)selector)
                     : "memory");
#endif
}

/**
 * SS, DS and ES from the table in use. FS and GS are the kernel's own: on x86-64 to load one is to
 * lose its base.
 *
 * @param selector  of a writable data segment of the ring that runs now
 */
CGDT_INLINE_ void cgdt_load_data_segments(uint16_t selector)
{
    __asm__ volatile("mov {%k0, %%ss|ss, %k0}\n\t"
                     "mov {%k0, %%ds|ds, %k0}\n\t"
                     "mov {%k0, %%es|es, %k0}"
                     :
                     : "r"((uint32_t)selector)
                     : "memory");
}

/**
 * Onto a slot and its TSS. CS, SS, DS and so on are the caller's to load: cgdt_load_cs(),
 * cgdt_load_data_segments().
 *
 * @param gdtr      what the CPU is to use, by a read-only mapping: what cgdt_gdtr() gave
 * @param writable  where the same table can be written, at least until this returns:
 *                  cgdt_native_writable()
 * @param selector  of the TSS, which must be available
 */
CGDT_INLINE_ void cgdt_lgdt_with_tss(const struct cgdt_pseudo_descriptor *gdtr, uintptr_t writable,
                                     uint16_t selector)
{
    const struct cgdt_pseudo_descriptor through = {writable, gdtr->limit};

    cgdt_lgdt(&through);
    cgdt_ltr(selector);
    cgdt_lgdt(gdtr);
}

#ifdef __cplusplus
}
#endif
#endif
