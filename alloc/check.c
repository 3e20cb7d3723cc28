/* SPDX-License-Identifier: MIT */
/*
 * The rules of a hypervisor or CPU for descriptors, in the order in which it looks.
 *
 * Xen's are those of check_descriptor(), xen/arch/x86/pv/descriptor-tables.c, and of the macros in
 * xen/arch/x86/include/asm/desc.h; the CPU's are in SDM vol. 3A sections 3.4.5, 3.5 and 5.8.3, 7.2.
 */
#include "cgdt/check.h"
#include "atomic.h"
#include "cgdt/layout.h"
#include "hints.h"
#include "format.h"

/* The one selector of Xen's own that a call gate may name. */
#define XEN_FLAT_KERNEL_CS64 0xe033u
#define XEN_FLAT_KERNEL_CS32 0xe019u

/* Where Xen begins in a 32-bit guest's address space: __HYPERVISOR_COMPAT_VIRT_START, asm/config.h. */
#define XEN_COMPAT_VIRT_START 0xf5800000ull

#define LIMIT_MASK   0x000f00000000ffffull /* the limit field, as it lies in a descriptor */
#define DPL_MASK     CGDT_DESC_DPL(3)
#define HIGH_NONZERO (0x1full << 40) /* bits 12:8 of the fourth dword must be zero (SDM 5.8.3.1) */

struct reason_row {
    enum cgdt_effect effect;
    const char *text;
};

static const struct reason_row reason_rows[] = {
    [CGDT_FINE] = {CGDT_ACCEPTED, "accepted as it is"},
    [CGDT_BAD_SYSTEM_TYPE] =
        {CGDT_REFUSED, "a present system descriptor that is no call gate (a TSS, LDT or other "
                       "gate): Xen refuses the whole page with -EINVAL"},
    [CGDT_BAD_GATE_SELECTOR] = {CGDT_REFUSED,
                                "a call gate into Xen's own segments: Xen refuses the whole "
                                "page with -EINVAL"},
    [CGDT_BAD_GATE_RESERVED] = {CGDT_REFUSED,
                                "a call gate with reserved bits set: Xen refuses the whole "
                                "page with -EINVAL"},
    [CGDT_BAD_LONG_CODE32] = {CGDT_REFUSED,
                              "L = 1 in a 32-bit guest: Xen refuses the whole page with "
                              "-EINVAL"},
    [CGDT_BAD_LONG_AND_BIG] = {CGDT_REFUSED,
                               "code with L = 1 and D = 1: the CPU raises #GP on a load"},
    [CGDT_BAD_RESERVED_TYPE] = {CGDT_REFUSED,
                                "a system type that does not exist in this mode: the CPU "
                                "raises #GP on a load"},
    [CGDT_BAD_GATE_TYPE] = {CGDT_REFUSED,
                            "an interrupt or trap gate, which belongs in the IDT: the CPU "
                            "raises #GP on a load"},
    [CGDT_BAD_HIGH_HALF] = {CGDT_REFUSED,
                            "a 16-byte descriptor without a well-formed second half in its "
                            "slot: the CPU raises #GP on a load"},
    [CGDT_DPL_RAISED] = {CGDT_REWRITTEN,
                         "Xen silently raises the DPL to the guest kernel's (3, or 1 for a "
                         "32-bit guest)"},
    [CGDT_GATE_FORCED] = {CGDT_REWRITTEN,
                          "Xen silently moves a call gate's DPL into its selector's RPL and "
                          "stores DPL 0"},
    [CGDT_LIMIT_RAISED] = {CGDT_REWRITTEN,
                           "Xen silently raises the limit of a flat segment to 4 GiB"},
    [CGDT_ACCESSED_CLEAR] = {CGDT_REFUSED,
                             "the accessed bit is clear: the CPU sets it on the first load, "
                             "a #PF on a read-only page"},
    [CGDT_TSS_BUSY] = {CGDT_REFUSED, "a busy TSS: the CPU raises #GP on LTR"},
    [CGDT_UNOWNED_NOT_ZERO] = {CGDT_HOUSE,
                               "not zero in a slot that nobody owns: the hypervisor takes it, "
                               "but the slot's next owner would not expect it"},
    [CGDT_NULL_NOT_ZERO] = {CGDT_HOUSE,
                            "entry 0 of a slot is not zero: as color 0 of a window it is the "
                            "null descriptor, which no CPU ever fetches"},
    [CGDT_FRAME_TWICE] = {CGDT_REFUSED,
                          "the frame is in the pool at two places: two CPUs would write the "
                          "same slots"},
};

#define REASONS (sizeof(reason_rows) / sizeof(reason_rows[0]))

