/* SPDX-License-Identifier: MIT */
/* Descriptors from their fields and back (SDM vol. 3A figures 3-8, 5-9, 7-3, 7-4). */
#include "cgdt/descriptor.h"
#include "cgdt/error.h"
#include "hints.h"

#define LIMIT_MAX_BYTES 0xfffffu /* the limit field has 20 bits */

/* What cgdt_desc_segment() lets its caller choose. */
#define SEGMENT_ATTRIBUTES                                                                         \
    (CGDT_DESC_WRITABLE | CGDT_DESC_EXPAND | CGDT_DESC_CODE | CGDT_DESC_DPL(3) | CGDT_DESC_AVL |   \
     CGDT_DESC_LONG | CGDT_DESC_DB)

/* Base and limit, scattered over the descriptor as the 80286 and 80386 left them. */
static CGDT_INLINE_UNLESS_SMALL_ cgdt_desc_t place(uint32_t base, uint32_t limit)
{
    return (uint64_t)(limit & 0xffffu) | (uint64_t)(base & 0xffffffu) << 16 |
           (uint64_t)(limit & 0xf0000u) << 32 | (uint64_t)(base >> 24) << 56;
}

cgdt_desc_t cgdt_desc_encode(const struct cgdt_desc_fields *fields)
{
    cgdt_desc_t desc = place(fields->base, fields->limit);

    desc |= (uint64_t)(fields->type & 0xfu) << 40 | CGDT_DESC_DPL(fields->dpl);
    desc |= fields->segment ? CGDT_DESC_SEGMENT : 0;
    desc |= fields->present ? CGDT_DESC_PRESENT : 0;
    desc |= fields->avl ? CGDT_DESC_AVL : 0;
    desc |= fields->long_mode ? CGDT_DESC_LONG : 0;
    desc |= fields->default_big ? CGDT_DESC_DB : 0;
    desc |= fields->granular ? CGDT_DESC_GRANULAR : 0;
    return desc;
}

void cgdt_desc_decode(cgdt_desc_t desc, struct cgdt_desc_fields *fields)
{
    fields->base = (uint32_t)(desc >> 16 & 0xffffffu) | (uint32_t)(desc >> 56) << 24;
    fields->limit = (uint32_t)(desc & 0xffffu) | (uint32_t)(desc >> 32 & 0xf0000u);
    fields->type = (uint8_t)cgdt_desc_type(desc);
    fields->dpl = (uint8_t)(desc >> CGDT_DESC_DPL_SHIFT & 3u);
    fields->segment = (desc & CGDT_DESC_SEGMENT) != 0;
    fields->present = (desc & CGDT_DESC_PRESENT) != 0;
    fields->avl = (desc & CGDT_DESC_AVL) != 0;
    fields->long_mode = (desc & CGDT_DESC_LONG) != 0;
    fields->default_big = (desc & CGDT_DESC_DB) != 0;
    fields->granular = (desc & CGDT_DESC_GRANULAR) != 0;
    fields->last_offset = fields->granular ? fields->limit << 12 | 0xfffu : fields->limit;
}

int cgdt_desc_segment(cgdt_desc_t *desc, uint32_t base, uint32_t last_offset, uint64_t attributes)
{
    cgdt_desc_t granular = 0;
    uint32_t limit = last_offset;

    if ((attributes & ~SEGMENT_ATTRIBUTES) != 0)
        return -CGDT_ERANGE;
    if (last_offset > LIMIT_MAX_BYTES) {
        if ((last_offset & 0xfffu) != 0xfffu)
            return -CGDT_ERANGE;
        limit = last_offset >> 12;
        granular = CGDT_DESC_GRANULAR;
    }
    *desc = place(base, limit) | attributes | granular | CGDT_DESC_SEGMENT | CGDT_DESC_PRESENT |
            CGDT_DESC_ACCESSED;
    return 0;
}

static bool is_ldt_or_tss(enum cgdt_system_type type)
{
    return type == CGDT_SYS_LDT || type == CGDT_SYS_TSS_AVAILABLE || type == CGDT_SYS_TSS_BUSY;
}

int cgdt_desc_system32(cgdt_desc_t *desc, uint32_t base, uint32_t limit, enum cgdt_system_type type,
                       unsigned dpl)
{
    if (limit > LIMIT_MAX_BYTES || !is_ldt_or_tss(type) || dpl > 3)
        return -CGDT_ERANGE;
    *desc = place(base, limit) | (uint64_t)type << 40 | CGDT_DESC_DPL(dpl) | CGDT_DESC_PRESENT;
    return 0;
}

int cgdt_desc_system64(cgdt_desc_t desc[2], uint64_t base, uint32_t limit,
                       enum cgdt_system_type type, unsigned dpl)
{
    const uint64_t sign = base >> 56; /* canonical for 57 bits: bits 63:56 are equal */

    if (sign != 0 && sign != 0xff)
        return -CGDT_ERANGE;
    if (cgdt_desc_system32(&desc[0], (uint32_t)base, limit, type, dpl) != 0)
        return -CGDT_ERANGE;
    desc[1] = base >> 32;
    return 0;
}

void cgdt_desc_call_gate64(cgdt_desc_t desc[2], uint16_t selector, uint64_t offset, unsigned dpl)
{
    desc[0] = (offset & 0xffffu) | (uint64_t)selector << 16 | (offset & 0xffff0000u) << 32 |
              (uint64_t)CGDT_SYS_CALL_GATE << 40 | CGDT_DESC_DPL(dpl) | CGDT_DESC_PRESENT;
    desc[1] = offset >> 32;
}
