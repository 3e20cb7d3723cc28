/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Build and decode segment descriptors.
 *
 * By the Intel SDM vol. 3A sections 3.4.5 and 3.5, and the AMD APM vol. 2 chapter 4. Everything
 * here is a pure function of its arguments: no state, any CPU, any time, interrupts or not.
 *
 * @verbatim
   63      56 55 54 53 52 51   48 47 46 45 44 43   40 39      32 31            16 15             0
   base 31:24 G  DB L  AVL lim19:16 P  DPL   S  type  base 23:16   base 15:0        limit 15:0
   @endverbatim
 */
#ifndef CGDT_DESCRIPTOR_H
#define CGDT_DESCRIPTOR_H

#include "env.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CGDT_PAGE_BYTES   4096u /**< Bytes of a page of descriptors. */
#define CGDT_DESC_BYTES   8u    /**< Bytes of a descriptor. */
#define CGDT_PAGE_ENTRIES 512u  /**< Descriptors of a page: CGDT_PAGE_BYTES / CGDT_DESC_BYTES. */

/**
 * One descriptor; a 16-byte system descriptor of 64-bit mode takes two, low half first.
 *
 * It may alias: memory that a kernel declares as its own struct of 8 bytes can be read as this, and
 * a function that takes `const void *` for descriptors takes a pointer to that as it is, aligned as
 * this is.
 */
typedef uint64_t cgdt_desc_t __attribute__((__may_alias__));

/* Attribute bits at their place in a descriptor. */
#define CGDT_DESC_ACCESSED   (1ull << 40) /**< A: type bit 0 of a code or data segment. */
#define CGDT_DESC_WRITABLE   (1ull << 41) /**< Data: stores are allowed. */
#define CGDT_DESC_READABLE   (1ull << 41) /**< Code: loads are allowed. */
#define CGDT_DESC_EXPAND     (1ull << 42) /**< Data: expand down. */
#define CGDT_DESC_CONFORMING (1ull << 42) /**< Code: conforming. */
#define CGDT_DESC_CODE       (1ull << 43) /**< Code; clear = data. */
#define CGDT_DESC_SEGMENT    (1ull << 44) /**< S: code or data; clear = system. */
#define CGDT_DESC_DPL_SHIFT  45           /**< Where the two bits of the DPL begin. */
/**
 * The DPL at its place in a descriptor.
 *
 * @param dpl  0 .. 3; other bits are cut off
 */
#define CGDT_DESC_DPL(dpl) ((uint64_t)((dpl)&3u) << CGDT_DESC_DPL_SHIFT)
#define CGDT_DESC_PRESENT  (1ull << 47) /**< P: present. */
#define CGDT_DESC_AVL      (1ull << 52) /**< AVL: for software's use. */
#define CGDT_DESC_LONG     (1ull << 53) /**< L: 64-bit code. */
#define CGDT_DESC_DB       (1ull << 54) /**< D/B: 32-bit code, stack or data. */
#define CGDT_DESC_GRANULAR (1ull << 55) /**< G: the limit counts 4096-byte units. */

/**
 * Types of system descriptors.
 *
 * SDM vol. 3A table 3-2. The numbers not named are 16-bit or reserved.
 */
enum cgdt_system_type {
    CGDT_SYS_LDT = 0x2,            /**< Local descriptor table. */
    CGDT_SYS_TASK_GATE = 0x5,      /**< Task gate; 32-bit mode only. */
    CGDT_SYS_TSS_AVAILABLE = 0x9,  /**< Task state segment that LTR takes. */
    CGDT_SYS_TSS_BUSY = 0xb,       /**< Task state segment that some TR holds: LTR refuses it. */
    CGDT_SYS_CALL_GATE = 0xc,      /**< Call gate. */
    CGDT_SYS_INTERRUPT_GATE = 0xe, /**< Interrupt gate: belongs in the IDT. */
    CGDT_SYS_TRAP_GATE = 0xf,      /**< Trap gate: belongs in the IDT. */
};

/** The fields of a code, data, LDT or TSS descriptor. */
struct cgdt_desc_fields {
    uint32_t base;  /**< Linear address; bits 31:0 of a 16-byte descriptor's. */
    uint32_t limit; /**< The 20-bit field as it stands: bytes, or 4096-byte units when granular. */
    /** The highest valid byte offset that limit and granular give (decode only). */
    uint32_t last_offset;
    uint8_t type;     /**< 4 bits: cgdt_system_type, or bits 43:40 of code and data. */
    uint8_t dpl;      /**< 0 to 3. */
    bool segment;     /**< S: code or data; false = system. */
    bool present;     /**< P. */
    bool avl;         /**< AVL. */
    bool long_mode;   /**< L. */
    bool default_big; /**< D/B. */
    bool granular;    /**< G. */
};

/**
 * A descriptor from its fields. Cannot fail.
 *
 * @param fields  limit is cut to 20 bits, type to 4, dpl to 2; last_offset is not read
 *
 * @return the descriptor
 */
cgdt_desc_t cgdt_desc_encode(const struct cgdt_desc_fields *fields);

/**
 * The fields of a descriptor: the exact inverse of cgdt_desc_encode(), and last_offset on top.
 *
 * @param      desc    any 64 bits
 * @param[out] fields  what they mean
 */
void cgdt_desc_decode(cgdt_desc_t desc, struct cgdt_desc_fields *fields);

