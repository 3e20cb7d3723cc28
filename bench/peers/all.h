/* SPDX-License-Identifier: MIT */
/* Every peer's name; which are built in is known to peers.c. */
#ifndef CGDT_BENCH_ALL_H
#define CGDT_BENCH_ALL_H

#include "peer.h"

extern const struct peer peer_floor, peer_static, peer_bitmap, peer_glibc, peer_ck;
extern const struct peer peer_cgdt_concurrent, peer_cgdt_serialized, peer_cgdt_bulk,
    peer_cgdt_hosted;
extern const struct peer peer_mimalloc, peer_mimalloc_unaligned;
extern const struct peer peer_jemalloc, peer_page_jemalloc, peer_page_mmap;

#endif
