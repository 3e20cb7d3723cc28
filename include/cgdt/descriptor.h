/* SPDX-License-Identifier: MIT */
/*
 * Build and decode segment descriptors (Intel SDM vol. 3A section 3.4.5 and 3.5, AMD APM vol. 2 chapter 4).
 *
 * Everything here is a pure function of its arguments: no state, any CPU, any time, interrupts or not.
 *
 *   63      56 55 54 53 52 51   48 47 46 45 44 43   40 39      32 31            16 15             0
 *   base 31:24 G  DB L  AVL lim19:16 P  DPL   S  type  base 23:16   base 15:0        limit 15:0
 */
#ifndef CGDT_DESCRIPTOR_H
#define CGDT_DESCRIPTOR_H

#include "env.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CGDT_PAGE_BYTES   4096u
#define CGDT_DESC_BYTES   8u
#define CGDT_PAGE_ENTRIES 512u /* CGDT_PAGE_BYTES / CGDT_DESC_BYTES */

/* One descriptor; a 16-byte system descriptor of 64-bit mode takes two, low half first. */
typedef uint64_t cgdt_desc_t;

/* Attribute bits at their place in a descriptor. */
#define CGDT_DESC_ACCESSED   (1ull << 40) /* type bit 0 of a code or data segment */
#define CGDT_DESC_WRITABLE   (1ull << 41) /* data */
#define CGDT_DESC_READABLE   (1ull << 41) /* code */
#define CGDT_DESC_EXPAND     (1ull << 42) /* data: expand down */
#define CGDT_DESC_CONFORMING (1ull << 42) /* code */
#define CGDT_DESC_CODE       (1ull << 43)
#define CGDT_DESC_SEGMENT    (1ull << 44) /* S: code or data; clear = system */
#define CGDT_DESC_DPL_SHIFT  45
#define CGDT_DESC_DPL(dpl)   ((uint64_t)((dpl)&3u) << CGDT_DESC_DPL_SHIFT)
#define CGDT_DESC_PRESENT    (1ull << 47)
#define CGDT_DESC_AVL        (1ull << 52)
#define CGDT_DESC_LONG       (1ull << 53) /* L: 64-bit code */
#define CGDT_DESC_DB         (1ull << 54) /* 32-bit code, stack or data */
#define CGDT_DESC_GRANULAR   (1ull << 55) /* G: the limit counts 4096-byte units */

/* Types of system descriptors (SDM vol. 3A table 3-2). The numbers not named are 16-bit or reserved. */
enum cgdt_system_type {
    CGDT_SYS_LDT = 0x2,
    CGDT_SYS_TASK_GATE = 0x5,
    CGDT_SYS_TSS_AVAILABLE = 0x9,
    CGDT_SYS_TSS_BUSY = 0xb,
    CGDT_SYS_CALL_GATE = 0xc,
    CGDT_SYS_INTERRUPT_GATE = 0xe,
    CGDT_SYS_TRAP_GATE = 0xf,
};

/* The fields of a code, data, LDT or TSS descriptor. */
struct cgdt_desc_fields {
    uint32_t base;  /* linear address; bits 31:0 of a 16-byte descriptor's */
    uint32_t limit; /* the 20-bit field as it stands: bytes, or 4096-byte units when granular */
    uint32_t
        last_offset;  /* the highest valid byte offset that limit and granular give (decode only) */
    uint8_t type;     /* 4 bits */
    uint8_t dpl;      /* 0 .. 3 */
    bool segment;     /* S: code or data; false = system */
    bool present;     /* P */
    bool avl;         /* AVL */
    bool long_mode;   /* L */
    bool default_big; /* D/B */
    bool granular;    /* G */
};

/* A descriptor from its fields; limit is cut to 20 bits, type to 4, dpl to 2. last_offset is not read. */
cgdt_desc_t cgdt_desc_encode(const struct cgdt_desc_fields *fields);

