/* SPDX-License-Identifier: MIT */
/*
 * Does a port keep the contract of cgdt/port.h? A self-test for ports, freestanding like the core:
 * a kernel can run it at boot before it makes its pool, as tests/guests/native does.
 */
#ifndef CONFORM_H
#define CONFORM_H

#include <cgdt/port.h>

enum conform {
    CONFORM_OK,
    CONFORM_NO_PAGE,  /* fewer than two pages can be had: nothing can be tried */
    CONFORM_MISSING,  /* an operation is not there */
    CONFORM_ALIGNED,  /* rule 1: a page is aligned to 4096 */
    CONFORM_ZERO,     /* rule 3: a page that is mapped is zero, also one that was used before */
    CONFORM_WRITABLE, /* rule 3: ordinary stores reach a private page */
    CONFORM_DISTINCT, /* rule 1: two pages have two addresses, private and sealed, and two frames */
    CONFORM_SEAL,     /* seal() succeeds on a page that was just mapped */
    CONFORM_SAME_CONTENTS, /* sealing and unsealing change no contents */
    CONFORM_SAME_FRAME,    /* nor the frame */
    CONFORM_LIVE_WRITE,    /* live_write() succeeds on what the profile takes, or writable() does */
    CONFORM_WRITTEN,       /* ... and does all of it */
    CONFORM_NOTHING_ELSE,  /* ... and nothing else on the page */
    CONFORM_UNSEAL,        /* unseal() succeeds when nobody has used the page */
    CONFORM_LAST           /* how many there are */
};

/* A sentence for each. */
const char *conform_text(enum conform broken);

/*
 * Maps pages 0 and 1, and gives them back, twice: where it hangs, unlock() does not undo lock().
 * Nobody else uses the port meanwhile. Returns the first thing that is broken.
 *
 * It cannot see, so the kernel must try or its author must read:
 *
 * - what needs a second CPU: the lock, quiesce, two live_writes at once for one page, a descriptor
 *   seen half stored: the order of a batch's stores, and whether each of them is one;
 * - a store that faults (a sealed page really is read-only), and the alias_bytes of a direct port;
 * - what an operation has changed that failed;
 * - pages from 2 on and the common page, slots of other sizes and places than the third of 16
 *   entries;
 * - values that a hypervisor refuses: these are flat data segments.
 *
 * A port without locks it takes as one for serialized pools.
 */
enum conform conform_check(const struct cgdt_port *port, void *ctx);

#endif
