/* SPDX-License-Identifier: MIT */
/*
 * The rules of a hypervisor or CPU for descriptors, in the order in which it looks. Must not know
 * of pools, and holds no words: those are in reason.c.
 *
 * Xen's are those of check_descriptor(), xen/arch/x86/pv/descriptor-tables.c, and of the macros in
 * xen/arch/x86/include/asm/desc.h; the CPU's are in SDM vol. 3A sections 3.4.5, 3.5 and 5.8.3, 7.2.
 */
#include "cgdt/check.h"
#include "atomic.h"
#include "cgdt/layout.h"
#include "hints.h"
#include "profile.h"
#include "scan.h"

/* Without the sentences (reason.c), which a kernel that prints none has no use for. */
enum cgdt_effect cgdt_reason_effect(enum cgdt_reason reason)
{
    switch (reason) {
    case CGDT_FINE:
        return CGDT_ACCEPTED;
    case CGDT_DPL_RAISED:
    case CGDT_GATE_FORCED:
    case CGDT_LIMIT_RAISED:
        return CGDT_REWRITTEN;
    case CGDT_UNOWNED_NOT_ZERO:
    case CGDT_NULL_NOT_ZERO:
        return CGDT_HOUSE;
    default:
        return CGDT_REFUSED;
    }
}

static enum cgdt_reason check_xen_gate(bool pv32, cgdt_desc_t desc, unsigned dpl,
                                       cgdt_desc_t *stored)
{
    const uint64_t reserved = (pv32 ? 0xe0ull : 0xffull) << 32;

    if (leads_into_xen((uint32_t)desc, pv32 ? XEN_FLAT_KERNEL_CS32 : XEN_FLAT_KERNEL_CS64))
        return CGDT_BAD_GATE_SELECTOR;
    if ((desc & reserved) != 0)
        return CGDT_BAD_GATE_RESERVED;
    *stored = (desc & ~DPL_MASK & ~(3ull << 16)) | (uint64_t)dpl << 16;
    return *stored == desc ? CGDT_FINE : CGDT_GATE_FORCED;
}

/* xen_start: where Xen's part of a 32-bit guest's address space begins. */
static CGDT_INLINE_UNLESS_SMALL_ enum cgdt_reason check_xen(bool pv32, uint32_t xen_start,
                                                            cgdt_desc_t desc, cgdt_desc_t *stored)
{
    unsigned dpl = (unsigned)(desc >> CGDT_DESC_DPL_SHIFT) & 3u;
    const unsigned lowest = pv32 ? 1u : 3u; /* the ring that a guest kernel runs in */

    if (!cgdt_desc_present(desc))
        return CGDT_FINE;
    if (dpl < lowest)
        dpl = lowest;
    if ((desc & CGDT_DESC_SEGMENT) == 0) {
        if (cgdt_desc_type(desc) == 0)
            return CGDT_FINE;
        if (cgdt_desc_type(desc) != CGDT_SYS_CALL_GATE)
            return CGDT_BAD_SYSTEM_TYPE;
        return check_xen_gate(pv32, desc, dpl, stored);
    }
    if (pv32 && (desc & CGDT_DESC_LONG) != 0)
        return CGDT_BAD_LONG_CODE32;
    if (pv32 && is_flat_over_xen(xen_start, desc))
        *stored |= LIMIT_MASK;
    const bool limit_raised = *stored != desc;
    *stored = (*stored & ~DPL_MASK) | CGDT_DESC_DPL(dpl);
    if ((*stored & DPL_MASK) != (desc & DPL_MASK))
        return CGDT_DPL_RAISED;
    return limit_raised ? CGDT_LIMIT_RAISED : CGDT_FINE;
}

static inline enum cgdt_reason check_native(bool wide, cgdt_desc_t desc)
{
    const unsigned gates64 = 1u << 0xe | 1u << 0xf;
    const unsigned gates32 = gates64 | 1u << 6 | 1u << 7;
    const uint64_t long_and_big = CGDT_DESC_CODE | CGDT_DESC_LONG | CGDT_DESC_DB;
    const unsigned type = 1u << cgdt_desc_type(desc);

    if (!cgdt_desc_present(desc))
        return CGDT_FINE;
    if ((desc & CGDT_DESC_SEGMENT) != 0)
        return wide && (desc & long_and_big) == long_and_big ? CGDT_BAD_LONG_AND_BIG : CGDT_FINE;
    if (((wide ? gates64 : gates32) & type) != 0)
        return CGDT_BAD_GATE_TYPE;
    return ((wide ? NATIVE64_TYPES : NATIVE32_TYPES) & type) != 0 ? CGDT_FINE
                                                                  : CGDT_BAD_RESERVED_TYPE;
}

