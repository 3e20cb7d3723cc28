/* SPDX-License-Identifier: MIT */
/*
 * A port whose pages are behind glass: the view of a sealed page stays writable, so that a
 * forbidden store goes through, but before every operation each sealed page is compared with what
 * it held after the last one. A look-out can be called before and after each operation and each
 * single store, in the place of another CPU.
 */
#ifndef CGDT_TESTS_GLASS_PORT_H
#define CGDT_TESTS_GLASS_PORT_H

#include <cgdt/cgdt.h>

#define GLASS_PAGES 24 /* the last one is the common page */

enum glass_event {
    GLASS_MAP,
    GLASS_SEAL,
    GLASS_UNSEAL,
    GLASS_UNMAP,
    GLASS_LIVE_WRITE,
    GLASS_STORE, /* after one store of a live write */
    GLASS_QUIESCE,
};

struct glass {
    cgdt_desc_t (*pages)[512];  /* [GLASS_PAGES], 4096-aligned */
    cgdt_desc_t (*shadow)[512]; /* sealed pages as they were */
    bool mapped[GLASS_PAGES];
    bool sealed[GLASS_PAGES];
    uint32_t broken; /* sealed pages that changed without a live write */

    /* Called before an operation; for GLASS_STORE after the store. May be NULL. */
    void (*look)(void *who, enum glass_event event, uint32_t page);
    void *who;
};

extern const struct cgdt_port glass_port;

bool glass_open(struct glass *glass);
void glass_close(struct glass *glass);

/* Compare now; the number of changes since glass_open() that no live write made. */
uint32_t glass_broken(struct glass *glass);

/* Index in pages[] of a pool page. */
uint32_t glass_index(uint32_t page);

#endif
