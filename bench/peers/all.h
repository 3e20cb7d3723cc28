/* SPDX-License-Identifier: MIT */
/* Every peer's name; which are built in is known to peers.c. */
#ifndef CGDT_BENCH_ALL_H
#define CGDT_BENCH_ALL_H

#include "peer.h"

extern const struct peer peer_floor, peer_floor_one;
extern const struct peer peer_static, peer_bitmap, peer_sbitmap, peer_glibc, peer_ck;
extern const struct peer peer_cgdt_concurrent, peer_cgdt_serialized, peer_cgdt_bulk,
    peer_cgdt_hosted;
#if __has_include(<cgdt/cache.h>)
#define BENCH_HAVE_CACHE
extern const struct peer peer_cgdt_cache;
#endif
extern const struct peer peer_mimalloc, peer_mimalloc_unaligned, peer_tcmalloc;
extern const struct peer peer_jemalloc, peer_page_jemalloc, peer_page_mmap;

/* The same files once more, see PEER_GENERAL. */
extern const struct peer peer_floor_general, peer_floor_one_general, peer_bitmap_general,
    peer_sbitmap_general, peer_glibc_general, peer_ck_general;
extern const struct peer peer_mimalloc_general, peer_jemalloc_general, peer_tcmalloc_general;

#endif
