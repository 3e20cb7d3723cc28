/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A pool of GDT slots: every CPU gets a table of its own, several tables share a page.
 *
 * A pool lives in memory that the caller hands in; pages come from the port. The life of a pool:
 *
 * @verbatim
   cgdt_pool_init()                     empty
   boot phase, one CPU at a time        alloc, write: pages are private, stores are ordinary ones
   cgdt_seal()                          every page becomes read-only; from here on
   live phase, any CPU, any time        alloc, write, free, trim, ...: changes go through live_write()
   cgdt_pool_destroy()                  all slots freed, all pages back
   @endverbatim
 *
 * A pool that is used by several CPUs from the beginning calls cgdt_seal() right after init.
 *
 * Who may call what together (live phase of a pool that is not `serialized`):
 *
 * @verbatim
                      alloc  free(s) write(s) read(s) frames(s) trim reserve online(c) offline(c)  check
   alloc, bulk          +      +       +        +       +        +      +       +         +          o
   free(s), bulk        +      e       x        x       x        +      +       +         e          o
   write(s)             +      x       x        x       +        +      +       +         x          o
   read(s)              +      x       x        +       +        +      +       +         x          o
   frames(s), gdtr(s)   +      x       +        +       +        +      +       +         x          o
   trim, reserve        +      +       +        +       +        +      +       +         +          +
   online(c)            +      +       +        +       +        +      +       e         e          o
   offline(c)           +      e       x        x       x        +      +       e         e          o

   +  at any time      x  the owner of slot s serialises them (different slots: +); offline(c) is a free of c's slot
   e  at any time; one succeeds, the other gets an error      o  safe, but see cgdt_check()
   @endverbatim
 *
 * init, destroy, seal and everything in the boot phase: the caller serialises them with all other
 * calls. In a serialized pool the caller serialises everything, always. alloc is lock-free while
 * mapped pages have room, free and free_bulk always; only growing, alloc_bulk, trim, reserve and
 * check take the port's lock. No call sleeps or spins by itself.
 *
 * Pointers: the pool, and the results of cgdt_stats() and of the pure functions in the other
 * headers, must be valid; nobody checks them. Any other NULL is -CGDT_EINVAL, unless it may be NULL
 * by its text or there is nothing to read or write (n = 0). Lengths that the caller gives for its
 * own memory cannot be checked.
 */
#ifndef CGDT_CGDT_H
#define CGDT_CGDT_H

#include "contents.h"
#include "cpus.h"
#include "inspect.h"
#include "pool.h"
#include "slots.h"

#define CGDT_VERSION_MAJOR 0 /**< MAJOR of MAJOR.MINOR.PATCH of this source. */
#define CGDT_VERSION_MINOR 2 /**< MINOR of the same. */
#define CGDT_VERSION_PATCH 0 /**< PATCH of the same. */

/** All three as one number that rises: MAJOR x 1,000,000 + MINOR x 1,000 + PATCH. For `#if`. */
#define CGDT_VERSION_NUMBER                                                                        \
    (CGDT_VERSION_MAJOR * 1000000 + CGDT_VERSION_MINOR * 1000 + CGDT_VERSION_PATCH)

#endif
