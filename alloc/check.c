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

/* The one selector of Xen's own that a call gate may name. */
#define XEN_FLAT_KERNEL_CS64 0xe033u
#define XEN_FLAT_KERNEL_CS32 0xe019u

/*
 * Where Xen begins in a 32-bit guest's address space: __HYPERVISOR_COMPAT_VIRT_START, asm/config.h.
 * A dom0 may have asked for another place.
 */
#define XEN_COMPAT_VIRT_START 0xf5800000ull

#define LIMIT_MASK 0x000f00000000ffffull /* the limit field, as it lies in a descriptor */
#define DPL_MASK   CGDT_DESC_DPL(3)

/* What a descriptor of Xen's has that is taken as it is: present code and data of ring 3. */
#define PLAIN64 (CGDT_DESC_PRESENT | CGDT_DESC_SEGMENT | CGDT_DESC_DPL(3))

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
    const uint32_t selector = (uint32_t)(desc >> 16) & 0xffffu;
    const uint64_t reserved = (pv32 ? 0xe0ull : 0xffull) << 32;

    if (selector >> 3 >= CGDT_XEN_RESERVED_ENTRY && (selector & 4u) == 0 &&
        selector != (pv32 ? XEN_FLAT_KERNEL_CS32 : XEN_FLAT_KERNEL_CS64))
        return CGDT_BAD_GATE_SELECTOR;
    if ((desc & reserved) != 0)
        return CGDT_BAD_GATE_RESERVED;
    *stored = (desc & ~DPL_MASK & ~(3ull << 16)) | (uint64_t)dpl << 16;
    return *stored == desc ? CGDT_FINE : CGDT_GATE_FORCED;
}

static bool is_flat_over_xen(cgdt_desc_t desc)
{
    const uint64_t field = (desc & 0xffffu) | (desc >> 32 & 0xf0000u);
    const uint64_t limit_bytes = (field + 1) << ((desc & CGDT_DESC_GRANULAR) != 0 ? 12 : 0);
    const uint64_t base = (desc >> 16 & 0xffffffu) | (desc >> 56);

    return base == 0 && limit_bytes > XEN_COMPAT_VIRT_START;
}

static CGDT_INLINE_UNLESS_SMALL_ enum cgdt_reason check_xen(bool pv32, cgdt_desc_t desc,
                                                            cgdt_desc_t *stored)
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
    if (pv32 && is_flat_over_xen(desc))
        *stored |= LIMIT_MASK;
    const bool limit_raised = *stored != desc;
    *stored = (*stored & ~DPL_MASK) | CGDT_DESC_DPL(dpl);
    if ((*stored & DPL_MASK) != (desc & DPL_MASK))
        return CGDT_DPL_RAISED;
    return limit_raised ? CGDT_LIMIT_RAISED : CGDT_FINE;
}

static inline enum cgdt_reason check_native(bool wide, cgdt_desc_t desc)
{
    /* Bit t: system type t may stand in a GDT (SDM vol. 3A table 3-2, the two columns). */
    const unsigned allowed64 = 1u << 2 | 1u << 9 | 1u << 0xb | 1u << 0xc;
    const unsigned allowed32 = allowed64 | 1u << 1 | 1u << 3 | 1u << 4 | 1u << 5;
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
    return ((wide ? allowed64 : allowed32) & type) != 0 ? CGDT_FINE : CGDT_BAD_RESERVED_TYPE;
}

static enum cgdt_reason judge_xen_pv64(cgdt_desc_t desc, cgdt_desc_t *stored)
{
    return check_xen(false, desc, stored);
}

static enum cgdt_reason judge_xen_pv32(cgdt_desc_t desc, cgdt_desc_t *stored)
{
    return check_xen(true, desc, stored);
}

static enum cgdt_reason judge_native64(cgdt_desc_t desc, cgdt_desc_t *stored)
{
    (void)stored;
    return check_native(true, desc);
}

static enum cgdt_reason judge_native32(cgdt_desc_t desc, cgdt_desc_t *stored)
{
    (void)stored;
    return check_native(false, desc);
}

