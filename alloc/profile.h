/* SPDX-License-Identifier: MIT */
/*
 * What sets the profiles apart. Whoever treats one otherwise than another asks here, so that a new
 * profile is a new object in check.c; and one that a program does not name is not linked. Private
 * to alloc/.
 */
#ifndef CGDT_ALLOC_PROFILE_H
#define CGDT_ALLOC_PROFILE_H

#include "cgdt/check.h"

struct cgdt_profile {
    /* The rules for one descriptor; *stored is the descriptor, and becomes its stored form. */
    enum cgdt_reason (*judge)(cgdt_desc_t desc, cgdt_desc_t *stored);
    /*
     * Descriptors with all of these bits set are taken as they are, without a closer look; 0: none
     * are.
     */
    cgdt_desc_t plain;
    bool xen;   /* a hypervisor's rules: it rewrites, and looks at each entry alone */
    bool pairs; /* the CPU finds 16-byte descriptors: both halves must be there */
    bool wide;  /* 16-byte descriptors may be there, and must not be seen torn */
    /* 0: programs that use libcgdt.so have copies of this size (copy relocations). */
    uintptr_t spare;
};

/*
 * A descriptor into its stored form. False: it is refused, or changes again, or is refused, when it
 * is seen again; then *desc has no meaning.
 */
bool cgdt_profile_settle_(const struct cgdt_profile *profile, cgdt_desc_t *desc);

/* Whether a 16-byte descriptor's second half is one that goes with its first. */
bool cgdt_profile_pair_(cgdt_desc_t low, cgdt_desc_t high);

#endif
