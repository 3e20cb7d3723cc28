// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a vCPU has as its GDT: the common page, or in its place the head page of the thread that
 * runs, and behind it the window's slot pages up to its own. Which of these it is, is kept here;
 * frames are not: they change when a domain is restored, and are asked for each time.
 */
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <xen/xen.h>

#include <asm/msr.h>
#include <asm/xen/hypercall.h>
#include <asm/xen/page.h>

#if __has_include("../xen/multicalls.h") /* for xen_mc_flush(): later in the other */
#include "../xen/multicalls.h"
#else
#include "../xen/xen-ops.h"
#endif
#include "glue.h"

DEFINE_PER_CPU(struct cgdt_xen_table, cgdt_xen_table);
atomic_t cgdt_set_gdts;
atomic_t cgdt_head_switches;
atomic_t cgdt_resumes;

int64_t cgdt_xen_set_gdt(void *ctx, const cgdt_frame_t *frames, uint32_t entries)
{
	atomic_inc(&cgdt_set_gdts);
	return HYPERVISOR_set_gdt((unsigned long *)frames, entries);
}

static int common_list(struct cgdt_xen_pv_gdt *gdt)
{
	static cgdt_frame_t kept;
	int error;

	gdt->n_frames = 1;
	gdt->entries = CGDT_PAGE_ENTRIES;
	error = cgdt_common_frame(cgdt_cpus, &gdt->frames[0], NULL);
	if (!kept)
		kept = gdt->frames[0];
	if (cgdt_control(CGDT_CONTROL_KEPT_FRAME))
		gdt->frames[0] = kept;
	return error;
}

static int slot_list(unsigned int cpu, cgdt_slot_t head, struct cgdt_xen_pv_gdt *gdt)
{
	const cgdt_slot_t slot = per_cpu(cgdt_slot, cpu);
	cgdt_frame_t frame;
	int error;

	if (head == CGDT_NO_SLOT)
		return cgdt_frames(cgdt_cpus, slot, gdt->frames, &gdt->n_frames, &gdt->entries);
	error = cgdt_head_frame(head, &frame);
	if (error)
		return error;
	return cgdt_frames_behind(cgdt_cpus, slot, frame, gdt->frames, &gdt->n_frames,
				  &gdt->entries);
}

int cgdt_xen_list(unsigned int cpu, struct cgdt_xen_pv_gdt *gdt)
{
	const struct cgdt_xen_table *table = &per_cpu(cgdt_xen_table, cpu);

	switch (table->on) {
	case CGDT_XEN_ON_SLOT:
		return slot_list(cpu, table->head, gdt);
	case CGDT_XEN_ON_COMMON:
		return common_list(gdt);
	default:
		gdt->frames[0] = pfn_to_mfn(PFN_DOWN(__pa(&boot_gdt_page)));
		gdt->n_frames = 1;
		gdt->entries = GDT_ENTRIES;
		return 0;
	}
}

/* This vCPU, whose table says what it is to have. Preemption is off. */
int cgdt_xen_reload(void)
{
	struct cgdt_xen_pv_gdt gdt;
	int error;

	xen_mc_flush();
	error = cgdt_xen_list(smp_processor_id(), &gdt);
	return error ? error : cgdt_xen_set_gdt(NULL, gdt.frames, gdt.entries);
}

/* Nothing goes on without it. */
static void load(void)
{
	if (cgdt_xen_reload())
		BUG();
}

/* The first time that a vCPU is on its slot; a stock kernel has this on CPU 0 alone. */
static void write_tsc_aux(unsigned int cpu)
{
	if (boot_cpu_has(X86_FEATURE_RDTSCP) || boot_cpu_has(X86_FEATURE_RDPID))
		wrmsr(MSR_TSC_AUX, vdso_encode_cpunode(cpu, early_cpu_to_node(cpu)), 0);
}

