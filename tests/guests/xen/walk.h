/* SPDX-License-Identifier: MIT */
/*
 * vCPU 0 reads all pages back: an own walk from the frames that Xen was given to every descriptor.
 */

#ifndef GUEST_WALK_H
#define GUEST_WALK_H

#include "args.h"
#include "cgdt/cgdt.h"

struct walk {
    uint32_t pages;       /* distinct frames, the common one included */
    uint32_t tables;      /* tables that hold exactly what was meant */
    uint32_t wrong;       /* tables that do not */
    uint32_t first_wrong; /* vCPU */
    uint32_t
        misplaced; /* frame lists, unowned slots, owner bits or the common page that are wrong */
};

void walk_all(const struct args *args, struct cgdt_pool *pool, struct walk *walk);

#endif /* GUEST_WALK_H */
