/* SPDX-License-Identifier: MIT */
/*
 * Every vCPU's state, what its table holds, and where its slot must be. Tables are made by the
 * library; places and expected values are worked out anew, so that nothing is compared with itself.
 */

#ifndef GUEST_TABLES_H
#define GUEST_TABLES_H

#include <stdbool.h>

#include "args.h"
#include "cgdt/cgdt.h"
#include "vcpu.h"

/*
 * Entries of a vCPU's table. With a common page, CODE and DATA are entries of that page, and the
 * slot begins with FS.
 */
enum {
    ENTRY_CODE = 1,   /* the same on all: the pool's template, or the common page */
    ENTRY_DATA = 2,   /* likewise */
    ENTRY_FS = 3,     /* base: a record that only this vCPU has */
    ENTRY_GS = 4,     /* base: another */
    ENTRY_NUMBER = 5, /* limit: the vCPU's number */
    ENTRY_EMPTY = 6   /* this and all that follow */
};

#define TEMPLATE_ENTRIES ENTRY_FS
#define NUMBER_LIMIT     0x1000u /* limit of ENTRY_NUMBER on vCPU 0 */

#define FS_MARK 0xf500000000000000u
#define GS_MARK 0x6500000000000000u

struct fs_record {
    uint64_t id; /* FS_MARK | vCPU */
};

struct gs_record {
    uint64_t id; /* GS_MARK | vCPU */
    uint64_t spare;
};

enum phase {
    PHASE_NONE,
    PHASE_ONLINE, /* runs, and has looked at its slot for the first time */
    PHASE_DONE    /* has looked again, after everything had been written */
};

struct cpu {
    struct vcpu_start start;
    struct fs_record fs;
    struct gs_record gs;
    cgdt_slot_t slot;
    uint32_t place;  /* the slot's number, by the guest's own arithmetic */
    void *stack;     /* its upper end; NULL: the vCPU's own of vcpu.c */
    bool registered; /* its vcpu_info, which is possible once only */
    bool watches;    /* goes on checking while its page is written; the others sleep meanwhile */
    /* What the vCPU itself records; nobody else writes it. */
    uint32_t phase;
    uint32_t failed_round; /* the first thing that was wrong: see verify.h */
    uint32_t failed_step;
    uint64_t read_id; /* what it read instead of its own id */
    uint32_t rounds;
};

extern struct cpu cpus[MAX_VCPUS];
extern const cgdt_desc_t tables_template[TEMPLATE_ENTRIES];

void tables_init(const struct args *args);

/* The vCPU's own descriptors, ENTRY_FS .. ENTRY_NUMBER, with the library's builders. */
void tables_build(uint32_t vcpu, cgdt_desc_t own[ENTRY_EMPTY - ENTRY_FS]);

/* From now on ENTRY_FS of `vcpu` is built with the base of `neighbour`. */
void tables_mix_up(uint32_t vcpu, uint32_t neighbour);

/*
 * The guest's own arithmetic, from a slot's number. Where slots are dealt out densely, that is the
 * vCPU's.
 */
uint32_t tables_place(cgdt_slot_t slot);
uint32_t tables_color(uint32_t place);
uint32_t tables_page(uint32_t place); /* through all windows */
uint32_t tables_window(uint32_t place);
uint32_t tables_position(uint32_t place); /* of the page in its window */
uint32_t tables_pages(uint32_t nr);       /* pages for nr vCPUs */
uint32_t tables_frames(uint32_t place);   /* of its list: the common page's, then up to its own */
uint16_t tables_selector(uint32_t place, uint32_t entry);
uint16_t tables_canonical(uint32_t entry); /* its selector without a color */

/* The slot has the entries tables_first() .. tables_end()-1 of the table, from its entry 0 on. */
uint32_t tables_first(void);
uint32_t tables_end(void);

/* What Xen must have stored, bit by bit. */
cgdt_desc_t tables_expected(uint32_t vcpu, uint32_t entry);

#endif /* GUEST_TABLES_H */
