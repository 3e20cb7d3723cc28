/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the edited files of the kernel call. Included by asm/desc.h: whoever changes it builds
 * nearly all anew, so what only the glue needs is in glue.h.
 */
#ifndef _ASM_X86_CGDT_H
#define _ASM_X86_CGDT_H

#include <asm/percpu.h>
#include <linux/types.h>

struct desc_struct;
struct thread_struct;

/* A CPU's table, where it can be written (on Xen: read), and where the CPU reads it. */
DECLARE_PER_CPU(struct desc_struct *, cgdt_rw);
DECLARE_PER_CPU(struct desc_struct *, cgdt_ro);

/* trap_init(): from here on CPU 0 has a slot. */
void cgdt_setup(void);

/* A dying CPU: off its slot, onto a table that stays. */
void cgdt_park(void);

/* A CPU is about to be started: from here on it may have its slot loaded. */
void cgdt_cpu_starts(unsigned int cpu);

/* n descriptors for entry `entry` of the table at `gdt`, which is a CPU's or the boot table. */
void cgdt_write_entry(struct desc_struct *gdt, int entry, const void *desc, unsigned int n);
void cgdt_native_load_tls(const struct desc_struct *tls, unsigned int cpu);

/* The table by which user space's selectors are to be read now. */
struct desc_struct *cgdt_user_table(void);

/* False: the pool has no part in this one. */
bool cgdt_xen_load_gdt(unsigned long address);
bool cgdt_xen_load_tls(struct thread_struct *t);
bool cgdt_xen_write_entry(struct desc_struct *gdt, int entry, const void *desc, int type);

/* With what a vCPU begins, page-aligned. */
struct desc_struct *cgdt_xen_first_table(unsigned int cpu);
void cgdt_xen_resume(void);

/* The thread that runs is in exec: from here on it has no TLS descriptors, nor has the table. */
void cgdt_tls_flush(struct thread_struct *t);

/*
 * The head page of a thread with TLS descriptors; only Xen needs them. get: it has one now, 0 or a
 * negative errno. write: with what tls_array has now. fork: of a child that has its parent's
 * tls_array. exit: of the thread that runs, or of one that never will. put: whoever has one yet.
 */
int cgdt_head_get(struct thread_struct *t);
void cgdt_head_write(struct thread_struct *t);
int cgdt_head_fork(struct thread_struct *t);
void cgdt_head_exit(struct thread_struct *t);
void cgdt_head_put(struct thread_struct *t);

#endif
