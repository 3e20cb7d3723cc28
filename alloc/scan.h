/* SPDX-License-Identifier: MIT */
/*
 * The checker's first look: over what is fine, as nearly everything is, by few instructions and no
 * call per descriptor. Where it is not sure it stops, check.c's rules have the word on that one
 * descriptor, and it goes on behind it. Both answer alike; this one only saves time, and is left
 * out where size is what counts. Included by check.c alone.
 *
 * Eight descriptors are looked at together: all zero, none present, all of the plainest kind, none
 * of a class that has more rules. Only then one by one. A test of all eight that fails has loaded
 * them in vain: whatever is taken for fine is so by one load of it, be it the first or a later one.
 */
#ifndef CGDT_ALLOC_SCAN_H
#define CGDT_ALLOC_SCAN_H

#include "atomic.h"
#include "cgdt/check.h"
#include "cgdt/layout.h"
#include "hints.h"
#include "profile.h"

/*
 * A walk over slots that others may be changing: each entry is loaded once, so that what is judged
 * is what is reported.
 */
struct walk {
    const cgdt_desc_t *descs;
    uint32_t entries;      /* of all slots */
    uint32_t scanned;      /* up to here the first look goes, a multiple of SCAN_GROUP */
    uint32_t slot_entries; /* of each slot */
    uint64_t owned;        /* bit c: the slot of color c has an owner */
    uint32_t entry;        /* which one is looked at */
    uint32_t slot_end;     /* of the slot that it is in */
    uint32_t color;        /* of that slot */
    bool pair;             /* the entry behind is its second half */
    cgdt_desc_t found;
};

#define DPL_MASK   CGDT_DESC_DPL(3)
#define TYPE_MASK  (0xfull << 40)
#define LIMIT_MASK 0x000f00000000ffffull /* the limit field, as it lies in a descriptor */
#define BASE_MASK  0xff0000ffffff0000ull /* the base's */

/* What a descriptor of Xen's has that is taken as it is: present code and data of ring 3. */
#define PLAIN64 (CGDT_DESC_PRESENT | CGDT_DESC_SEGMENT | DPL_MASK)

/* The one selector of Xen's own that a call gate may name. */
#define XEN_FLAT_KERNEL_CS64 0xe033u
#define XEN_FLAT_KERNEL_CS32 0xe019u

/* Wherever Xen begins in a 32-bit guest's address space, the highest four bits of it are these. */
#define XEN_COMPAT_LIMIT_HIGH ((uint64_t)(CGDT_XEN_PV32_START >> 28) << 48)

/* Bit t: system type t may stand in a GDT (SDM vol. 3A table 3-2, the two columns). */
#define NATIVE64_TYPES (1u << 2 | 1u << 9 | 1u << 0xb | 1u << 0xc)
#define NATIVE32_TYPES (NATIVE64_TYPES | 1u << 1 | 1u << 3 | 1u << 4 | 1u << 5)

/* Whether a call gate with this low half would lead into the hypervisor. */
static CGDT_INLINE_UNLESS_SMALL_ bool leads_into_xen(uint32_t low, uint32_t flat)
{
    const uint32_t selector = low >> 16;

    return selector >= CGDT_XEN_RESERVED_ENTRY * 8 && (selector & 4u) == 0 && selector != flat;
}

/* Whether it begins at 0 and reaches into Xen's part, which is in the limit's highest sixteenth. */
static CGDT_INLINE_UNLESS_SMALL_ bool is_flat_over_xen(uint32_t xen_start, cgdt_desc_t desc)
{
    const uint64_t top = CGDT_DESC_GRANULAR | XEN_COMPAT_LIMIT_HIGH;

    return (desc & (BASE_MASK | top)) == top && (desc & 0xffffu) >= (xen_start >> 12 & 0xffffu);
}

/*
 * Whether a 16-byte descriptor's second half goes with its first. LTR and LLDT of a base that is
 * not canonical raise #GP; of a call gate the call does. Canonical: the bits of `upper` in the
 * base's upper half are equal.
 */
static CGDT_INLINE_UNLESS_SMALL_ bool is_pair(uint32_t upper, cgdt_desc_t low, cgdt_desc_t high)
{
    const uint32_t top = (uint32_t)high & upper;

    return (high & CGDT_PROFILE_HIGH_ZERO_) == 0 &&
           (CGDT_LIKELY_(top == upper) || top == 0 || cgdt_desc_type(low) == CGDT_SYS_CALL_GATE);
}

#ifdef __OPTIMIZE_SIZE__

