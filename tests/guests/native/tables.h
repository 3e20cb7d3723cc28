/* SPDX-License-Identifier: MIT */
/*
 * What a CPU's table holds, and where its slot must be. Tables are made by the library; places and
 * expected values are worked out anew, so that nothing is compared with itself.
 */

#ifndef GUEST_TABLES_H
#define GUEST_TABLES_H

#include "args.h"
#include "cpu.h"

/* Entries of a CPU's table; as the selectors of layout.h say. */
enum {
    ENTRY_CODE = 1, /* 1 .. 4: the same on all, the pool's template */
    ENTRY_DATA = 2,
    ENTRY_USER_CODE = 3,
    ENTRY_USER_DATA = 4,
    ENTRY_TSS = 5, /* two entries on x86-64; on i386 the second is empty */
    ENTRY_FS = 7,  /* base: a record that only this CPU has */
    ENTRY_GS = 8,
    ENTRY_COOKIE = 9, /* limit: COOKIE_LIMIT and the CPU's number */
    ENTRY_EMPTY = 10  /* this and all up to the last, which is a cookie again */
};

#define TEMPLATE_ENTRIES 5u
#define OWN_ENTRIES      5u /* ENTRY_TSS .. ENTRY_COOKIE */

#define COOKIE_LIMIT 0x1000u
#define LAST_LIMIT   0x2000u
#define NOBODY       0xffffu /* in the boot table's records */
#define FS_MARK      0xf5000000u
#define GS_MARK      0x65000000u

extern const cgdt_desc_t tables_template[TEMPLATE_ENTRIES];

void tables_init(const struct args *args);
void tables_init_cpu(struct cpu *cpu);     /* its records and TSS */
void tables_init_boot(cgdt_desc_t boot[]); /* what head.S could not fill in */
bool tables_is_boot(uintptr_t base);

/* A CPU's own descriptors, with the library's builders. */
void tables_build(const struct cpu *cpu, cgdt_desc_t own[OWN_ENTRIES], cgdt_desc_t *last);

/* The guest's own arithmetic from here on. */
uint32_t tables_slot_entries(void);
uint32_t tables_page(cgdt_slot_t slot); /* through all windows */
uint32_t tables_color(cgdt_slot_t slot);
uint32_t tables_pages(uint32_t nr); /* pages for nr CPUs, densely */

/* Where the CPU of the slot must find its table. */
uintptr_t tables_address(cgdt_slot_t slot);

/* What stands there while CPU `cpu` uses it. */
cgdt_desc_t tables_expected(const struct cpu *cpu, uint32_t entry);

/* The whole slot; false, with the first entry that is wrong. Reads through the read-only map. */
bool tables_are_right(const struct cpu *cpu, uint32_t *wrong);

/* The upper end of a CPU's stack. */
uintptr_t tables_stack(const struct cpu *cpu, enum stack stack);

#endif /* GUEST_TABLES_H */
