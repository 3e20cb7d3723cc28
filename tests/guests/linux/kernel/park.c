// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dying CPU leaves its slot before it says that it is dead. It still takes NMIs and machine
 * checks in its last loop, so it needs a table: a copy of its own, with the CPU number by which
 * paranoid_entry() finds its per-CPU memory.
 */
#include <linux/objtool.h>
#include <linux/string.h>
#include <xen/xen.h>

#include <asm/segment.h>

#include "glue.h"

struct parked_table {
	u64 entries[GDT_ENTRIES];
};
static DEFINE_PER_CPU_ALIGNED(struct parked_table, parked_table);
static DEFINE_PER_CPU(bool, is_parked);

/* CS and SS out of the table that GDTR says now. */
static noinline void reload_code_and_stack(void)
{
	asm volatile("pushq %q0\n\t"
		     "leaq 1f(%%rip), %%rax\n\t"
		     "pushq %%rax\n\t"
		     "lretq\n"
		     "1:\n\t"
		     "movl %1, %%ss"
		     :
		     : "r" ((unsigned long)__KERNEL_CS), "r" (__KERNEL_DS)
		     : "rax", "memory");
}
/* objtool knows no far return in a function that is called. */
STACK_FRAME_NON_STANDARD(reload_code_and_stack);

static void native_park(void)
{
	struct parked_table *table = this_cpu_ptr(&parked_table);
	const struct desc_ptr gdtr = {
		.size = GDT_SIZE - 1,
		.address = (unsigned long)table,
	};

	memcpy(table, get_current_gdt_ro(), GDT_SIZE);
	native_load_gdt(&gdtr);
	reload_code_and_stack();
	this_cpu_write(is_parked, true);
}

/*
 * A CPU comes back with the table that it is started with, its slot. But not CPU 0, where Linux
 * lets it go off (6.1, cpu0_hotplug): an NMI has it leave its last loop, still on the parked table,
 * whose TSS is a busy one. Called for a CPU's first write, which is before it loads its TSS.
 */
void cgdt_unpark(void)
{
	this_cpu_write(cgdt_off_slot, 0);
	if (!this_cpu_read(is_parked))
		return;
	this_cpu_write(is_parked, false);
	load_direct_gdt(raw_smp_processor_id());
}

/* Interrupts are off; it does not come back but through cpu_init(). */
void cgdt_park(void)
{
	if (!cgdt_control(CGDT_CONTROL_NO_PARK)) {
#ifdef CONFIG_XEN_PV
		if (xen_pv_domain())
			cgdt_xen_park();
		else
#endif
			native_park();
	}
	/* Pairs with the acquire in cgdt_cpu_parked(). */
	smp_store_release(this_cpu_ptr(&cgdt_off_slot), 1);
}