#define SCAN_RULES_(rules) NULL

static inline void scan_on(const struct cgdt_profile *profile, uint32_t rules, struct walk *walk)
{
    (void)profile;
    (void)rules;
    (void)walk;
}

#else

#define SCAN_RULES_(rules) (rules)

/* Descriptors: the smallest slot, and a line of the cache. */
#define SCAN_GROUP         8u

/* A loop apart from its callers, and always at the same place in its lines. */
#define SCAN_LOOP_         __attribute__((__noinline__, __aligned__(64)))

/* Classes of descriptors that are present, by the access byte, bits 47:40; the others have none. */
enum scan_class {
    SCAN_LOW = 1 << 0,     /* code or data of DPL 0 to 2 */
    SCAN_CLEAR = 1 << 1,   /* code or data whose accessed bit is clear */
    SCAN_NO_TYPE = 1 << 2, /* system descriptor of type 0 */
    SCAN_SYSTEM = 1 << 3,  /* of another type */
    SCAN_NOT_32 = 1 << 4,  /* of one that 32-bit mode does not have in a GDT */
    SCAN_BUSY = 1 << 5,    /* a busy TSS */
    SCAN_SEGMENT = 1 << 6, /* code or data */
};

/* Types 0 to 15 of system descriptors (SDM vol. 3A table 3-2), and of code and data. */
#define SCAN_BAD_          (SCAN_SYSTEM | SCAN_NOT_32)
#define SCAN_SYSTEMS_                                                                              \
    SCAN_NO_TYPE, SCAN_SYSTEM, SCAN_SYSTEM, SCAN_SYSTEM | SCAN_BUSY, SCAN_SYSTEM, SCAN_SYSTEM,     \
        SCAN_BAD_, SCAN_BAD_, SCAN_BAD_, SCAN_SYSTEM, SCAN_BAD_, SCAN_SYSTEM | SCAN_BUSY,          \
        SCAN_SYSTEM, SCAN_BAD_, SCAN_BAD_, SCAN_BAD_
#define SCAN_4_(low)        (low) | SCAN_CLEAR, (low), (low) | SCAN_CLEAR, (low)
#define SCAN_SEGMENTS_(low) SCAN_4_(low), SCAN_4_(low), SCAN_4_(low), SCAN_4_(low)

static const uint8_t scan_classes[256] = {
    [0x80] = SCAN_SYSTEMS_, SCAN_SEGMENTS_(SCAN_SEGMENT | SCAN_LOW), /* DPL 0 */
    [0xa0] = SCAN_SYSTEMS_, SCAN_SEGMENTS_(SCAN_SEGMENT | SCAN_LOW), /* 1 */
    [0xc0] = SCAN_SYSTEMS_, SCAN_SEGMENTS_(SCAN_SEGMENT | SCAN_LOW), /* 2 */
    [0xe0] = SCAN_SYSTEMS_, SCAN_SEGMENTS_(SCAN_SEGMENT),            /* 3 */
};

/* A profile's, as the loops ask for them: each of its own to be linked with it. */
struct scan_rules {
    cgdt_desc_t plain; /* what has all of these is fine; 0: nothing is, and look is 0, too */
    cgdt_desc_t odd;   /* where plain is 0: code or data that has all of these is not */
    /* A call gate that Xen takes: what of these bits it has; and the flat selector of Xen's. */
    cgdt_desc_t gate_bits;
    cgdt_desc_t gate;
    uint32_t flat;
    uint8_t look; /* classes that have more rules */
};

/* A rule that asks for more of code and data: of Xen's, that they be in the form that it keeps. */
static CGDT_FAST_ bool scan_is_strict(const struct cgdt_profile *profile, uint32_t rules)
{
    return profile->xen ? (rules & CGDT_RULE_REWRITE_IS_OK) == 0
                        : (rules & CGDT_RULE_READ_ONLY_ALIAS) != 0;
}

#define SCAN_PLAIN_ (CGDT_DESC_PRESENT | CGDT_DESC_SEGMENT)
#define SCAN_GATE_  (CGDT_DESC_PRESENT | (uint64_t)CGDT_SYS_CALL_GATE << 40)
#define SCAN_GATE_BITS_(reserved)                                                                  \
    (CGDT_DESC_PRESENT | CGDT_DESC_SEGMENT | TYPE_MASK | (uint64_t)(reserved) << 32)
#define SCAN_RPL_(rpl) ((uint64_t)(rpl) << 16)

