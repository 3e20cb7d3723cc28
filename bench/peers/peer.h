/* SPDX-License-Identifier: MIT */
/*
 * Where a kernel can get a CPU's table from. Every peer does the same work:
 *
 *   take   a table of PEER_TABLE_BYTES, aligned to that: the template in its first
 *          PEER_TEMPLATE_ENTRIES descriptors, zeros in the others, whatever stood there before
 *   give   takes it back
 *
 * tests: bench/selftest.c sees that each does. A peer's file writes take and give as inline
 * functions and includes loops.h, which makes the loops around them that are measured: so no peer
 * pays for a call through a pointer within its loop.
 *
 * Handles are the peer's own affair: a pointer, a slot, a CPU's number; n of them fit in n
 * uintptr_t.
 */
#ifndef CGDT_BENCH_PEER_H
#define CGDT_BENCH_PEER_H

#include <cgdt/layout.h>

#include <stdbool.h>
#include <stdint.h>

/*
 * A peer's file can be compiled a second time with PEER_GENERAL and -mgeneral-regs-only: then its
 * glue writes and zeroes tables as a kernel has to, by general registers, and it is another peer by
 * another name. What is in a library is as it is.
 */
#ifdef PEER_GENERAL
#define PEER_SYMBOL(name) name##_general
#define PEER_NAME(text)   text "-general"
#define PEER_IS_GENERAL   true
#else
#define PEER_SYMBOL(name) name
#define PEER_NAME(text)   text
#define PEER_IS_GENERAL   false
#endif

#define PEER_TABLE_BYTES      256u
#define PEER_TABLE_ENTRIES    (PEER_TABLE_BYTES / CGDT_DESC_BYTES)
#define PEER_TEMPLATE_ENTRIES 8u

/* cgdt's own: as under Xen, 16 slots to a page. */
#define PEER_LAYOUT                                                                                \
    {                                                                                              \
        .slot_entries = PEER_TABLE_ENTRIES, .window_pages = 14,                                    \
        .reserved_entry = CGDT_XEN_RESERVED_ENTRY                                                  \
    }

/*
 * As a 64-bit kernel under Xen would have it: entry 0 null, the others in the form that Xen keeps.
 */
extern const cgdt_desc_t peer_template[PEER_TEMPLATE_ENTRIES];

/* CPUs in two heaps, those with a table first: handles[i] is the table of CPU cpus[i]. */
struct churn {
    uint32_t places;
    uint32_t full;   /* of them that hold a table, 1 .. places-1 */
    uint64_t random; /* state of the generator; not 0 */
    uint32_t *cpus;
    uintptr_t *handles;
};

struct peer {
    const char *name;
    const char *what;     /* in a few words */
    uint32_t max_tables;  /* the most that open() can be asked for; 0: any number */
    uint32_t table_bytes; /* that a table takes up: PEER_TABLE_BYTES or CGDT_PAGE_BYTES */
    bool one_thread;      /* its callers must take turns */
    bool any_address;     /* tables are not aligned: for reference only */
    bool two_views;       /* memory is mapped twice, and would be counted twice */
    bool in_bulk;         /* take_many is one call, so there is nothing else to measure */
    bool general;         /* its glue has general registers only: for reference, in few cases */

    /* Ready for so many tables at a time, CPUs 0 .. tables-1. NULL: no memory. */
    void *(*open)(uint32_t tables);
    void (*close)(void *ctx);

    /*
     * Where threads have something of their own: the ctx that one of them uses in place of
     * open()'s, and its end; both are called by one thread. NULL: all use the same.
     */
    void *(*thread_open)(void *ctx);
    void (*thread_close)(void *ctx);

    /* Tables for CPUs first .. first+n-1, and back. False: one could not be had. */
    bool (*take_many)(void *ctx, uint32_t first, uint32_t n, uintptr_t *handles);
    void (*give_many)(void *ctx, uint32_t n, uintptr_t *handles);

    /* Take one, give it back, n times. */
    bool (*pairs)(void *ctx, uint32_t n);

    /* n times: a random CPU without a table takes one, then a random one that has one gives it. */
    bool (*churn)(void *ctx, struct churn *churn, uint32_t n);

    /* Where the table of handle i is. */
    cgdt_desc_t *(*table)(void *ctx, const uintptr_t *handles, uint32_t i);

    /*
     * What its owner does: this descriptor into all entries of that table but the first. False: it
     * was refused. NULL: by plain stores.
     */
    bool (*fill)(void *ctx, const uintptr_t *handles, uint32_t i, cgdt_desc_t desc);
};

/* bytes of zeros aligned to a page, for tables or for lists; NULL: no memory. */
void *peer_memory(size_t bytes);
void peer_memory_free(void *at, size_t bytes);

/* The template into a table whose other entries are zero already. */
static inline void peer_write_template(cgdt_desc_t *table)
{
    __builtin_memcpy(table, peer_template, sizeof(peer_template));
}

/*
 * Zeros to the table's end, by stores in a row: gcc would make `rep stos` of a memset of this
 * length, which takes longer to begin than this does in all. The core does without vector
 * registers, as in a kernel; the peers need not.
 */
static inline void peer_zero(cgdt_desc_t *table, uint32_t first)
{
#ifdef PEER_GENERAL
#pragma GCC unroll 32
    for (uint32_t i = first; i < PEER_TABLE_ENTRIES; i++)
        table[i] = 0;
#else
    typedef cgdt_desc_t pair __attribute__((vector_size(16), aligned(16), may_alias));

#pragma GCC unroll 16
    for (uint32_t i = first; i < PEER_TABLE_ENTRIES; i += 2)
        *(pair *)(void *)(table + i) = (pair){0, 0};
#endif
}

/* A whole table: the template and zeros. */
static inline void peer_write_table(cgdt_desc_t *table)
{
    peer_write_template(table);
    peer_zero(table, PEER_TEMPLATE_ENTRIES);
}

/* Marsaglia's xorshift64: three shifts, no multiplication. */
static inline uint64_t peer_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#endif
