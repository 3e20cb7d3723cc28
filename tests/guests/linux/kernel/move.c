// SPDX-License-Identifier: GPL-2.0-only
/*
 * A CPU moves to another slot, so that pages become empty after a churn. It does so itself, in a
 * thread, with interrupts off. Not in an interrupt: that one may have cut a write of the CPU's own
 * table short, as in set_thread_area(). Whoever writes it has preemption off, so no other thread
 * comes in between.
 */
#include <linux/irqflags.h>
#include <linux/printk.h>
#include <linux/smp.h>
#include <linux/stop_machine.h>
#include <xen/xen.h>

#include "glue.h"

atomic_t cgdt_moves;

/* The kernel's own reload, by the pointers; on Xen one set_gdt. */
static int load_table(unsigned int cpu)
{
	if (cgdt_control(CGDT_CONTROL_MOVE_UNLOADED))
		return 0;
#ifdef CONFIG_XEN_PV
	if (xen_pv_domain())
		return cgdt_xen_reload();
#endif
	load_fixmap_gdt(cpu);
	return 0;
}

static int change_to(unsigned int cpu, cgdt_slot_t slot)
{
	const int error = cgdt_cpu_use_slot(cpu, slot);

	return error ? error : load_table(cpu);
}

/* A fault on purpose: what follows GDTR is forgotten. */
static void spoil_pointers(unsigned int cpu, struct desc_struct *rw, struct desc_struct *ro)
{
	if (!cgdt_control(CGDT_CONTROL_MOVE_POINTERS))
		return;
	per_cpu(cgdt_rw, cpu) = rw;
	per_cpu(cgdt_ro, cpu) = ro;
}

/* Whatever went wrong, the old table is as it was. */
static void go_back(unsigned int cpu, cgdt_slot_t old)
{
	if (change_to(cpu, old))
		BUG();
	if (cgdt_cpu_move_abort(cgdt_cpus, cpu))
		pr_err("cgdt: FAILED CPU %u has two slots\n", cpu);
}

/*
 * Interrupts are off. An NMI may come at any time: it finds the same descriptors in either table,
 * and both are mapped, in the CPU entry area too.
 */
static int move_here(void)
{
	const unsigned int cpu = smp_processor_id();
	const cgdt_slot_t old = per_cpu(cgdt_slot, cpu);
	struct desc_struct *rw = per_cpu(cgdt_rw, cpu), *ro = per_cpu(cgdt_ro, cpu);
	cgdt_slot_t goal;
	int error;

	error = cgdt_cpu_move_begin(cgdt_cpus, cpu, 0, NULL, &goal);
	if (error)
		return error;
	error = change_to(cpu, goal);
	if (!error && cgdt_control(CGDT_CONTROL_MOVE_BACK))
		error = -EIO; /* on the new table, and not to stay there */
	if (!error)
		error = cgdt_cpu_move_end(cgdt_cpus, cpu);
	if (error) {
		go_back(cpu, old);
		return error;
	}
	spoil_pointers(cpu, rw, ro);
	atomic_inc(&cgdt_moves);
	return 0;
}

/* -EAGAIN: there is no better place for it. */
int cgdt_move_this_cpu(void)
{
	unsigned long flags;
	int error;

	local_irq_save(flags);
	error = move_here();
	local_irq_restore(flags);
	return error;
}

static int stopped(void *unused)
{
	return cgdt_move_this_cpu();
}

/* The CPU's stopper thread does it; -ENOENT: the CPU is off. */
int cgdt_move_cpu(unsigned int cpu)
{
	if (cpu >= nr_cpu_ids || !cpu_possible(cpu))
		return -EINVAL;
	return stop_one_cpu(cpu, stopped, NULL);
}
