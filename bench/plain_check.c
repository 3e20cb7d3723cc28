/* SPDX-License-Identifier: MIT */
/* A second writing-down of the rules, see plain_check.h. */
#include "plain_check.h"

#include <cgdt/layout.h>

#define INLINE static inline __attribute__((__always_inline__))

/* Others may write it meanwhile. */
INLINE cgdt_desc_t load(const cgdt_desc_t *at)
{
    return *(const volatile cgdt_desc_t *)at;
}

INLINE bool is_xens_own(bool pv32, uint32_t selector)
{
    return (selector & 4) == 0 && selector >= CGDT_XEN_RESERVED_ENTRY * 8 &&
           selector != (pv32 ? 0xe019 : 0xe033);
}

/* A 32-bit guest's flat segment that reaches beyond where Xen begins. */
INLINE bool is_too_short(uint32_t low, uint32_t high)
{
    const uint32_t base = (high & 0xff000000) | (high & 0xff) << 16 | low >> 16;
    uint64_t bytes = ((high & 0xf0000) | (low & 0xffff)) + 1ull;

    if ((high >> 23 & 1) == 1)
        bytes <<= 12;
    return base == 0 && bytes > 0xf5800000;
}

/* In the order in which Xen looks; a descriptor that it takes is then written anew. */
INLINE enum cgdt_reason xen(bool pv32, cgdt_desc_t desc, cgdt_desc_t *kept)
{
    uint32_t low = (uint32_t)desc;
    uint32_t high = (uint32_t)(desc >> 32);
    uint32_t dpl = high >> 13 & 3;

    if ((high >> 15 & 1) == 0) /* not present */
        return CGDT_FINE;
    if (dpl < (pv32 ? 1 : 3))
        dpl = pv32 ? 1 : 3;
    if ((high >> 12 & 1) == 1) { /* code or data */
        if (pv32 && (high >> 21 & 1) == 1)
            return CGDT_BAD_LONG_CODE32;
        if (pv32 && is_too_short(low, high)) {
            low |= 0xffff;
            high |= 0xf0000;
        }
    } else {
        if ((high >> 8 & 15) == 0)
            return CGDT_FINE;
        if ((high >> 8 & 15) != 12)
            return CGDT_BAD_SYSTEM_TYPE;
        if (is_xens_own(pv32, low >> 16))
            return CGDT_BAD_GATE_SELECTOR;
        if ((high & (pv32 ? 0xe0 : 0xff)) != 0)
            return CGDT_BAD_GATE_RESERVED;
        low = (low & ~(3u << 16)) | dpl << 16;
        dpl = 0;
    }
    *kept = (cgdt_desc_t)((high & ~(3u << 13)) | dpl << 13) << 32 | low;
    return CGDT_FINE;
}

INLINE enum cgdt_reason xen_page(bool pv32, const cgdt_desc_t *page, cgdt_desc_t *kept)
{
    for (uint32_t i = 0; i < CGDT_PAGE_ENTRIES; i++) {
        const enum cgdt_reason reason = xen(pv32, load(&page[i]), &kept[i]);

        if (reason != CGDT_FINE)
            return reason;
    }
    return CGDT_FINE;
}

enum cgdt_reason plain_xen_pv64(const cgdt_desc_t *page, uint32_t slot_entries, uint64_t owned,
                                cgdt_desc_t *kept)
{
    (void)slot_entries;
    (void)owned;
    return xen_page(false, page, kept);
}

enum cgdt_reason plain_xen_pv32(const cgdt_desc_t *page, uint32_t slot_entries, uint64_t owned,
                                cgdt_desc_t *kept)
{
    (void)slot_entries;
    (void)owned;
    return xen_page(true, page, kept);
}

/* SDM vol. 3A sections 3.4.5 and 3.5. */
INLINE enum cgdt_reason native(bool wide, cgdt_desc_t desc)
{
    const uint32_t high = (uint32_t)(desc >> 32);
    const uint32_t type = high >> 8 & 15;

    if ((high >> 15 & 1) == 0)
        return CGDT_FINE;
    if ((high >> 12 & 1) == 1)
        return wide && type >= 8 && (high >> 21 & 3) == 3 ? CGDT_BAD_LONG_AND_BIG : CGDT_FINE;
    switch (type) {
    case 2:  /* LDT */
    case 9:  /* TSS */
    case 11: /* busy */
    case 12: /* call gate */
        return CGDT_FINE;
    case 1: /* the same of 16 bits, and the task gate */
    case 3:
    case 4:
    case 5:
        return wide ? CGDT_BAD_RESERVED_TYPE : CGDT_FINE;
    case 6: /* what belongs in the IDT: of 16 bits */
    case 7:
        return wide ? CGDT_BAD_RESERVED_TYPE : CGDT_BAD_GATE_TYPE;
    case 14:
    case 15:
        return CGDT_BAD_GATE_TYPE;
    default:
        return CGDT_BAD_RESERVED_TYPE;
    }
}