const struct cgdt_profile cgdt_profile_xen_pv64 = {
    .judge = judge_xen_pv64, .plain = PLAIN64, .xen = true, .wide = true};
const struct cgdt_profile cgdt_profile_xen_pv32 = {.judge = judge_xen_pv32, .xen = true};
/* The upper half of a base begins at bit 32: of 57 or 48 bits, the highest is its bit 24 or 15. */
const struct cgdt_profile cgdt_profile_native64 = {
    .judge = judge_native64, .pairs = true, .wide = true, .sign_bit = 57 - 1 - 32};
const struct cgdt_profile cgdt_profile_native64_la48 = {
    .judge = judge_native64, .pairs = true, .wide = true, .sign_bit = 48 - 1 - 32};
const struct cgdt_profile cgdt_profile_native32 = {.judge = judge_native32};

enum cgdt_reason cgdt_check_descriptor(const struct cgdt_profile *profile, cgdt_desc_t desc,
                                       cgdt_desc_t *stored)
{
    cgdt_desc_t becomes = desc;
    const enum cgdt_reason reason = profile->judge(desc, &becomes);

    if (stored != NULL)
        *stored = becomes;
    return reason;
}

CGDT_COMPACT_ bool cgdt_profile_settle_(const struct cgdt_profile *profile, cgdt_desc_t *desc)
{
    const enum cgdt_reason first = profile->judge(*desc, desc);

    if (cgdt_reason_effect(first) == CGDT_REFUSED)
        return false;
    /*
     * Not only the same again: a PV32 gate to Xen's own code, its RPL raised, is refused the next
     * time.
     */
    return first == CGDT_FINE || profile->judge(*desc, desc) == CGDT_FINE;
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

/* LTR and LLDT of a base that is not canonical raise #GP; of a call gate the call does. */
CGDT_COMPACT_ bool cgdt_profile_pair_(const struct cgdt_profile *profile, cgdt_desc_t low,
                                      cgdt_desc_t high)
{
    const uint32_t top = (uint32_t)high >> profile->sign_bit;
    const bool canonical = top == 0 || top == 0xffffffffu >> profile->sign_bit;

    return (high & CGDT_PROFILE_HIGH_ZERO_) == 0 &&
           (canonical || cgdt_desc_type(low) == CGDT_SYS_CALL_GATE);
}

/*
 * A walk over a slot that others may be changing: each entry is loaded once, so that what is judged
 * is what is reported.
 */
struct walk {
    const cgdt_desc_t *slot;
    uint32_t entries;
    uint32_t entry; /* which one is looked at */
    cgdt_desc_t found;
    bool pair; /* the entry behind is its second half */
};

/* To the next entry that is not zero; false: there is none. */
static bool walk_on(struct walk *walk)
{
    for (walk->entry++; walk->entry < walk->entries; walk->entry++) {
        walk->found = cgdt_load_descriptor_(&walk->slot[walk->entry]);
        if (walk->found != 0)
            return true;
    }
    return false;
}

static struct walk walk_of(const cgdt_desc_t *slot, uint32_t entries)
{
    return (struct walk){.slot = slot, .entries = entries, .entry = (uint32_t)-1};
}

/* Whether the entry behind is the second half of this one. */
static bool is_whole(const struct cgdt_profile *profile, struct walk *walk)
{
    if (walk->entry + 1 == walk->entries)
        return false;
    walk->pair = cgdt_profile_pair_(profile, walk->found,
                                    cgdt_load_descriptor_(&walk->slot[walk->entry + 1]));
    return walk->pair;
}

/* One entry that is not zero, by all rules that need no more than the entry after it. */
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
    if (reason == CGDT_FINE && walk->entry == 0 && (rules & CGDT_RULE_NULL_ENTRY) != 0)
        return CGDT_NULL_NOT_ZERO;
    return reason;
}