/* Each twice: as it is, and strict. */
static const struct scan_rules scan_pv64[] = {
    {.plain = SCAN_PLAIN_,
     .gate_bits = SCAN_GATE_BITS_(0xff),
     .gate = SCAN_GATE_,
     .flat = XEN_FLAT_KERNEL_CS64,
     .look = SCAN_SYSTEM},
    {.plain = PLAIN64,
     .gate_bits = SCAN_GATE_BITS_(0xff) | DPL_MASK | SCAN_RPL_(3),
     .gate = SCAN_GATE_ | SCAN_RPL_(3),
     .flat = XEN_FLAT_KERNEL_CS64,
     .look = SCAN_SYSTEM | SCAN_LOW},
};
static const struct scan_rules scan_pv32[] = {
    {.odd = CGDT_DESC_LONG,
     .gate_bits = SCAN_GATE_BITS_(0xe0),
     .gate = SCAN_GATE_,
     .flat = XEN_FLAT_KERNEL_CS32},
    {.odd = CGDT_DESC_LONG,
     .gate_bits = SCAN_GATE_BITS_(0xe0) | DPL_MASK | SCAN_RPL_(3),
     .gate = SCAN_GATE_ | SCAN_RPL_(1),
     .flat = XEN_FLAT_KERNEL_CS32},
};
static const struct scan_rules scan_native64[] = {
    {.odd = CGDT_DESC_CODE | CGDT_DESC_LONG | CGDT_DESC_DB},
    {.odd = CGDT_DESC_CODE | CGDT_DESC_LONG | CGDT_DESC_DB},
};
static const struct scan_rules scan_native32[] = {
    {.plain = SCAN_PLAIN_, .look = SCAN_NO_TYPE | SCAN_NOT_32},
    {.plain = SCAN_PLAIN_ | CGDT_DESC_ACCESSED, .look = SCAN_NO_TYPE | SCAN_NOT_32 | SCAN_CLEAR},
};

/*
 * A descriptor of a page that others may be changing, or-ed or and-ed into what is gathered, and
 * its access byte alone. Made of the one load in atomic.h, but where the machine has better and
 * that load is not somebody else's: of an atomic load compilers make an instruction of its own.
 */
#if defined(__x86_64__) && !defined(CGDT_ATOMIC_HEADER)
#define SCAN_BY_OPERAND_
#endif

static inline cgdt_desc_t scan_or(cgdt_desc_t gathered, const cgdt_desc_t *from)
{
#ifdef SCAN_BY_OPERAND_
    __asm__ volatile("or{q %1, %0| %0, %1}" : "+r"(gathered) : "m"(*from) : "cc");
    return gathered;
#else
    return gathered | cgdt_load_descriptor_(from);
#endif
}

static inline cgdt_desc_t scan_and(cgdt_desc_t gathered, const cgdt_desc_t *from)
{
#ifdef SCAN_BY_OPERAND_
    __asm__ volatile("and{q %1, %0| %0, %1}" : "+r"(gathered) : "m"(*from) : "cc");
    return gathered;
#else
    return gathered & cgdt_load_descriptor_(from);
#endif
}

static inline uint8_t scan_access(const cgdt_desc_t *from)
{
#if defined(SCAN_BY_OPERAND_) && defined(__clang__)
    return *((const volatile uint8_t *)from + 5);
#elif defined(SCAN_BY_OPERAND_)
    return __atomic_load_n((const uint8_t *)from + 5, __ATOMIC_RELAXED);
#else
    return (uint8_t)(cgdt_load_descriptor_(from) >> 40);
#endif
}

/* Where a scan is. */
struct scan {
    const cgdt_desc_t *end;
    const cgdt_desc_t *slot_end; /* up to here its slot has been looked at */
    size_t slot_entries;
    uint64_t owned; /* bit 0: that slot has an owner */
    bool null_entry;
};

/* Where all slots have owners and entry 0 is like the others, they need not be looked at. */
static CGDT_FAST_ struct scan scan_of(const struct walk *walk, uint32_t rules)
{
    const bool null_entry = (rules & CGDT_RULE_NULL_ENTRY) != 0;
    const cgdt_desc_t *const end = walk->descs + walk->scanned;

    return (struct scan){.end = end,
                         .slot_end = walk->owned == ~0ull && !null_entry ? end : walk->descs,
                         .slot_entries = walk->slot_entries,
                         .owned = walk->owned << 1 | walk->owned >> 63,
                         .null_entry = null_entry};
}

