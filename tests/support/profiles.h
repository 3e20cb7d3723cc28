/* SPDX-License-Identifier: MIT */
/* The profiles, for tests that go through all of them. */
#ifndef CGDT_TEST_PROFILES_H
#define CGDT_TEST_PROFILES_H

#include "cgdt/check.h"

#define PROFILES 5

/* Xen's first. */
static inline const struct cgdt_profile *nth_profile(unsigned n)
{
    const struct cgdt_profile *const profiles[PROFILES] = {
        CGDT_PROFILE_XEN_PV64, CGDT_PROFILE_XEN_PV32, CGDT_PROFILE_NATIVE64, CGDT_PROFILE_NATIVE32,
        CGDT_PROFILE_NATIVE64_LA48};

    return profiles[n % PROFILES];
}

#endif
