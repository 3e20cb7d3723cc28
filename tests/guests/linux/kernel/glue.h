/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the glue share. */
#ifndef CGDT_GLUE_H
#define CGDT_GLUE_H

#include <cgdt/cgdt.h>
#include <asm/cgdt.h>
#include <asm/desc.h>
#include <linux/percpu.h>

/* pool.c: the CPUs' tables. cgdt_cpus is NULL while they are on the boot table. */
extern struct cgdt_pool *cgdt_cpus;
DECLARE_PER_CPU(cgdt_slot_t, cgdt_slot); /* CGDT_NO_SLOT: none */
extern atomic_t cgdt_writes;             /* live writes; and those that the pool did not take */
extern atomic_t cgdt_refused;
struct cgdt_pool *cgdt_pool_make(struct cgdt_config *config);
void cgdt_write_slot(unsigned int cpu, unsigned int first, const void *desc, unsigned int n);

/* cpus.c: which CPU has a slot. */
int cgdt_cpu_take_slot(unsigned int cpu);
int cgdt_cpu_use_slot(unsigned int cpu, cgdt_slot_t slot);
int cgdt_cpu_parked(void *ctx, uint32_t cpu);
DECLARE_PER_CPU(int, cgdt_off_slot); /* the CPU has let go of its slot, or has never had one */

/* move.c: a CPU to another slot, this one or another; 0 or a negative errno. */
int cgdt_move_this_cpu(void);
int cgdt_move_cpu(unsigned int cpu);
extern atomic_t cgdt_moves;

/* park.c: the CPU that runs is on its slot again, if it was not. */
void cgdt_unpark(void);

/* pages.c: where the pages of a pool come from. */
struct cgdt_supply {
	void **pages;       /* [count + 1], by the pool's index; the last: the common page */
	unsigned int count; /* most slot pages of the pool */
	unsigned int out;   /* slot pages that the pool has */
	unsigned int limit; /* most that it may have; 0: count */
};
extern struct cgdt_supply cgdt_cpu_supply;
void cgdt_supply_init(struct cgdt_supply *supply, unsigned int count);
size_t cgdt_supply_bytes(const struct cgdt_supply *supply); /* of its list */
void *cgdt_supply_get(struct cgdt_supply *supply, uint32_t page);
void cgdt_supply_put(struct cgdt_supply *supply, uint32_t page, void *at);

/* native.c: the port; and where a slot is, for the CPU and for LTR. */
void cgdt_native_config(struct cgdt_config *config);
void cgdt_native_tables(cgdt_slot_t slot, struct desc_struct **rw, struct desc_struct **ro);

/* control.c: faults on purpose. */
enum cgdt_control {
	CGDT_CONTROL_NO_HEAD_PAGE,
	CGDT_CONTROL_NO_PARK,
	CGDT_CONTROL_EARLY_FREE,
	CGDT_CONTROL_LTR_FIRST,
	CGDT_CONTROL_OLD_TABLE,
	CGDT_CONTROL_KEPT_SELECTOR,
	CGDT_CONTROL_KEPT_FRAME,
	CGDT_CONTROL_MOVE_UNLOADED,
	CGDT_CONTROL_MOVE_POINTERS,
	CGDT_CONTROL_MOVE_BACK,
	CGDT_CONTROLS,
};
bool cgdt_control(enum cgdt_control which);
int cgdt_control_set(const char *name);

/* verify.c: 0, or -EIO and lines in the log. */
int cgdt_verify(void);
DECLARE_PER_CPU(struct desc_ptr, cgdt_seen); /* what SGDT said at the last one */

#ifdef CONFIG_XEN_PV
#include "xen.h"
#endif

#endif
