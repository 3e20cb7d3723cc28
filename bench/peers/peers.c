/* SPDX-License-Identifier: MIT */
/* The list of peers. bench/CMakeLists.txt says which libraries were found. */
#include "peers.h"
#include "all.h"

#include <string.h>

const struct peer *const peers[] = {
    &peer_floor,
    &peer_floor_one,
    &peer_cgdt_concurrent,
    &peer_cgdt_serialized,
    &peer_cgdt_bulk,
#ifdef BENCH_HAVE_CACHE
    &peer_cgdt_cache,
#endif
#ifdef BENCH_HAVE_JEMALLOC
    &peer_cgdt_hosted,
#endif
    &peer_static,
    &peer_bitmap,
    &peer_sbitmap,
    &peer_glibc,
#ifdef BENCH_HAVE_CK
    &peer_ck,
#endif
#ifdef BENCH_HAVE_MIMALLOC
    &peer_mimalloc,
    &peer_mimalloc_unaligned,
#endif
#ifdef BENCH_HAVE_TCMALLOC
    &peer_tcmalloc,
#endif
#ifdef BENCH_HAVE_JEMALLOC
    &peer_jemalloc,
    &peer_page_jemalloc,
#endif
    &peer_page_mmap,
    &peer_floor_general,
    &peer_floor_one_general,
    &peer_bitmap_general,
    &peer_sbitmap_general,
    &peer_glibc_general,
#ifdef BENCH_HAVE_CK
    &peer_ck_general,
#endif
#ifdef BENCH_HAVE_MIMALLOC
    &peer_mimalloc_general,
#endif
#ifdef BENCH_HAVE_TCMALLOC
    &peer_tcmalloc_general,
#endif
#ifdef BENCH_HAVE_JEMALLOC
    &peer_jemalloc_general,
#endif
};

const uint32_t peers_count = sizeof(peers) / sizeof(peers[0]);

const struct peer *peer_find(const char *name)
{
    for (uint32_t i = 0; i < peers_count; i++)
        if (strcmp(peers[i]->name, name) == 0)
            return peers[i];
    return NULL;
}