/* The first entry that is not fine is where the walk stops. */
static enum cgdt_reason check_owned(const struct cgdt_profile *profile, uint32_t rules,
                                    struct walk *walk)
{
    while (walk_on(walk)) {
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
    struct walk walk = walk_of(desc, entries);
    const enum cgdt_reason reason = check_owned(profile, rules, &walk);

    if (reason != CGDT_FINE && bad != NULL)
        *bad = walk.entry;
    return reason;
}

static bool is_plain_or_zero(cgdt_desc_t desc)
{
    return desc == 0 || (desc & PLAIN64) == PLAIN64;
}

/*
 * Whether eight descriptors are all zero or, in an owned slot, PLAIN64. Most groups are all the
 * one, or all the other but for a null entry: what all have in common tells. The second tells which
 * of the two to look for.
 */
static bool is_plain_group(const cgdt_desc_t *group, bool owned)
{
    const cgdt_desc_t first = cgdt_load_descriptor_(group);
    cgdt_desc_t gathered = cgdt_load_descriptor_(&group[1]);
    bool fine = owned;

    if (gathered == 0) {
        CGDT_UNROLL_
        for (uint32_t i = 2; i < 8; i++)
            gathered |= cgdt_load_descriptor_(&group[i]);
        if ((gathered | first) == 0)
            return true;
    } else if (owned) {
        gathered &= first != 0 ? first : PLAIN64;
        CGDT_UNROLL_
        for (uint32_t i = 2; i < 8; i++)
            gathered &= cgdt_load_descriptor_(&group[i]);
        if ((gathered & PLAIN64) == PLAIN64)
            return true;
    }
    for (uint32_t i = 0; i < 8 && fine; i++)
        fine = is_plain_or_zero(cgdt_load_descriptor_(&group[i]));
    return fine;
}

/*
 * Whether a slot is fine at first sight, as nearly all are. False: it has to be looked at more
 * closely.
 */
static bool is_plain_slot(const struct cgdt_profile *profile, const cgdt_desc_t *slot,
                          uint32_t entries, bool owned)
{
    uint32_t entry = 0;

    if (profile->plain != PLAIN64 || cgdt_load_descriptor_(slot) != 0)
        return false;
    while (entry < entries && is_plain_group(slot + entry, owned))
        entry += 8;
    return entry >= entries;
}

/*
 * A slot without an owner: the profile first, since what it refuses is worse than what is merely
 * not zero.
 */
static enum cgdt_reason check_unowned(const struct cgdt_profile *profile, uint32_t rules,
                                      struct walk *walk)
{
    if (!walk_on(walk))
        return CGDT_FINE;
    const enum cgdt_reason reason = check_entry(profile, rules & ~CGDT_RULE_NULL_ENTRY, walk);
    return reason != CGDT_FINE ? reason : CGDT_UNOWNED_NOT_ZERO;
}

enum cgdt_reason cgdt_check_page(const struct cgdt_profile *profile, uint32_t rules,
                                 const void *page, uint32_t slot_entries, uint64_t owned,
                                 struct cgdt_violation *violation)
{
    for (uint32_t color = 0; color < CGDT_PAGE_ENTRIES / slot_entries; color++) {
        const cgdt_desc_t *slot = (const cgdt_desc_t *)page + (size_t)color * slot_entries;
        const bool is_owned = (owned >> color & 1u) != 0;
        struct walk walk = walk_of(slot, slot_entries);

        if (is_plain_slot(profile, slot, slot_entries, is_owned))
            continue;
        const enum cgdt_reason reason =
            is_owned ? check_owned(profile, rules, &walk) : check_unowned(profile, rules, &walk);

        if (reason == CGDT_FINE)
            continue;
        if (violation != NULL) {
            *violation = (struct cgdt_violation){.color = color,
                                                 .entry = walk.entry,
                                                 .reason = reason,
                                                 .effect = cgdt_reason_effect(reason),
                                                 .found = walk.found};
            (void)cgdt_check_descriptor(profile, walk.found, &violation->stored);
        }
        return reason;
    }
    return CGDT_FINE;
}