/**
 * A present code or data segment with A = 1, so that no CPU ever has to write the accessed bit.
 *
 * On a page mapped read-only that write is a page fault (SDM vol. 3A section 3.4.5.1), on a shared
 * one it is a locked write to a line that other CPUs read.
 *
 * @param[out] desc         the descriptor; left alone on failure
 * @param      base         linear address of the segment's first byte
 * @param      last_offset  highest valid byte offset; from 0x100000 on it must end in 0xfff (G = 1
 *                          counts pages)
 * @param      attributes   CGDT_DESC_* bits: any of WRITABLE .. CODE, DPL(n), AVL, LONG, DB; G, S,
 *                          P, A are set here
 *
 * @retval 0             the descriptor is in `*desc`
 * @retval -CGDT_ERANGE  (caller) last_offset is not representable, or attributes has a bit that is
 *                       not an attribute
 */
int cgdt_desc_segment(cgdt_desc_t *desc, uint32_t base, uint32_t last_offset, uint64_t attributes);

/**
 * Flat 64-bit code, present and accessed; base and limit are ignored by the CPU in 64-bit mode.
 *
 * @param dpl  0 .. 3; other bits are cut off
 *
 * @return the descriptor
 */
CGDT_INLINE_ cgdt_desc_t cgdt_desc_code64(unsigned dpl)
{
    return 0x00af9b000000ffffull | CGDT_DESC_DPL(dpl);
}

/**
 * Flat 32-bit code, present and accessed, base 0, 4 GiB.
 *
 * @param dpl  0 .. 3; other bits are cut off
 *
 * @return the descriptor
 */
CGDT_INLINE_ cgdt_desc_t cgdt_desc_code32(unsigned dpl)
{
    return 0x00cf9b000000ffffull | CGDT_DESC_DPL(dpl);
}

/**
 * Flat writable data, present and accessed, base 0, 4 GiB: SS, DS, ES in every mode.
 *
 * @param dpl  0 .. 3; other bits are cut off
 *
 * @return the descriptor
 */
CGDT_INLINE_ cgdt_desc_t cgdt_desc_data_flat(unsigned dpl)
{
    return 0x00cf93000000ffffull | CGDT_DESC_DPL(dpl);
}

/**
 * A system segment of 64-bit mode, 16 bytes: LDT or TSS. Present; byte granular (SDM vol. 3A figure
 * 7-4).
 *
 * @param[out] desc   the low half in `desc[0]`, the high half in `desc[1]`; left alone on failure
 * @param      base   canonical linear address
 * @param      limit  last byte offset, 0 .. 0xfffff
 * @param      type   CGDT_SYS_LDT, CGDT_SYS_TSS_AVAILABLE or CGDT_SYS_TSS_BUSY
 * @param      dpl    0 .. 3
 *
 * @retval 0             the descriptor is in `desc`
 * @retval -CGDT_ERANGE  (caller) base is not canonical for 57-bit addresses; limit, type or dpl is
 *                       out of range
 */
int cgdt_desc_system64(cgdt_desc_t desc[2], uint64_t base, uint32_t limit,
                       enum cgdt_system_type type, unsigned dpl);

/**
 * The same in 8 bytes for 32-bit mode. SDM vol. 3A figure 7-3.
 *
 * @param[out] desc   the descriptor; left alone on failure
 * @param      base   linear address
 * @param      limit  last byte offset, 0 .. 0xfffff
 * @param      type   CGDT_SYS_LDT, CGDT_SYS_TSS_AVAILABLE or CGDT_SYS_TSS_BUSY
 * @param      dpl    0 .. 3
 *
 * @retval 0             the descriptor is in `*desc`
 * @retval -CGDT_ERANGE  (caller) limit, type or dpl is out of range
 */
int cgdt_desc_system32(cgdt_desc_t *desc, uint32_t base, uint32_t limit, enum cgdt_system_type type,
                       unsigned dpl);

/**
 * A 64-bit call gate, present, 16 bytes. SDM vol. 3A figure 5-9. Cannot fail.
 *
 * @param[out] desc      the low half in `desc[0]`, the high half in `desc[1]`
 * @param      selector  code segment of the target
 * @param      offset    address of the target
 * @param      dpl       0 .. 3, who may call; other bits are cut off
 */
void cgdt_desc_call_gate64(cgdt_desc_t desc[2], uint16_t selector, uint64_t offset, unsigned dpl);

/**
 * Whether P is set: a descriptor that is not present faults on use, whatever else is in it.
 *
 * @param desc  any descriptor
 *
 * @return P
 */
CGDT_INLINE_ bool cgdt_desc_present(cgdt_desc_t desc)
{
    return (desc & CGDT_DESC_PRESENT) != 0;
}

/**
 * The 4-bit type field.
 *
 * @param desc  any descriptor
 *
 * @return 0 .. 15: a cgdt_system_type where S = 0, bits 43:40 of code and data otherwise
 */
CGDT_INLINE_ unsigned cgdt_desc_type(cgdt_desc_t desc)
{
    return (unsigned)(desc >> 40) & 0xfu;
}

/**
 * Whether this is the low half of a 16-byte descriptor in 64-bit mode: present, S = 0, type not 0.
 *
 * Type 0 with S = 0 is what a high half looks like (SDM vol. 3A section 5.8.3.1), so it is never a
 * low half.
 *
 * @param desc  any descriptor
 *
 * @return true if the next entry is the other half
 */
CGDT_INLINE_ bool cgdt_desc_wide64(cgdt_desc_t desc)
{
    /* Of the access byte: P = 1, S = 0, and types 1 to 15. */
    return ((uint32_t)(desc >> 40) & 0x9fu) - 0x81u < 15u;
}

#ifdef __cplusplus
}
#endif
#endif