const char *cgdt_reason_text(enum cgdt_reason reason)
{
    return (size_t)reason < REASONS ? reason_rows[reason].text : "unknown reason";
}

enum cgdt_effect cgdt_reason_effect(enum cgdt_reason reason)
{
    return (size_t)reason < REASONS ? reason_rows[reason].effect : CGDT_REFUSED;
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

static CGDT_INLINE_UNLESS_SMALL_ enum cgdt_reason check_xen(bool pv32, cgdt_desc_t desc, cgdt_desc_t *stored)
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

static CGDT_INLINE_UNLESS_SMALL_ enum cgdt_reason check_native(bool wide, cgdt_desc_t desc)
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
    if (wide && type == 1u) /* what a high half looks like */
        return CGDT_FINE;
    if (((wide ? gates64 : gates32) & type) != 0)
        return CGDT_BAD_GATE_TYPE;
    return ((wide ? allowed64 : allowed32) & type) != 0 ? CGDT_FINE : CGDT_BAD_RESERVED_TYPE;
}

enum cgdt_reason cgdt_check_descriptor(enum cgdt_profile profile, cgdt_desc_t desc,
                                       cgdt_desc_t *stored)
{
    cgdt_desc_t kept = desc;
    const bool xen = profile == CGDT_XEN_PV64 || profile == CGDT_XEN_PV32;
    const enum cgdt_reason reason = xen ? check_xen(profile == CGDT_XEN_PV32, desc, &kept)
                                        : check_native(profile == CGDT_NATIVE64, desc);

    if (stored != NULL)
        *stored = kept;
    return reason;
}

bool cgdt_descriptor_is_kept(enum cgdt_profile profile, cgdt_desc_t desc)
{
    cgdt_desc_t stored;

    if (cgdt_reason_effect(cgdt_check_descriptor(profile, desc, &stored)) == CGDT_REFUSED)
        return false;
    /* Not only the same again: a PV32 gate to Xen's own code, its RPL raised, is refused the next time. */
    return cgdt_check_descriptor(profile, stored, NULL) == CGDT_FINE;
}

/* Native rules that hold only where the CPU reads the page through a read-only mapping. */
static enum cgdt_reason check_read_only(cgdt_desc_t desc)
{
    if (!cgdt_desc_present(desc))
        return CGDT_FINE;
    if ((desc & CGDT_DESC_SEGMENT) != 0)
        return (desc & CGDT_DESC_ACCESSED) == 0 ? CGDT_ACCESSED_CLEAR : CGDT_FINE;
    return cgdt_desc_type(desc) == CGDT_SYS_TSS_BUSY ? CGDT_TSS_BUSY : CGDT_FINE;
}

/* Whether `reason` is to be reported at all. */
static bool counts(enum cgdt_reason reason, uint32_t rules)
{
    return reason != CGDT_FINE && !((rules & CGDT_RULE_REWRITE_IS_OK) != 0 &&
                                    cgdt_reason_effect(reason) == CGDT_REWRITTEN);
}

/* LTR and LLDT of a base that is not canonical for 57-bit addresses raise #GP; of a call gate the call does. */
static bool is_second_half(cgdt_desc_t low, cgdt_desc_t high)
{
    const bool canonical =
        (uint8_t)((high >> 24) + 1) <= 1; /* bits 63:56 of the base: all 0 or all 1 */

    return (high & HIGH_NONZERO) == 0 && (canonical || cgdt_desc_type(low) == CGDT_SYS_CALL_GATE);
}

/* One entry that is not zero, by all rules that need no more than the entry after it. */
static enum cgdt_reason check_entry(enum cgdt_profile profile, uint32_t rules,
                                    const cgdt_desc_t *slot, uint32_t entry, uint32_t entries)
{
    const cgdt_desc_t desc = cgdt_load_descriptor_(&slot[entry]);
    const bool native = profile == CGDT_NATIVE64 || profile == CGDT_NATIVE32;
    enum cgdt_reason reason = cgdt_check_descriptor(profile, desc, NULL);

    if (counts(reason, rules))
        return reason;
    reason = CGDT_FINE;
    if (profile == CGDT_NATIVE64 && cgdt_desc_wide64(desc) &&
        (entry + 1 == entries || !is_second_half(desc, cgdt_load_descriptor_(&slot[entry + 1]))))
        return CGDT_BAD_HIGH_HALF;
    if (native && (rules & CGDT_RULE_READ_ONLY_ALIAS) != 0)
        reason = check_read_only(desc);
    if (reason == CGDT_FINE && entry == 0 && (rules & CGDT_RULE_NULL_ENTRY) != 0)
        return CGDT_NULL_NOT_ZERO;
    return reason;
}

