/* SPDX-License-Identifier: MIT */
/*
 * A 32-bit guest's profile for a domain in which Xen begins elsewhere. Apart from check.c, so that
 * only who calls it has it. Must not know of pools.
 */
#include "cgdt/check.h"
#include "profile.h"

_Static_assert(sizeof(struct cgdt_profile) <= sizeof(struct cgdt_profile_room),
               "a profile must fit into its room");
_Static_assert(_Alignof(struct cgdt_profile) <= _Alignof(struct cgdt_profile_room),
               "a profile must be aligned in its room");

const struct cgdt_profile *cgdt_profile_xen_pv32_from(struct cgdt_profile_room *room,
                                                      uint32_t xen_start)
{
    struct cgdt_profile *profile = (void *)room;

    if (xen_start < CGDT_XEN_PV32_START || xen_start % 4096 != 0)
        return NULL;
    *profile = cgdt_profile_xen_pv32;
    profile->xen_start = xen_start;
    return profile;
}