static enum cgdt_reason judge_xen_pv64(const struct cgdt_profile *profile, cgdt_desc_t desc,
                                       cgdt_desc_t *stored)
{
    (void)profile;
    return check_xen(false, 0, desc, stored);
}

static enum cgdt_reason judge_xen_pv32(const struct cgdt_profile *profile, cgdt_desc_t desc,
                                       cgdt_desc_t *stored)
{
    return check_xen(true, profile->xen_start, desc, stored);
}

static enum cgdt_reason judge_native64(const struct cgdt_profile *profile, cgdt_desc_t desc,
                                       cgdt_desc_t *stored)
{
    (void)profile;
    (void)stored;
    return check_native(true, desc);
}

static enum cgdt_reason judge_native32(const struct cgdt_profile *profile, cgdt_desc_t desc,
                                       cgdt_desc_t *stored)
{
    (void)profile;
    (void)stored;
    return check_native(false, desc);
}

const struct cgdt_profile cgdt_profile_xen_pv64 = {.judge = judge_xen_pv64,
                                                   .plain = PLAIN64,
                                                   .xen = true,
                                                   .wide = true,
                                                   .scan = SCAN_RULES_(scan_pv64)};
const struct cgdt_profile cgdt_profile_xen_pv32 = {.judge = judge_xen_pv32,
                                                   .xen_start = CGDT_XEN_PV32_START,
                                                   .scan = SCAN_RULES_(scan_pv32),
                                                   .xen = true};
/* The upper half of a base begins at bit 32: of 57 or 48 bits, the highest is its bit 24 or 15. */
const struct cgdt_profile cgdt_profile_native64 = {.judge = judge_native64,
                                                   .scan = SCAN_RULES_(scan_native64),
                                                   .pairs = true,
                                                   .wide = true,
                                                   .sign_bit = 57 - 1 - 32};
const struct cgdt_profile cgdt_profile_native64_la48 = {.judge = judge_native64,
                                                        .scan = SCAN_RULES_(scan_native64),
                                                        .pairs = true,
                                                        .wide = true,
                                                        .sign_bit = 48 - 1 - 32};
const struct cgdt_profile cgdt_profile_native32 = {.judge = judge_native32,
                                                   .scan = SCAN_RULES_(scan_native32)};

enum cgdt_reason cgdt_check_descriptor(const struct cgdt_profile *profile, cgdt_desc_t desc,
                                       cgdt_desc_t *stored)
{
    cgdt_desc_t becomes = desc;
    const enum cgdt_reason reason = profile->judge(profile, desc, &becomes);

    if (stored != NULL)
        *stored = becomes;
    return reason;
}

CGDT_COMPACT_ bool cgdt_profile_settle_(const struct cgdt_profile *profile, cgdt_desc_t *desc)
{
    const enum cgdt_reason first = profile->judge(profile, *desc, desc);

    if (cgdt_reason_effect(first) == CGDT_REFUSED)
        return false;
    /*
     * Not only the same again: a PV32 gate to Xen's own code, its RPL raised, is refused the next
     * time.
     */
    return first == CGDT_FINE || profile->judge(profile, *desc, desc) == CGDT_FINE;
}

bool cgdt_descriptor_is_stable(const struct cgdt_profile *profile, cgdt_desc_t desc)
{
    return cgdt_profile_settle_(profile, &desc);
}

/* Native rules that hold only where somebody asks for them. */
static enum cgdt_reason check_native_rules(uint32_t rules, cgdt_desc_t desc)
{
    if (!cgdt_desc_present(desc))
        return CGDT_FINE;
    if ((desc & CGDT_DESC_SEGMENT) != 0)
        return (rules & CGDT_RULE_READ_ONLY_ALIAS) != 0 && cgdt_profile_sets_accessed_(desc)
                   ? CGDT_ACCESSED_CLEAR
                   : CGDT_FINE;
    /* Type 3 is the 16-bit one, which in 64-bit mode is refused before. */
    return (rules & CGDT_RULE_NO_BUSY_TSS) != 0 && (cgdt_desc_type(desc) & 7u) == 3 ? CGDT_TSS_BUSY
                                                                                    : CGDT_FINE;
}

/* Whether `reason` is to be reported at all. */
static bool counts(enum cgdt_reason reason, uint32_t rules)
{
    return reason != CGDT_FINE && !((rules & CGDT_RULE_REWRITE_IS_OK) != 0 &&
                                    cgdt_reason_effect(reason) == CGDT_REWRITTEN);
}

CGDT_COMPACT_ bool cgdt_profile_pair_(const struct cgdt_profile *profile, cgdt_desc_t low,
                                      cgdt_desc_t high)
{
    return is_pair(~0u << profile->sign_bit, low, high);
}