/* The fields of a descriptor: the exact inverse of cgdt_desc_encode(), and last_offset on top. */
void cgdt_desc_decode(cgdt_desc_t desc, struct cgdt_desc_fields *fields);

/*
 * A present code or data segment with A = 1, so that no CPU ever has to write the accessed bit: on a page
 * mapped read-only that write is a page fault (SDM vol. 3A section 3.4.5.1), on a shared one it is a
 * locked write to a line that other CPUs read.
 *
 * base         linear address of the segment's first byte
 * last_offset  highest valid byte offset; from 0x100000 on it must end in 0xfff (G = 1 counts pages)
 * attributes   CGDT_DESC_* bits: any of WRITABLE .. CODE, DPL(n), AVL, LONG, DB; G, S, P, A are set here
 *
 * Returns 0 and the descriptor in *desc, or -CGDT_ERANGE (the caller's fault): last_offset is not
 * representable, or attributes has a bit that is not an attribute.
 */
int cgdt_desc_segment(cgdt_desc_t *desc, uint32_t base, uint32_t last_offset, uint64_t attributes);

/* Flat 64-bit code, present and accessed; base and limit are ignored by the CPU in 64-bit mode. */
static inline cgdt_desc_t cgdt_desc_code64(unsigned dpl)
{
    return 0x00af9b000000ffffull | CGDT_DESC_DPL(dpl);
}

/* Flat writable data, present and accessed, base 0, 4 GiB: %ss, %ds, %es in every mode. */
static inline cgdt_desc_t cgdt_desc_data_flat(unsigned dpl)
{
    return 0x00cf93000000ffffull | CGDT_DESC_DPL(dpl);
}

/*
 * A system segment of 64-bit mode, 16 bytes: LDT or TSS (SDM vol. 3A figure 7-4). Byte granular.
 *
 * base   canonical linear address; limit  last byte offset, 0 .. 0xfffff; type  CGDT_SYS_LDT or _TSS_*
 *
 * Returns 0 and desc[0] (low), desc[1] (high half), or -CGDT_ERANGE (the caller's fault): base is not
 * canonical for 57-bit addresses, limit or type is out of range.
 */
int cgdt_desc_system64(cgdt_desc_t desc[2], uint64_t base, uint32_t limit,
                       enum cgdt_system_type type, unsigned dpl);

/* The same in 8 bytes for 32-bit mode (SDM vol. 3A figure 7-3). Errors as for cgdt_desc_system64(). */
int cgdt_desc_system32(cgdt_desc_t *desc, uint32_t base, uint32_t limit, enum cgdt_system_type type,
                       unsigned dpl);

/* A 64-bit call gate, 16 bytes (SDM vol. 3A figure 5-9): selector:offset of the target. Cannot fail. */
void cgdt_desc_call_gate64(cgdt_desc_t desc[2], uint16_t selector, uint64_t offset, unsigned dpl);

/* Whether P is set: a descriptor that is not present faults on use, whatever else is in it. */
static inline bool cgdt_desc_present(cgdt_desc_t desc)
{
    return (desc & CGDT_DESC_PRESENT) != 0;
}

/* The 4-bit type field. */
static inline unsigned cgdt_desc_type(cgdt_desc_t desc)
{
    return (unsigned)(desc >> 40) & 0xfu;
}

/*
 * Whether this is the low half of a 16-byte descriptor in 64-bit mode: present, S = 0, type not 0. Type 0
 * with S = 0 is what a high half looks like (SDM vol. 3A section 5.8.3.1), so it is never a low half.
 */
static inline bool cgdt_desc_wide64(cgdt_desc_t desc)
{
    return (desc & (CGDT_DESC_PRESENT | CGDT_DESC_SEGMENT)) == CGDT_DESC_PRESENT &&
           cgdt_desc_type(desc) != 0;
}

#ifdef __cplusplus
}
#endif
#endif
