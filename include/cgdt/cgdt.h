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
   live phase, any CPU, any time        alloc, write, free, trim: changes go through live_write()
   cgdt_pool_destroy()                  all slots freed, all pages back
   @endverbatim
 *
 * A pool that is used by several CPUs from the beginning calls cgdt_seal() right after init.
 *
 * Who may call what together (live phase of a pool that is not `serialized`), a slot by its handle
 * s, a CPU of the directory by its number c:
 *
 * @verbatim
                  alloc  free(s) write(s) read(s)  trim    online(c) offline(c) check
                  (1)    (2)     (3)      (4)      reserve (5)
   alloc (1)        +      +       +        +        +       +         +          o
   free(s) (2)      +      e       x        x        +       +         +          o
   write(s) (3)     +      x       x        x        +       +         x          o
   read(s) (4)      +      x       x        +        +       +         x          o
   trim, reserve    +      +       +        +        +       +         +          +
   online(c) (5)    +      +       +        +        +       e         e          o
   offline(c)       +      +       x        x        +       e         e          o

   +  at any time
   x  the owner of slot s serialises them (different slots: +); offline(c) is a free of c's slot
   e  at any time; what each of the two is told stands below
   o  safe, but what check says may be out of date: cgdt_check()

   (1) alloc, alloc_nowait, alloc_for (7), alloc_bulk, cache_alloc (6)     (3) write
   (2) free, free_bulk, cache_free (6); and cache_flush (6), which has no s
   (4) read, slot_view, frames, frames_behind, gdtr; and common_frame, page_taken, stats, cpu_slot,
       selectors: these five with everything: +
   (5) cpu_online, cpu_online_at, cpu_online_for (7)
   (6) calls of one cache are serialised by its owner: cache.h
   (7) also by way of alloc_near, alloc_with, cpu_online_near, cpu_online_with
   @endverbatim
 *
 * - free(s) and free(s): one says 0, the other -CGDT_ESTALE; -CGDT_ENOENT if it names the slot as
 *   its next owner would.
 * - free(s) of a slot that a CPU has is -CGDT_EBUSY, whatever the CPU is doing, and -CGDT_ESTALE
 *   once its offline(c) has begun to zero it; offline(c) does not notice.
 * - online(c) and online(c): one goes on as if it were alone, the other says -CGDT_EBUSY while that
 *   lasts, -CGDT_EEXIST if it comes later.
 * - offline(c) and offline(c): likewise; the other says -CGDT_EBUSY, or -CGDT_ENOENT later.
 * - online(c) and offline(c): whichever comes first goes on, the other says -CGDT_EBUSY; or comes
 *   later and is told what holds then.
 * - online_at(c, s) and free(s), or online_at of another CPU: one has the slot, the other says
 *   -CGDT_EBUSY (it is a CPU's) or -CGDT_ESTALE (it was freed).
 * - cpu_move_begin(c) is an alloc and a read of c's slot, cpu_move_end(c) and cpu_move_abort(c) are
 *   frees of one of its slots. From begin on, until the move has ended, online(c), offline(c) and
 *   every move_begin(c) say -CGDT_EBUSY. Two ends of one move: one goes on, the other says
 *   -CGDT_EBUSY while that lasts, -CGDT_ENOENT later. move_begin(s) is an alloc and a read of s;
 *   crowded and cpu_crowded look only: + with everything.
 *
 * cgdt_write_common(): calls of it are serialised by the caller; beside anything else: +. init,
 * destroy, seal, recover and everything in the boot phase: the caller serialises them with all
 * other calls (recover: with all of a move, from its begin to its end). In a serialized pool the
 * caller serialises everything, always.
 *
 * Locks: cgdt_alloc(), cgdt_cache_alloc(), alloc_for, cgdt_cpu_online() and cpu_online_for take the
 * port's lock only if at some moment of the call no slot in service was free; those that ask for a
 * page of a kind, if none was where it is wanted (slots.h). trim, reserve, check, describe, seal,
 * destroy, and init of a layout with a common page, always do; alloc_bulk may at any time
 * (slots.h). All others never do, and are lock-free: a CPU that stops in one of them, or is stopped
 * by an NMI, holds up nobody. No call sleeps or spins by itself; a port's operation may (port.h).
 *
 * Interrupts and NMIs: a handler may call what takes no lock (alloc_nowait, free, free_bulk, write,
 * read, ... as far as its port's live_write() may be called there), also while its CPU is inside
 * any call of the same pool, by the table above, but not of the same cache; what takes the lock, if
 * the kernel's lock allows.
 *
 * Pointers: the pool, a cache, and the results of cgdt_stats() and of the pure functions in the
 * other headers, must be valid; nobody checks them. Any other NULL is -CGDT_EINVAL, unless it may
 * be NULL by its text or there is nothing to read or write (n = 0). Lengths that the caller gives
 * for its own memory cannot be checked.
 */
#ifndef CGDT_CGDT_H
#define CGDT_CGDT_H

#include "cache.h"
#include "contents.h"
#include "cpus.h"
#include "inspect.h"
#include "move.h"
#include "pool.h"
#include "slots.h"

#define CGDT_VERSION_MAJOR 0 /**< MAJOR of MAJOR.MINOR.PATCH of this source. */
#define CGDT_VERSION_MINOR 2 /**< MINOR of the same. */
#define CGDT_VERSION_PATCH 0 /**< PATCH of the same. */

/** All three as one number that rises: MAJOR x 1,000,000 + MINOR x 1,000 + PATCH. For `#if`. */
#define CGDT_VERSION_NUMBER                                                                        \
    (CGDT_VERSION_MAJOR * 1000000 + CGDT_VERSION_MINOR * 1000 + CGDT_VERSION_PATCH)

#endif
