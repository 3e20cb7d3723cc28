// SPDX-License-Identifier: GPL-2.0-only
/*
 * A slot for each CPU that comes, by Linux' hotplug states: taken in CPUHP_BP_PREPARE, where a
 * failure leaves the CPU off, and given back when the CPU is dead.
 */
#include <linux/cpuhotplug.h>
#include <linux/init.h>
#include <linux/printk.h>
#include <linux/topology.h>
#include <xen/xen.h>

#include "glue.h"

DEFINE_PER_CPU(int, cgdt_off_slot) = 1;

/* Its number, which getcpu() and paranoid_entry() read: in the limit of a segment. */
static void write_number(unsigned int cpu)
{
	const u64 number = vdso_encode_cpunode(cpu, early_cpu_to_node(cpu));
	const struct desc_struct desc = {
		.limit0 = number & 0xffff, .limit1 = number >> 16,
		.type = 5, .dpl = 3, .s = 1, .p = 1, .d = 1,
	};

	cgdt_write_entry(per_cpu(cgdt_rw, cpu), GDT_ENTRY_CPUNODE, &desc, 1);
}

/* The pointers go to this slot. */
int cgdt_cpu_use_slot(unsigned int cpu, cgdt_slot_t slot)
{
	struct desc_struct *rw, *ro;

#ifdef CONFIG_XEN_PV
	if (xen_pv_domain()) {
		const cgdt_desc_t *view;
		const int error = cgdt_slot_view(cgdt_cpus, slot, &view);

		if (error)
			return error;
		rw = ro = (struct desc_struct *)view;
	} else
#endif
		cgdt_native_tables(slot, &rw, &ro);
	per_cpu(cgdt_rw, cpu) = rw;
	per_cpu(cgdt_ro, cpu) = ro;
	per_cpu(cgdt_slot, cpu) = slot;
	return 0;
}

/* That of the directory, which is new. */
int cgdt_cpu_take_slot(unsigned int cpu)
{
	cgdt_slot_t slot;
	int error = cgdt_cpu_slot(cgdt_cpus, cpu, &slot);

	if (!error)
		error = cgdt_cpu_use_slot(cpu, slot);
	if (!error)
		write_number(cpu);
	return error;
}

static int startup(unsigned int cpu)
{
	int error;

	if (per_cpu(cgdt_slot, cpu))
		return 0; /* CPU 0 */
	error = cgdt_cpu_online(cgdt_cpus, cpu, NULL);
	if (error)
		return error;
	return cgdt_cpu_take_slot(cpu);
}

/* The CPU is dead, and has said that it is off its slot (cgdt_park()). */
static int teardown(unsigned int cpu)
{
	int error = cgdt_cpu_offline(cgdt_cpus, cpu);

	if (error) { /* also where Linux says that the CPU did not come up */
		pr_err("cgdt: FAILED CPU %u keeps its slot: %d\n", cpu, error);
		return 0;
	}
	per_cpu(cgdt_slot, cpu) = CGDT_NO_SLOT;
	per_cpu(cgdt_rw, cpu) = boot_gdt_page.gdt;
	per_cpu(cgdt_ro, cpu) = boot_gdt_page.gdt;
	(void)cgdt_trim(cgdt_cpus);
	return 0;
}

/* A fault on purpose: while the CPU runs. */
static int teardown_early(unsigned int cpu)
{
	if (cgdt_control(CGDT_CONTROL_EARLY_FREE))
		return cgdt_cpu_offline(cgdt_cpus, cpu);
	return 0;
}

/*
 * It loads the table before it can say so: should it not come up, nobody knows how far it has got,
 * and it keeps its slot for the next try.
 */
void cgdt_cpu_starts(unsigned int cpu)
{
	per_cpu(cgdt_off_slot, cpu) = 0;
}

int cgdt_cpu_parked(void *ctx, uint32_t cpu)
{
	if (cgdt_control(CGDT_CONTROL_EARLY_FREE))
		return 0;
	/* Pairs with the release in cgdt_park(). */
	return smp_load_acquire(&per_cpu(cgdt_off_slot, cpu)) ? 0 : -EBUSY;
}

/* Before the other CPUs come. */
static int __init register_states(void)
{
	int error;

	error = cpuhp_setup_state(CPUHP_BP_PREPARE_DYN, "x86/cgdt:prepare", startup, teardown);
	if (error >= 0)
		error = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "x86/cgdt:online", NULL,
						  teardown_early);
	if (error < 0)
		panic("cgdt: no hotplug states: %d\n", error);
	return 0;
}
early_initcall(register_states);