enum cgdt_reason cgdt_check_slot(enum cgdt_profile profile, uint32_t rules, const cgdt_desc_t *desc,
                                 uint32_t entries, uint32_t *bad)
{
    for (uint32_t entry = 0; entry < entries; entry++) {
        const cgdt_desc_t found = cgdt_load_descriptor_(&desc[entry]);

        if (found == 0)
            continue;
        const enum cgdt_reason reason = check_entry(profile, rules, desc, entry, entries);
        if (reason != CGDT_FINE) {
            if (bad != NULL)
                *bad = entry;
            return reason;
        }
        /* A well-formed second half is not a descriptor of its own. Xen looks at it as if it were. */
        if (profile == CGDT_NATIVE64 && cgdt_desc_wide64(found))
            entry++;
    }
    return CGDT_FINE;
}

/* Bits that say that Xen keeps a descriptor as it is: present code or data of ring 3. */
#define PLAIN64 (CGDT_DESC_PRESENT | CGDT_DESC_SEGMENT | CGDT_DESC_DPL(3))

static bool is_plain_or_zero(cgdt_desc_t desc)
{
    return desc == 0 || (desc & PLAIN64) == PLAIN64;
}

/*
 * Whether eight descriptors are all zero or, in an owned slot, PLAIN64. Most groups are all the one, or all the
 * other but for a null entry: what all have in common tells. The second tells which of the two to look for.
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

/* Whether a slot is fine at first sight, as nearly all are. False: it has to be looked at more closely. */
static bool is_plain_slot(enum cgdt_profile profile, const cgdt_desc_t *slot, uint32_t entries,
                          bool owned)
{
    uint32_t entry = 0;

    if (profile != CGDT_XEN_PV64 || cgdt_load_descriptor_(slot) != 0)
        return false;
    while (entry < entries && is_plain_group(slot + entry, owned))
        entry += 8;
    return entry >= entries;
}

/* A slot without an owner: the profile first, since what it refuses is worse than what is merely not zero. */
static CGDT_INLINE_UNLESS_SMALL_ enum cgdt_reason check_unowned(enum cgdt_profile profile, uint32_t rules,
                                                   const cgdt_desc_t *slot, uint32_t entries,
                                                   uint32_t *bad)
{
    for (uint32_t entry = 0; entry < entries; entry++) {
        const cgdt_desc_t desc = cgdt_load_descriptor_(&slot[entry]);

        if (desc == 0)
            continue;
        const enum cgdt_reason reason =
            check_entry(profile, rules & ~CGDT_RULE_NULL_ENTRY, slot, entry, entries);
        *bad = entry;
        return reason != CGDT_FINE ? reason : CGDT_UNOWNED_NOT_ZERO;
    }
    return CGDT_FINE;
}

enum cgdt_reason cgdt_check_page(enum cgdt_profile profile, uint32_t rules, const cgdt_desc_t *page,
                                 uint32_t slot_entries, uint64_t owned,
                                 struct cgdt_violation *violation)
{
    for (uint32_t color = 0; color < CGDT_PAGE_ENTRIES / slot_entries; color++) {
        const cgdt_desc_t *slot = page + (size_t)color * slot_entries;
        const bool is_owned = (owned >> color & 1u) != 0;
        uint32_t bad = 0;

        if (is_plain_slot(profile, slot, slot_entries, is_owned))
            continue;
        const enum cgdt_reason reason =
            is_owned ? cgdt_check_slot(profile, rules, slot, slot_entries, &bad)
                     : check_unowned(profile, rules, slot, slot_entries, &bad);

        if (reason == CGDT_FINE)
            continue;
        if (violation != NULL) {
            *violation = (struct cgdt_violation){.color = color, .entry = bad, .reason = reason};
            violation->effect = cgdt_reason_effect(reason);
            violation->found = cgdt_load_descriptor_(&slot[bad]);
            (void)cgdt_check_descriptor(profile, violation->found, &violation->stored);
        }
        return reason;
    }
    return CGDT_FINE;
}

size_t cgdt_violation_text(const struct cgdt_violation *violation, char *buffer, size_t size)
{
    struct text text = {buffer, size, 0};
    const uint64_t values[] = {violation->window, violation->page, violation->color,
                               violation->entry, violation->found};
    const bool common = violation->page == CGDT_COMMON_POSITION;

    cgdt_format_put_(&text, common ? "window #, common page" : "window #, page #, color #", values);
    cgdt_format_put_(&text, ", entry #: 0x&: ", values + 3);
    cgdt_format_put_(&text, cgdt_reason_text(violation->reason), NULL);
    if (violation->effect == CGDT_REWRITTEN)
        cgdt_format_put_(&text, " (stored: 0x&)", &violation->stored);
    return text.length;
}
