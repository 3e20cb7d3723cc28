/* SPDX-License-Identifier: MIT */
/* The list of peers, and what they share. bench/CMakeLists.txt says which libraries were found. */
#define _GNU_SOURCE

#include "all.h"

#include <string.h>
#include <sys/mman.h>

/* Linux's first entries on x86-64, as Xen keeps them (DPL 3), and a per-CPU segment. */
const cgdt_desc_t peer_template[PEER_TEMPLATE_ENTRIES] = {
    0,
    0x00cffb000000ffffull, /* 32-bit kernel code */
    0x00affb000000ffffull, /* kernel code */
    0x00cff3000000ffffull, /* kernel data */
    0x00cffb000000ffffull, /* 32-bit user code */
    0x00cff3000000ffffull, /* user data */
    0x00affb000000ffffull, /* user code */
    0x0040f30000000fffull, /* per-CPU data */
};

const struct peer *const peers[] = {
    &peer_floor,
    &peer_cgdt_concurrent,
    &peer_cgdt_serialized,
    &peer_cgdt_bulk,
#ifdef BENCH_HAVE_JEMALLOC
    &peer_cgdt_hosted,
#endif
    &peer_static,
    &peer_bitmap,
    &peer_glibc,
#ifdef BENCH_HAVE_CK
    &peer_ck,
#endif
#ifdef BENCH_HAVE_MIMALLOC
    &peer_mimalloc,
    &peer_mimalloc_unaligned,
#endif
#ifdef BENCH_HAVE_JEMALLOC
    &peer_jemalloc,
    &peer_page_jemalloc,
#endif
    &peer_page_mmap,
};

const uint32_t peers_count = sizeof(peers) / sizeof(peers[0]);

const struct peer *peer_find(const char *name)
{
    for (uint32_t i = 0; i < peers_count; i++)
        if (strcmp(peers[i]->name, name) == 0)
            return peers[i];
    return NULL;
}

void *peer_memory(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return at == MAP_FAILED ? NULL : at;
}

void peer_memory_free(void *at, size_t bytes)
{
    (void)munmap(at, bytes);
}
