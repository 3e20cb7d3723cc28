/* SPDX-License-Identifier: MIT */
/*
 * Private to the hosted port: a jemalloc arena whose extents are the parts of a memfd.
 *
 *   file        | page | page | page | ...      frame = page number in here
 *   rw          the whole file, from open to close
 *   file_ro     the same file, for the read-only views of others
 *
 * jemalloc's own records of the arena are in private memory, apart from the file.
 */
#ifndef CGDT_PORT_HOSTED_ARENA_H
#define CGDT_PORT_HOSTED_ARENA_H

#include "cgdt/env.h"

#include <jemalloc/jemalloc.h>

struct hosted_arena {
    extent_hooks_t hooks; /* first: jemalloc tells the hooks by this address whose they are */
    int file;
    int file_ro;    /* opened for reading: its mappings cannot be turned writable by mprotect() */
    unsigned index; /* jemalloc's number of the arena */
    bool made;      /* index is valid */
    char *rw;
    size_t rw_bytes;
    size_t used_bytes; /* of the file, by the arena's extents */
};

/* What a file for max_pages pages of CGDT_PAGE_BYTES measures. */
uint64_t hosted_arena_bytes(uint32_t max_pages);

/*
 * Make an arena for up to max_pages pages, whose file can be mapped: hosted_arena_bytes() fits. It
 * must not move. 0 or a negative errno; on failure too the caller ends with hosted_arena_close().
 */
int hosted_arena_open(struct hosted_arena *arena, uint32_t max_pages);

/* Give everything back, pages still out included. */
void hosted_arena_close(struct hosted_arena *arena);

/* A page of zeros, and its way back. One thread at a time. NULL: no memory. */
void *hosted_arena_take(struct hosted_arena *arena);
void hosted_arena_put(struct hosted_arena *arena, void *page);

#endif
