/* SPDX-License-Identifier: MIT */
/* The plain answers; see reference.h. */
#include "reference.h"
#include "../support/oracle.h"

#include <string.h>

/*
 * The CPU's view of system types in a GDT (SDM vol. 3A table 3-2): ok, reserved, belongs in the
 * IDT.
 */
enum kind {
    OK,
    NO,
    IDT,
};

static const enum kind native64[16] = {NO, NO, OK, NO, NO, NO, NO,  NO,
                                       NO, OK, NO, OK, OK, NO, IDT, IDT};
static const enum kind native32[16] = {NO, OK, OK, OK, OK, OK, IDT, IDT,
                                       NO, OK, NO, OK, OK, NO, IDT, IDT};

static enum cgdt_reason native(bool is64, const struct oracle_fields *fields)
{
    if (!fields->present)
        return CGDT_FINE;
    if (fields->segment)
        return is64 && fields->type >= 8 && fields->long_mode && fields->big ? CGDT_BAD_LONG_AND_BIG
                                                                             : CGDT_FINE;
    switch ((is64 ? native64 : native32)[fields->type]) {
    case NO:
        return CGDT_BAD_RESERVED_TYPE;
    case IDT:
        return CGDT_BAD_GATE_TYPE;
    default:
        return CGDT_FINE;
    }
}

bool reference_is_native64(const struct cgdt_profile *profile)
{
    return profile == CGDT_PROFILE_NATIVE64 || profile == CGDT_PROFILE_NATIVE64_LA48;
}

enum cgdt_reason reference_descriptor(const struct cgdt_profile *profile, uint64_t raw,
                                      uint64_t *stored)
{
    static const enum cgdt_reason reasons[] = {
        [ORACLE_KEPT] = CGDT_FINE,
        [ORACLE_DPL_RAISED] = CGDT_DPL_RAISED,
        [ORACLE_LIMIT_RAISED] = CGDT_LIMIT_RAISED,
        [ORACLE_GATE_MOVED] = CGDT_GATE_FORCED,
        [ORACLE_REFUSED_TYPE] = CGDT_BAD_SYSTEM_TYPE,
        [ORACLE_REFUSED_TARGET] = CGDT_BAD_GATE_SELECTOR,
        [ORACLE_REFUSED_BITS] = CGDT_BAD_GATE_RESERVED,
        [ORACLE_REFUSED_LONG] = CGDT_BAD_LONG_CODE32,
    };
    struct oracle_fields fields;

    if (profile == CGDT_PROFILE_XEN_PV64)
        return reasons[oracle_xen(ORACLE_PV64, raw, stored)];
    if (profile == CGDT_PROFILE_XEN_PV32)
        return reasons[oracle_xen(ORACLE_PV32, raw, stored)];
    *stored = raw;
    oracle_decode(raw, &fields);
    return native(reference_is_native64(profile), &fields);
}

static bool rewrites(enum cgdt_reason reason)
{
    return reason == CGDT_DPL_RAISED || reason == CGDT_GATE_FORCED || reason == CGDT_LIMIT_RAISED;
}

bool reference_refuses(enum cgdt_reason reason)
{
    return reason != CGDT_FINE && reason != CGDT_UNOWNED_NOT_ZERO && reason != CGDT_NULL_NOT_ZERO &&
           !rewrites(reason);
}

bool reference_kept(const struct cgdt_profile *profile, uint64_t raw)
{
    uint64_t once;
    uint64_t twice;

    if (reference_refuses(reference_descriptor(profile, raw, &once)))
        return false;
    return reference_descriptor(profile, once, &twice) == CGDT_FINE;
}

/* Present, system, and of a type that has a second half. */
static bool is_first_half(const struct oracle_fields *fields)
{
    return fields->present && !fields->segment && fields->type > 0;
}

/* One entry that is no second half. */
static enum cgdt_reason entry_reason(const struct cgdt_profile *profile, uint32_t rules,
                                     const uint64_t *descs, uint32_t entry, uint32_t entries)
{
    struct oracle_fields fields;
    uint64_t stored;
    const enum cgdt_reason reason = reference_descriptor(profile, descs[entry], &stored);
    const bool is_native = reference_is_native64(profile) || profile == CGDT_PROFILE_NATIVE32;

    if (reference_refuses(reason) || (rewrites(reason) && !(rules & CGDT_RULE_REWRITE_IS_OK)))
        return reason;
    oracle_decode(descs[entry], &fields);
    if (reference_is_native64(profile) && is_first_half(&fields)) {
        struct oracle_fields behind = {.segment = 1};

        if (entry + 1 < entries)
            oracle_decode(descs[entry + 1], &behind);
        if (behind.segment || behind.type)
            return CGDT_BAD_HIGH_HALF;
        /* The base of a TSS or LDT; a gate's target is the call's affair. */
        const int64_t base = (int64_t)(descs[entry + 1] << 32 | (descs[entry] >> 32 & 0xff000000u));
        const int64_t reach = (int64_t)1 << (profile == CGDT_PROFILE_NATIVE64 ? 56 : 47);
        if (fields.type != 12 && (base < -reach || base >= reach))
            return CGDT_BAD_HIGH_HALF;
    }
    if (is_native && fields.present) {
        if ((rules & CGDT_RULE_READ_ONLY_ALIAS) && fields.segment && fields.type % 2 == 0)
            return CGDT_ACCESSED_CLEAR;
        if ((rules & CGDT_RULE_NO_BUSY_TSS) && !fields.segment &&
            (fields.type == 3 || fields.type == 11))
            return CGDT_TSS_BUSY;
    }
    if ((rules & CGDT_RULE_NULL_ENTRY) && entry == 0 && descs[0])
        return CGDT_NULL_NOT_ZERO;
    return CGDT_FINE;
}

