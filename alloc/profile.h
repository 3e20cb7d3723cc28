/* SPDX-License-Identifier: MIT */
/*
 * What sets the profiles apart. Whoever treats one otherwise than another asks here, so that a new
 * profile is a new object in check.c; and one that a program does not name is not linked. Private
 * to alloc/.
 */
#ifndef CGDT_ALLOC_PROFILE_H
#define CGDT_ALLOC_PROFILE_H

#include "cgdt/check.h"

struct scan_rules;

/* Its size stays: programs that use libcgdt.so have copies of it (copy relocations). */
struct cgdt_profile {
    /* The rules for one descriptor; *stored is the descriptor, and becomes its stored form. */
    enum cgdt_reason (*judge)(const struct cgdt_profile *profile, cgdt_desc_t desc,
                              cgdt_desc_t *stored);
    /* Descriptors with all of these bits set are taken as they are, without asking; 0: none are. */
    cgdt_desc_t plain;
    bool xen;   /* a hypervisor's rules: it rewrites, and looks at each entry alone */
    bool pairs; /* the CPU finds 16-byte descriptors: both halves must be there */
    bool wide;  /* 16-byte descriptors may be there, and must not be seen torn */
    /* Bit of a base's upper half that is the highest of a linear address; those above are equal. */
    uint8_t sign_bit;
    uint32_t xen_start;            /* PV32: where Xen's part of the address space begins */
    const struct scan_rules *scan; /* two: as it is, and strict (scan.h); at -Os NULL */
};

/*
 * A descriptor into its stored form. False: it is refused, or changes again, or is refused, when it
 * is seen again; then *desc has no meaning.
 */
bool cgdt_profile_settle_(const struct cgdt_profile *profile, cgdt_desc_t *desc);

/* S and the type: of a 16-byte descriptor's second half they must be zero (SDM vol. 3A 5.8.3.1). */
#define CGDT_PROFILE_HIGH_ZERO_ (0x1full << 40)

/* Whether a 16-byte descriptor's second half is one that goes with its first. */
bool cgdt_profile_pair_(const struct cgdt_profile *profile, cgdt_desc_t low, cgdt_desc_t high);

/*
 * Present, and of the type that no system descriptor has: a second half can look so, and alone it
 * is a descriptor that cannot be loaded.
 */
static inline bool cgdt_profile_lone_half_(cgdt_desc_t desc)
{
    return cgdt_desc_present(desc) && (desc & CGDT_PROFILE_HIGH_ZERO_) == 0;
}

/* Whether the CPU would write the accessed bit when it loads the segment. */
static inline bool cgdt_profile_sets_accessed_(cgdt_desc_t desc)
{
    return (desc & (CGDT_DESC_PRESENT | CGDT_DESC_SEGMENT | CGDT_DESC_ACCESSED)) ==
           (CGDT_DESC_PRESENT | CGDT_DESC_SEGMENT);
}

#endif
