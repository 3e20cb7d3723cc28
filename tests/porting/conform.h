/* SPDX-License-Identifier: MIT */
/*
 * Does a port keep the contract of cgdt/port.h? A self-test for ports, freestanding like the core: a kernel can run
 * it at boot before it makes its pool, as tests/guests/native does.
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
    CONFORM_DISTINCT, /* rule 1: two pages have two addresses and two frames */
    CONFORM_SEAL,     /* seal() succeeds on a page that was just mapped */
    CONFORM_SAME_CONTENTS, /* sealing and unsealing change no contents */
    CONFORM_SAME_FRAME,    /* nor the frame */
    CONFORM_LIVE_WRITE,    /* live_write() succeeds on what the profile takes */
    CONFORM_WRITTEN,       /* ... and does all of it */
    CONFORM_NOTHING_ELSE,  /* ... and nothing else on the page */
    CONFORM_UNSEAL,        /* unseal() succeeds when nobody has used the page */
    CONFORM_LAST           /* how many there are */
};

/* A sentence for each. */
const char *conform_text(enum conform broken);

/*
 * Maps pages 0 and 1, and gives them back, twice: where it hangs, unlock() does not undo lock(). Nobody else uses the
 * port meanwhile. Returns the first thing that is broken.
 *
 * It cannot see, so the kernel must try: what needs a second CPU (the lock, quiesce, live_write of two at once for one
 * page), a store that faults (a sealed page really is read-only), alias_bytes of a direct port. A port
 * without locks it takes as one for serialized pools.
 */
enum conform conform_check(const struct cgdt_port *port, void *ctx);

#endif
