/* SPDX-License-Identifier: MIT */
/*
 * The pool whose port operations fail one by one: of every layout, partly taken, with holes.
 */
#ifndef CGDT_TESTS_FAULT_POOL_H
#define CGDT_TESTS_FAULT_POOL_H

#include "fixture.h"

#define FAULT_CODE  (-4321) /* a hypervisor's own: must come through as it is */
#define FAULT_SLOTS 64

enum fault_layout {
    ONE_PAGE, /* windows of one page */
    THREE,    /* windows of three pages, the last one shorter */
    COMMON,   /* windows of two behind a common page */
    NATIVE,   /* LGDT */
    LAYOUTS,
};

extern const char *const fault_layout_names[LAYOUTS];

/* What fault_pool_open() leaves taken; CGDT_NO_SLOT: freed again. [0] is CPU 9's. */
extern cgdt_slot_t fault_owned[FAULT_SLOTS];

/*
 * 64 slots of 8 pages, 41 taken at first, then holes, and two CPUs online, of which number 40 is
 * alone on its page; nothing fails yet.
 */
void fault_pool_open(struct fixture *fixture, enum fault_layout layout, bool live);

/* Nothing fails any more, and all that the port gave comes back. */
void fault_pool_close(struct fixture *fixture);

#endif
