/* SPDX-License-Identifier: GPL-2.0-only */
/* What is there for Xen PV alone. */
#ifndef CGDT_XEN_H
#define CGDT_XEN_H

#include <cgdt/port/xen_pv.h>
#include <cgdt/port/xen_pv_introduce.h>

/* xen.c: the port of a pool. */
struct cgdt_xen_pool {
	struct cgdt_xen_pv port;
	struct cgdt_supply *supply;
	bool has_cpus;            /* quiesce is about CPUs */
	struct mutex pages;
	raw_spinlock_t undo;
	unsigned long undo_flags; /* under undo */
};
extern struct cgdt_xen_pool cgdt_xen_cpu_pool;
extern struct cgdt_xen_pool cgdt_xen_head_pool;
void cgdt_xen_config(struct cgdt_config *config, struct cgdt_xen_pool *pool,
		     struct cgdt_supply *supply);
void cgdt_xen_complain(const struct cgdt_xen_pool *pool);
int cgdt_xen_introduce(void *ctx, uint64_t frame);

/* xen_table.c: what a vCPU has loaded. */
enum cgdt_xen_on {
	CGDT_XEN_ON_BOOT,   /* the boot table */
	CGDT_XEN_ON_COMMON, /* the common page alone: a vCPU that begins, or is dead */
	CGDT_XEN_ON_SLOT,   /* the common page or a head page, and the pages up to its slot's */
};
struct cgdt_xen_table {
	enum cgdt_xen_on on;
	cgdt_slot_t head; /* CGDT_NO_SLOT: the common page */
};
DECLARE_PER_CPU(struct cgdt_xen_table, cgdt_xen_table);
extern atomic_t cgdt_set_gdts, cgdt_head_switches, cgdt_introduced, cgdt_resumes;
int cgdt_xen_list(unsigned int cpu, struct cgdt_xen_pv_gdt *gdt);
int64_t cgdt_xen_set_gdt(void *ctx, const cgdt_frame_t *frames, uint32_t entries);
int cgdt_xen_reload(void);
void cgdt_xen_park(void);
struct desc_struct *cgdt_xen_user_table(void);

/* heads.c: a page for each thread with TLS descriptors. */
extern struct cgdt_pool *cgdt_heads;
extern struct cgdt_supply cgdt_head_supply;
void cgdt_heads_setup(void);
int cgdt_head_frame(cgdt_slot_t head, cgdt_frame_t *frame);
cgdt_slot_t cgdt_head_leave(struct thread_struct *t);
void cgdt_head_free(cgdt_slot_t head);

#endif
