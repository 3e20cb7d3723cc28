/* SPDX-License-Identifier: MIT */
/*
 * Second opinions for unit tests and fuzz targets, written from the manuals and not from alloc/:
 * what the fields of a descriptor are, what Xen does with one, and which slot a pool hands out
 * next. Nothing here calls cgdt.
 */
#ifndef CGDT_TESTS_ORACLE_H
#define CGDT_TESTS_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

/* The fields of a descriptor as SDM vol. 3A figure 3-8 has them, gathered bit by bit. */
struct oracle_fields {
    uint32_t base;
    uint32_t limit;
    uint32_t type;
    uint32_t segment;
    uint32_t dpl;
    uint32_t present;
    uint32_t avl;
    uint32_t long_mode;
    uint32_t big;
    uint32_t granular;
};

void oracle_decode(uint64_t raw, struct oracle_fields *fields);

/* A call gate as SDM vol. 3A figure 5-8 has it. */
struct oracle_gate {
    uint32_t offset;
    uint32_t selector;
    uint32_t low_byte; /* bits 39:32: parameter count and zeros */
    uint32_t type;
    uint32_t dpl;
    uint32_t present;
};

void oracle_decode_gate(uint64_t raw, struct oracle_gate *gate);

/* What Xen makes of one descriptor. */
enum oracle_outcome {
    ORACLE_KEPT,           /* stored as it is */
    ORACLE_DPL_RAISED,     /* code or data: DPL lifted to the guest kernel's ring */
    ORACLE_LIMIT_RAISED,   /* 32-bit guests: a flat segment lengthened, its DPL was right */
    ORACLE_GATE_MOVED,     /* call gate: DPL taken to the selector's RPL */
    ORACLE_REFUSED_TYPE,   /* system descriptor of another type */
    ORACLE_REFUSED_TARGET, /* call gate into Xen's segments */
    ORACLE_REFUSED_BITS,   /* call gate with reserved bits */
    ORACLE_REFUSED_LONG,   /* 32-bit guests: L = 1 */
};

enum oracle_guest {
    ORACLE_PV64,
    ORACLE_PV32,
};

/* Where Xen begins in a 32-bit guest's address space: 0xf5800000 unless a test sets it. */
extern uint64_t oracle_xen_start;

/* *stored receives what the table would hold; raw itself where it is refused. */
enum oracle_outcome oracle_xen(enum oracle_guest guest, uint64_t raw, uint64_t *stored);

/* Which slots are owned, one byte each: the pool as the plainest program would have it. */
struct oracle_pool {
    uint32_t max_slots;
    uint32_t colors;
    uint32_t window_pages; /* 1: any page may be absent, as natively */
    uint32_t keep_pages;   /* 0 unless the test sets it */
    uint32_t reserved;
    uint8_t *owned;      /* max_slots */
    uint8_t *generation; /* frees so far, modulo 64; max_slots */
    uint8_t *mapped;     /* per page */
};

#define ORACLE_FULL 0xffffffffu

bool oracle_pool_init(struct oracle_pool *pool, uint32_t max_slots, uint32_t colors,
                      uint32_t window_pages);
void oracle_pool_done(struct oracle_pool *pool);

/* Pages that max_slots slots need. */
uint32_t oracle_pool_pages(const struct oracle_pool *pool);

/* The handle of the lowest free slot on a mapped page, or of the lowest page that is not mapped. */
uint32_t oracle_pool_alloc(struct oracle_pool *pool);
void oracle_pool_free(struct oracle_pool *pool, uint32_t handle);

/* Map the lowest pages until n slots are on mapped ones; trim then leaves as many. */
void oracle_pool_reserve(struct oracle_pool *pool, uint32_t n);

/*
 * Unmap pages without an owned slot, from the top, none below a mapped one of its window; how
 * many those were.
 */
uint32_t oracle_pool_trim(struct oracle_pool *pool);

/* Slots on mapped pages. */
uint32_t oracle_pool_served(const struct oracle_pool *pool);

uint32_t oracle_pool_mapped(const struct oracle_pool *pool);
uint32_t oracle_pool_owned(const struct oracle_pool *pool);

#endif