bool cgdt_xen_load_gdt(unsigned long address)
{
	const unsigned int cpu = smp_processor_id();
	struct cgdt_xen_table *table = this_cpu_ptr(&cgdt_xen_table);

	if (!per_cpu(cgdt_slot, cpu) || address != (unsigned long)per_cpu(cgdt_rw, cpu))
		return false;
	if (table->on == CGDT_XEN_ON_SLOT)
		return true; /* "direct" and "fixmap" are the same here */
	table->on = CGDT_XEN_ON_SLOT;
	table->head = CGDT_NO_SLOT;
	this_cpu_write(cgdt_off_slot, 0);
	load();
	write_tsc_aux(cpu);
	return true;
}

/*
 * From one head page to another, or to or from the common page. A selector of the head page that
 * goes could not be loaded again, if Xen had to: whoever comes from one has his saved, or needs
 * them no more. That is a thread that is being switched out (edit has %es and %ds saved earlier),
 * or is in exec, or exits.
 */
static void switch_head(struct cgdt_xen_table *table, cgdt_slot_t head)
{
	if (table->head != CGDT_NO_SLOT) {
		loadsegment(ds, 0);
		loadsegment(es, 0);
		loadsegment(fs, 0);
		load_gs_index(0);
	}
	table->head = head;
	load();
	atomic_inc(&cgdt_head_switches);
}

/* Preemption is off. */
bool cgdt_xen_load_tls(struct thread_struct *t)
{
	struct cgdt_xen_table *table = this_cpu_ptr(&cgdt_xen_table);

	if (table->on != CGDT_XEN_ON_SLOT)
		return false;
	if (cgdt_control(CGDT_CONTROL_KEPT_SELECTOR)) /* way B: the thread's own in the CPU's slot */
		cgdt_write_slot(smp_processor_id(), GDT_ENTRY_TLS_MIN, t->tls_array,
				GDT_ENTRY_TLS_ENTRIES);
	if (table->head != t->cgdt_head)
		switch_head(table, t->cgdt_head);
	return true;
}

/* A TSS and an LDT go to Xen by hypercalls of their own. */
bool cgdt_xen_write_entry(struct desc_struct *gdt, int entry, const void *desc, int type)
{
	if (!cgdt_cpus || gdt == boot_gdt_page.gdt)
		return false;
	if (type != DESC_TSS && type != DESC_LDT)
		cgdt_write_entry(gdt, entry, desc, 1);
	return true;
}

struct desc_struct *cgdt_xen_first_table(unsigned int cpu)
{
	const cgdt_desc_t *view = NULL;
	cgdt_frame_t frame;

	if (cgdt_common_frame(cgdt_cpus, &frame, &view))
		BUG();
	per_cpu(cgdt_xen_table, cpu).on = CGDT_XEN_ON_COMMON;
	return (struct desc_struct *)view;
}

/* Its code and stack segments are the common page's, or Xen's. */
void cgdt_xen_park(void)
{
	struct cgdt_xen_table *table = this_cpu_ptr(&cgdt_xen_table);

	loadsegment(ds, 0);
	loadsegment(es, 0);
	loadsegment(fs, 0);
	load_gs_index(0);
	table->on = CGDT_XEN_ON_COMMON;
	load();
}

struct desc_struct *cgdt_xen_user_table(void)
{
	const cgdt_slot_t head = current->thread.cgdt_head;
	const cgdt_desc_t *view;
	cgdt_frame_t frame;

	if (!cgdt_cpus ||
	    (head ? cgdt_slot_view(cgdt_heads, head, &view)
		  : cgdt_common_frame(cgdt_cpus, &frame, &view)))
		return boot_gdt_page.gdt;
	return (struct desc_struct *)view;
}

/* Pages that are in nobody's list now are ordinary memory to the Xen that has restored us. */
static void introduce_all(const struct cgdt_supply *supply)
{
	unsigned int i;

	for (i = 0; i <= supply->count; i++) {
		if (!supply->pages[i])
			continue;
		if (cgdt_xen_introduce(NULL, pfn_to_mfn(PFN_DOWN(__pa(supply->pages[i])))))
			pr_err("cgdt: FAILED to introduce page %u after a restore\n", i);
	}
}

/* All other vCPUs are stopped. */
void cgdt_xen_resume(void)
{
	introduce_all(&cgdt_cpu_supply);
	introduce_all(&cgdt_head_supply);
	atomic_inc(&cgdt_resumes);
}