/* Into the slot that a group is in. False: it is nobody's, or entry 0 is not zero and has to be. */
static CGDT_FAST_ bool scan_enter(struct scan *scan, const cgdt_desc_t *group)
{
    do {
        scan->slot_end += scan->slot_entries;
        scan->owned = scan->owned >> 1 | scan->owned << 63;
    } while (group >= scan->slot_end);
    return (scan->owned & 1) != 0 &&
           (!scan->null_entry || group + scan->slot_entries != scan->slot_end ||
            cgdt_load_descriptor_(group) == 0);
}

/* What any of a group's third to last has, or `any` has. */
static CGDT_FAST_ cgdt_desc_t scan_any(const cgdt_desc_t *group, cgdt_desc_t any)
{
    CGDT_UNROLL_
    for (uint32_t i = 2; i < SCAN_GROUP; i++)
        any = scan_or(any, &group[i]);
    return any;
}

/* What all of a group have, but for entry 0 if it is zero. */
static CGDT_FAST_ cgdt_desc_t scan_all(const cgdt_desc_t *group)
{
    const cgdt_desc_t first = cgdt_load_descriptor_(group);
    cgdt_desc_t all = first != 0 ? first : ~0ull;

    CGDT_UNROLL_
    for (uint32_t i = 1; i < SCAN_GROUP; i++)
        all = scan_and(all, &group[i]);
    return all;
}

static CGDT_FAST_ unsigned scan_class(const cgdt_desc_t *desc)
{
    return scan_classes[scan_access(desc)];
}

/* The classes in a group's halves; `second`: its second is looked at, too. */
struct scan_seen {
    unsigned low;
    unsigned high;
};

static CGDT_FAST_ struct scan_seen scan_see(const cgdt_desc_t *group, bool second)
{
    unsigned low = scan_class(&group[0]) | scan_class(&group[2]) | scan_class(&group[3]);
    const unsigned high = scan_class(&group[4]) | scan_class(&group[5]) | scan_class(&group[6]) |
                          scan_class(&group[7]);

    if (second)
        low |= scan_class(&group[1]);
    return (struct scan_seen){low, high};
}

/* Xen's rules for a descriptor that is present and neither code nor data. */
static CGDT_FAST_ bool scan_gate(const struct scan_rules *its, cgdt_desc_t desc)
{
    if (CGDT_LIKELY_((desc & its->gate_bits) == its->gate))
        return !leads_into_xen((uint32_t)desc, its->flat);
    return (desc & TYPE_MASK) == 0;
}

/* Whether all from `next` on, some of them call gates, are fine by a 64-bit guest's rules. */
static CGDT_FAST_ bool scan_gates(const struct scan_rules *its, bool strict,
                                  const cgdt_desc_t *next, const cgdt_desc_t *end)
{
    do {
        const cgdt_desc_t desc = cgdt_load_descriptor_(next);

        if (!cgdt_desc_present(desc))
            continue;
        if (CGDT_LIKELY_((desc & CGDT_DESC_SEGMENT) == 0) ? !scan_gate(its, desc)
                                                          : strict && (~desc & DPL_MASK) != 0)
            return false;
    } while (++next != end);
    return true;
}

/*
 * By classes: where all that is present and of the right ring is fine, but for system descriptors.
 * Returns the group at which check.c goes on, or the end.
 */
static SCAN_LOOP_ const cgdt_desc_t *scan_classed(const struct cgdt_profile *profile,
                                                  uint32_t rules, const struct walk *walk)
{
    const bool strict = scan_is_strict(profile, rules);
    const struct scan_rules *const its = &profile->scan[strict];
    const cgdt_desc_t plain = its->plain;
    const bool busy = !profile->xen && (rules & CGDT_RULE_NO_BUSY_TSS) != 0;
    const unsigned look = its->look | (busy ? SCAN_BUSY : 0u);
    struct scan scan = scan_of(walk, rules);
    const cgdt_desc_t *group = walk->descs + walk->entry;

    for (; group != scan.end; group += SCAN_GROUP) {
        cgdt_desc_t any = cgdt_load_descriptor_(&group[1]);
        const bool dense = cgdt_desc_present(any);

        if (CGDT_LIKELY_(!dense)) {
            any = scan_any(group, scan_or(any, group));
            if (CGDT_LIKELY_(any == 0))
                continue;
        }
        if (group >= scan.slot_end && !scan_enter(&scan, group))
            break;
        if (dense ? CGDT_LIKELY_((scan_all(group) & plain) == plain) : !cgdt_desc_present(any))
            continue;
        bool second = dense;
        bool more;
        do {
            const struct scan_seen seen = scan_see(group, second);

            if (!CGDT_LIKELY_(((seen.low | seen.high) & look) == 0) &&
                (!profile->xen ||
                 !scan_gates(its, strict, (seen.low & look) != 0 ? group : group + 4,
                             (seen.high & look) != 0 ? group + 8 : group + 4)))
                return group;
            /* Where few are present they are so in the groups behind, too: not all zero. */
            more = !dense && (seen.low | seen.high) != 0 && group + SCAN_GROUP < scan.slot_end;
            if (more)
                group += SCAN_GROUP;
            second = true;
        } while (more);
    }
    return group;
}

