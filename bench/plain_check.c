/* SPDX-License-Identifier: MIT */
/* A second writing-down of Xen's rules, see plain_check.h. bench/selftest.c compares the two. */
#include "plain_check.h"

#include <cgdt/layout.h>

static inline enum cgdt_reason plain_gate(cgdt_desc_t desc)
{
    const uint32_t low = (uint32_t)desc;
    const uint32_t high = (uint32_t)(desc >> 32);
    const uint32_t selector = low >> 16;

    if ((selector & 4) == 0 && selector >= CGDT_XEN_RESERVED_ENTRY * 8 && selector != 0xe033)
        return CGDT_BAD_GATE_SELECTOR;
    if ((high & 0xff) != 0)
        return CGDT_BAD_GATE_RESERVED;
    return (selector & 3) == 3 && (high >> 13 & 3) == 0 ? CGDT_FINE : CGDT_GATE_FORCED;
}

static inline enum cgdt_reason plain_descriptor(cgdt_desc_t desc)
{
    const uint32_t high = (uint32_t)(desc >> 32);
    const uint32_t type = high >> 8 & 15;

    if ((high >> 15 & 1) == 0) /* not present */
        return CGDT_FINE;
    if ((high >> 12 & 1) == 1) /* code or data */
        return (high >> 13 & 3) == 3 ? CGDT_FINE : CGDT_DPL_RAISED;
    if (type == 0)
        return CGDT_FINE;
    return type == 12 ? plain_gate(desc) : CGDT_BAD_SYSTEM_TYPE;
}

static inline enum cgdt_reason plain_slot(const cgdt_desc_t *slot, uint32_t entries, bool is_owned)
{
    for (uint32_t i = 0; i < entries; i++) {
        const cgdt_desc_t desc = *(const volatile cgdt_desc_t *)&slot[i]; /* others may write it */
        const enum cgdt_reason reason = plain_descriptor(desc);

        if (reason != CGDT_FINE)
            return reason;
        if (desc != 0 && !is_owned)
            return CGDT_UNOWNED_NOT_ZERO;
        if (desc != 0 && i == 0)
            return CGDT_NULL_NOT_ZERO;
    }
    return CGDT_FINE;
}

enum cgdt_reason plain_check_page(const cgdt_desc_t *page, uint32_t slot_entries, uint64_t owned)
{
    enum cgdt_reason reason = CGDT_FINE;

    for (uint32_t i = 0; i < CGDT_PAGE_ENTRIES && reason == CGDT_FINE; i += slot_entries) {
        reason = plain_slot(page + i, slot_entries, (owned & 1) != 0);
        owned >>= 1;
    }
    return reason;
}