/* Whether Xen takes an entry as it is and the slot has no rule of its own for it. */
static bool is_plain(const struct cgdt_profile *profile, uint32_t rules, const struct walk *walk)
{
    return profile->plain != 0 && (walk->found & profile->plain) == profile->plain &&
           (walk->owned >> walk->color & 1u) != 0 &&
           ((rules & CGDT_RULE_NULL_ENTRY) == 0 ||
            walk->entry + walk->slot_entries != walk->slot_end);
}

/* To the next entry that is neither zero nor fine at first sight; false: there is none. */
static bool walk_on(const struct cgdt_profile *profile, uint32_t rules, struct walk *walk)
{
    walk->entry++;
    scan_on(profile, rules, walk);
    for (; walk->entry < walk->entries; walk->entry++) {
        walk->found = cgdt_load_descriptor_(&walk->descs[walk->entry]);
        if (walk->found == 0)
            continue;
        for (; walk->entry >= walk->slot_end; walk->slot_end += walk->slot_entries)
            walk->color++;
        if (!is_plain(profile, rules, walk))
            return true;
    }
    return false;
}

/* Whether the entry behind is the second half of this one. */
static bool is_whole(const struct cgdt_profile *profile, struct walk *walk)
{
    if (walk->entry + 1 == walk->slot_end)
        return false;
    walk->pair = cgdt_profile_pair_(profile, walk->found,
                                    cgdt_load_descriptor_(&walk->descs[walk->entry + 1]));
    return walk->pair;
}

/*
 * One entry that is not zero, by all rules that need no more than the entry after it. The profile's
 * come first, since what it refuses is worse than what is merely not zero.
 */
static enum cgdt_reason check_entry(const struct cgdt_profile *profile, uint32_t rules,
                                    struct walk *walk)
{
    enum cgdt_reason reason = cgdt_check_descriptor(profile, walk->found, NULL);

    if (counts(reason, rules))
        return reason;
    reason = CGDT_FINE;
    if (profile->pairs && cgdt_desc_wide64(walk->found) && !is_whole(profile, walk))
        return CGDT_BAD_HIGH_HALF;
    if (!profile->xen)
        reason = check_native_rules(rules, walk->found);
    if (reason != CGDT_FINE)
        return reason;
    if ((walk->owned >> walk->color & 1u) == 0)
        return CGDT_UNOWNED_NOT_ZERO;
    if ((rules & CGDT_RULE_NULL_ENTRY) != 0 && walk->entry + walk->slot_entries == walk->slot_end)
        return CGDT_NULL_NOT_ZERO;
    return CGDT_FINE;
}

/* The first entry that is not fine is where the walk stops. */
static enum cgdt_reason check_slots(const struct cgdt_profile *profile, uint32_t rules,
                                    struct walk *walk)
{
    while (walk_on(profile, rules, walk)) {
        const enum cgdt_reason reason = check_entry(profile, rules, walk);

        if (reason != CGDT_FINE)
            return reason;
        /*
         * A well-formed second half is not a descriptor of its own. Xen looks at it as if it were.
         */
        if (walk->pair) {
            walk->pair = false;
            walk->entry++;
        }
    }
    return CGDT_FINE;
}

enum cgdt_reason cgdt_check_slot(const struct cgdt_profile *profile, uint32_t rules,
                                 const void *desc, uint32_t entries, uint32_t *bad)
{
    /* Nothing scanned: here each entry is loaded once, whatever it is. */
    struct walk walk = {.descs = desc,
                        .entries = entries,
                        .slot_entries = entries,
                        .owned = ~0ull,
                        .entry = (uint32_t)-1,
                        .slot_end = entries};
    const enum cgdt_reason reason = check_slots(profile, rules, &walk);

    if (reason != CGDT_FINE && bad != NULL)
        *bad = walk.entry;
    return reason;
}

enum cgdt_reason cgdt_check_page(const struct cgdt_profile *profile, uint32_t rules,
                                 const void *page, uint32_t slot_entries, uint64_t owned,
                                 struct cgdt_violation *violation)
{
    struct walk walk = {.descs = page,
                        .entries = CGDT_PAGE_ENTRIES,
                        .scanned = CGDT_PAGE_ENTRIES,
                        .slot_entries = slot_entries,
                        .owned = owned,
                        .entry = (uint32_t)-1,
                        .slot_end = slot_entries};
    const enum cgdt_reason reason = check_slots(profile, rules, &walk);

    if (reason != CGDT_FINE && violation != NULL) {
        *violation = (struct cgdt_violation){.color = walk.color,
                                             .entry = walk.entry + slot_entries - walk.slot_end,
                                             .reason = reason,
                                             .effect = cgdt_reason_effect(reason),
                                             .found = walk.found};
        (void)cgdt_check_descriptor(profile, walk.found, &violation->stored);
    }
    return reason;
}