enum cgdt_reason reference_slot(const struct cgdt_profile *profile, uint32_t rules,
                                const uint64_t *descs, uint32_t entries, uint32_t *bad)
{
    bool second_half = false;

    for (uint32_t entry = 0; entry < entries; entry++) {
        struct oracle_fields fields;

        if (second_half || descs[entry] == 0) {
            second_half = false;
            continue;
        }
        const enum cgdt_reason reason = entry_reason(profile, rules, descs, entry, entries);
        if (reason != CGDT_FINE) {
            *bad = entry;
            return reason;
        }
        oracle_decode(descs[entry], &fields);
        second_half = reference_is_native64(profile) && is_first_half(&fields);
    }
    return CGDT_FINE;
}

bool reference_begins_pair(const uint64_t *descs, uint32_t entry)
{
    bool begins = false;

    for (uint32_t i = 0; i <= entry; i++) {
        struct oracle_fields fields;

        oracle_decode(descs[i], &fields);
        begins = !begins && is_first_half(&fields);
    }
    return begins;
}

enum cgdt_reason reference_page(const struct cgdt_profile *profile, uint32_t rules,
                                const uint64_t *page, uint32_t slot_entries, uint64_t owned,
                                uint32_t *bad)
{
    for (uint32_t begin = 0; begin < 512; begin += slot_entries, owned >>= 1) {
        const uint64_t *slot = &page[begin];
        enum cgdt_reason reason = CGDT_FINE;
        uint32_t entry = 0;

        if (owned & 1) {
            reason = reference_slot(profile, rules, slot, slot_entries, &entry);
        } else {
            while (entry < slot_entries && slot[entry] == 0)
                entry++;
            if (entry < slot_entries) {
                reason =
                    entry_reason(profile, rules & ~CGDT_RULE_NULL_ENTRY, slot, entry, slot_entries);
                if (reason == CGDT_FINE)
                    reason = CGDT_UNOWNED_NOT_ZERO;
            }
        }
        *bad = begin + entry;
        if (reason != CGDT_FINE)
            return reason;
    }
    return CGDT_FINE;
}

bool reference_layout_is_valid(const struct cgdt_layout *layout)
{
    static const uint16_t sizes[] = {8, 16, 32, 64, 128, 256, 512};
    bool known = false;

    for (unsigned i = 0; i < 7; i++)
        known |= sizes[i] == layout->slot_entries;
    if (!known || layout->window_pages == 0 || layout->window_pages > 15)
        return false;
    if (layout->mode == CGDT_MODE_NATIVE)
        return !layout->common;
    if (layout->mode != CGDT_MODE_PAGED)
        return false;
    /* The hypervisor has at least the last of 16 pages, and everything before its own fits. */
    for (unsigned pages = layout->window_pages + (layout->common ? 1u : 0u); pages < 16; pages++)
        if (layout->reserved_entry == pages * 512)
            return true;
    return false;
}

uint32_t reference_slot_begin(const struct cgdt_layout *layout, uint64_t number, uint64_t *window)
{
    const uint64_t window_entries = layout->window_pages * 512ull;
    const uint64_t begin = number * layout->slot_entries;

    *window = begin / window_entries;
    return (uint32_t)(begin % window_entries);
}

/*
 * Whether every CPU says the same to a selector: null, LDT, common page, hypervisor's; or native.
 */
static bool is_shared(const struct cgdt_layout *layout, uint16_t selector)
{
    const unsigned entry = selector / 8;

    return layout->mode == CGDT_MODE_NATIVE || selector % 8 >= 4 ||
           (entry == 0 && selector % 8 < 4) || (layout->common && entry < 512) ||
           entry >= layout->reserved_entry;
}

/*
 * The selector with its entry moved; null unless the entry lies in from .. from + slot_entries - 1.
 */
static uint16_t moved(const struct cgdt_layout *layout, uint16_t selector, uint32_t from,
                      uint32_t to)
{
    if (is_shared(layout, selector))
        return selector;
    const int place = selector / 8 - (int)from;

    if (place < 0 || place >= layout->slot_entries)
        return 0;
    return (uint16_t)(((int)to + place) * 8 + selector % 8);
}

uint16_t reference_local(const struct cgdt_layout *layout, uint32_t begin, uint16_t canonical)
{
    const uint32_t head = layout->common ? 512 : 0;

    return moved(layout, canonical, head, head + begin);
}

uint16_t reference_canonical(const struct cgdt_layout *layout, uint32_t begin, uint16_t local)
{
    const uint32_t head = layout->common ? 512 : 0;

    return moved(layout, local, head + begin, head);
}