/* Code or data that is present, by the rules that one of its kind alone is subject to. */
static CGDT_FAST_ bool scan_segment(const struct cgdt_profile *profile,
                                    const struct scan_rules *its, bool strict, cgdt_desc_t desc)
{
    if ((desc & its->odd) == its->odd)
        return false;
    if (!strict)
        return true;
    if (!profile->xen)
        return (desc & CGDT_DESC_ACCESSED) != 0;
    return (desc & DPL_MASK) != 0 &&
           (!is_flat_over_xen(profile->xen_start, desc) || (~desc & LIMIT_MASK) == 0);
}

/*
 * The CPU's rules for one that is present and neither code nor data, and its second half behind it:
 * which must not lie in another slot.
 */
static CGDT_FAST_ bool scan_pair(const struct walk *walk, uint32_t rules, uint32_t upper,
                                 cgdt_desc_t low, const cgdt_desc_t *behind,
                                 const cgdt_desc_t *stop)
{
    return (NATIVE64_TYPES >> (low >> 40 & 31u) & 1u) != 0 &&
           ((rules & CGDT_RULE_NO_BUSY_TSS) == 0 || (cgdt_desc_type(low) & 7u) != 3) &&
           (behind != stop || (uint32_t)(stop - walk->descs) % walk->slot_entries != 0) &&
           is_pair(upper, low, cgdt_load_descriptor_(behind));
}

/*
 * One by one: where code and data have rules beyond those of their class. Returns the first entry
 * that is not known to be fine, or the first of the slot at which it stopped, or the end.
 */
static SCAN_LOOP_ const cgdt_desc_t *scan_each(const struct cgdt_profile *profile, uint32_t rules,
                                               const struct walk *walk)
{
    const bool xen = profile->xen;
    const bool strict = scan_is_strict(profile, rules);
    const struct scan_rules *const its = &profile->scan[strict];
    const uint32_t upper = ~0u << profile->sign_bit;
    struct scan scan = scan_of(walk, rules);
    const cgdt_desc_t *group = walk->descs + walk->entry;
    const cgdt_desc_t *next = group; /* a second half may reach into a group */

    for (; group != scan.end; group += SCAN_GROUP) {
        cgdt_desc_t any = scan_or(cgdt_load_descriptor_(&group[1]), group);
        const cgdt_desc_t *const stop = group + SCAN_GROUP;
        const bool dense = cgdt_desc_present(any);

        if (CGDT_LIKELY_(!dense)) {
            any = scan_any(group, any);
            if (CGDT_LIKELY_(any == 0))
                continue;
        }
        if (group >= scan.slot_end && !scan_enter(&scan, group))
            break;
        if (!cgdt_desc_present(any))
            continue;
        if (next < (dense ? group : group + 2))
            next = dense ? group : group + 2;
        do {
            const cgdt_desc_t desc = cgdt_load_descriptor_(next);

            if (CGDT_LIKELY_(!cgdt_desc_present(desc)))
                continue;
            if (CGDT_LIKELY_((desc & CGDT_DESC_SEGMENT) != 0)) {
                if (!scan_segment(profile, its, strict, desc))
                    return next;
            } else if (CGDT_LIKELY_(!xen)) {
                if (!scan_pair(walk, rules, upper, desc, next + 1, stop))
                    return next;
                next++;
            } else if (!scan_gate(its, desc)) {
                return next;
            }
        } while (++next < stop);
    }
    return group;
}

/* walk->entry to the next that is not known to be fine. */
static inline void scan_on(const struct cgdt_profile *profile, uint32_t rules, struct walk *walk)
{
    const cgdt_desc_t *at;

    if (walk->entry % SCAN_GROUP != 0 || walk->entry >= walk->scanned)
        return;
    at = profile->scan->plain != 0 ? scan_classed(profile, rules, walk)
                                   : scan_each(profile, rules, walk);
    walk->entry = (uint32_t)(at - walk->descs);
}

#endif
#endif