/* Section 7.2.3 and figure 5-9; bits 63:56 of a TSS's or an LDT's base are equal. */
INLINE bool is_second_half(cgdt_desc_t low, cgdt_desc_t high)
{
    const int32_t sign = (int32_t)high >> 24;

    if ((high >> 40 & 0x1f) != 0)
        return false;
    return (low >> 40 & 15) == 12 || sign == 0 || sign == -1;
}

enum cgdt_reason plain_native64(const cgdt_desc_t *page, uint32_t slot_entries, uint64_t owned,
                                cgdt_desc_t *kept)
{
    (void)owned;
    (void)kept;
    for (uint32_t i = 0; i < CGDT_PAGE_ENTRIES; i++) {
        const cgdt_desc_t desc = load(&page[i]);
        const enum cgdt_reason reason = native(true, desc);

        if (reason != CGDT_FINE)
            return reason;
        if ((desc >> 47 & 1) == 0 || (desc >> 44 & 1) == 1)
            continue;
        i++;
        if ((i & (slot_entries - 1)) == 0 || !is_second_half(desc, load(&page[i])))
            return CGDT_BAD_HIGH_HALF;
    }
    return CGDT_FINE;
}

enum cgdt_reason plain_native32(const cgdt_desc_t *page, uint32_t slot_entries, uint64_t owned,
                                cgdt_desc_t *kept)
{
    (void)slot_entries;
    (void)owned;
    (void)kept;
    for (uint32_t i = 0; i < CGDT_PAGE_ENTRIES; i++) {
        const enum cgdt_reason reason = native(false, load(&page[i]));

        if (reason != CGDT_FINE)
            return reason;
    }
    return CGDT_FINE;
}

INLINE enum cgdt_reason house_descriptor(cgdt_desc_t desc)
{
    const uint32_t low = (uint32_t)desc;
    const uint32_t high = (uint32_t)(desc >> 32);
    const uint32_t type = high >> 8 & 15;

    if ((high >> 15 & 1) == 0)
        return CGDT_FINE;
    if ((high >> 12 & 1) == 1)
        return (high >> 13 & 3) == 3 ? CGDT_FINE : CGDT_DPL_RAISED;
    if (type == 0)
        return CGDT_FINE;
    if (type != 12)
        return CGDT_BAD_SYSTEM_TYPE;
    if (is_xens_own(false, low >> 16))
        return CGDT_BAD_GATE_SELECTOR;
    if ((high & 0xff) != 0)
        return CGDT_BAD_GATE_RESERVED;
    return (low >> 16 & 3) == 3 && (high >> 13 & 3) == 0 ? CGDT_FINE : CGDT_GATE_FORCED;
}

INLINE enum cgdt_reason house_slot(const cgdt_desc_t *slot, uint32_t entries, bool is_owned)
{
    for (uint32_t i = 0; i < entries; i++) {
        const cgdt_desc_t desc = load(&slot[i]);
        const enum cgdt_reason reason = house_descriptor(desc);

        if (reason != CGDT_FINE)
            return reason;
        if (desc != 0 && !is_owned)
            return CGDT_UNOWNED_NOT_ZERO;
        if (desc != 0 && i == 0)
            return CGDT_NULL_NOT_ZERO;
    }
    return CGDT_FINE;
}

enum cgdt_reason plain_house(const cgdt_desc_t *page, uint32_t slot_entries, uint64_t owned,
                             cgdt_desc_t *kept)
{
    enum cgdt_reason reason = CGDT_FINE;

    (void)kept;
    for (uint32_t i = 0; i < CGDT_PAGE_ENTRIES && reason == CGDT_FINE; i += slot_entries) {
        reason = house_slot(page + i, slot_entries, (owned & 1) != 0);
        owned >>= 1;
    }
    return reason;
}
