/* SPDX-License-Identifier: MIT */
/* What peers share. It knows none of them. */
#define _GNU_SOURCE

#include "peer.h"

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
