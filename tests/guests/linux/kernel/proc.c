// SPDX-License-Identifier: GPL-2.0-only
/* /proc/cgdt: what the pools are like, in lines of words and numbers; and orders for tests. */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <xen/xen.h>

#include <asm/apic.h>
#include <asm/cgdt_nmi.h>
#include <asm/smp.h>

#include "glue.h"

extern unsigned int cgdt_failsafes;

static void show_map(struct seq_file *m)
{
	const struct cgdt_layout *layout = cgdt_pool_layout(cgdt_cpus);
	unsigned int page;
	uint64_t taken;

	for (page = 0; page < cgdt_cpu_supply.count; page++) {
		if (layout->common && page % layout->window_pages == 0 &&
		    cgdt_page_taken(cgdt_cpus, page, &taken) == 1)
			seq_printf(m, "MAP window=%u page=common\n", page / layout->window_pages);
		if (cgdt_page_taken(cgdt_cpus, page, &taken) == 1)
			seq_printf(m, "MAP window=%u page=%u colors=%u owned=%llx\n",
				   page / layout->window_pages, page % layout->window_pages,
				   cgdt_colors(layout), taken);
	}
}

/* A CPU's number is at this selector on it alone. */
static u16 number_selector(cgdt_slot_t slot)
{
	const struct cgdt_layout *layout = cgdt_pool_layout(cgdt_cpus);
	const u32 entry = cgdt_first_canonical(layout) + GDT_ENTRY_CPUNODE;
	const cgdt_canonical_t canonical = {entry << 3 | 3};

	return cgdt_to_local(layout, slot, canonical).selector;
}

static void show_cpu(struct seq_file *m, unsigned int cpu)
{
	const struct cgdt_layout *layout = cgdt_pool_layout(cgdt_cpus);
	const struct desc_ptr *seen = &per_cpu(cgdt_seen, cpu);
	cgdt_slot_t slot;

	if (cgdt_cpu_slot(cgdt_cpus, cpu, &slot)) {
		seq_printf(m, "CPU cpu=%u slot=- online=0\n", cpu);
		return;
	}
	seq_printf(m, "CPU cpu=%u slot=%u window=%u page=%u color=%u generation=%u entry=%u "
		   "selector=0x%x table=0x%lx limit=%u online=%d\n",
		   cpu, cgdt_slot_number(slot), cgdt_slot_window(layout, slot),
		   cgdt_slot_position(layout, slot), cgdt_slot_color(layout, slot),
		   slot >> CGDT_SLOT_GENERATION_SHIFT, GDT_ENTRY_CPUNODE, number_selector(slot),
		   seen->address, seen->size, cpu_online(cpu));
}

static void show_counts(struct seq_file *m)
{
	unsigned int set_gdts = 0, switches = 0, introduced = 0, resumes = 0;
	u64 descriptors = 0, mappings = 0;

#ifdef CONFIG_XEN_PV
	const struct cgdt_xen_pv_counts *cpus = &cgdt_xen_cpu_pool.port.counts;
	const struct cgdt_xen_pv_counts *heads = &cgdt_xen_head_pool.port.counts;

	set_gdts = atomic_read(&cgdt_set_gdts);
	switches = atomic_read(&cgdt_head_switches);
	introduced = atomic_read(&cgdt_introduced);
	resumes = atomic_read(&cgdt_resumes);
	descriptors = cpus->update_descriptor + cpus->batched + heads->update_descriptor +
		      heads->batched;
	mappings = cpus->update_va_mapping + heads->update_va_mapping;
#endif
	seq_printf(m, "COUNTS writes=%d refused=%d switches=%u introduced=%u set_gdt=%u "
		   "update_descriptor=%llu update_va_mapping=%llu failsafe=%u resumes=%u "
		   "moves=%d\n",
		   atomic_read(&cgdt_writes), atomic_read(&cgdt_refused), switches, introduced,
		   set_gdts, descriptors, mappings, READ_ONCE(cgdt_failsafes), resumes,
		   atomic_read(&cgdt_moves));
}

static void show_pages(struct seq_file *m)
{
	struct cgdt_pool_stats cpus, heads = {.mapped_pages = 0};
	size_t supplies = cgdt_supply_bytes(&cgdt_cpu_supply);

	cgdt_stats(cgdt_cpus, &cpus, sizeof(cpus));
#ifdef CONFIG_XEN_PV
	if (cgdt_heads)
		cgdt_stats(cgdt_heads, &heads, sizeof(heads));
	supplies += cgdt_supply_bytes(&cgdt_head_supply);
#endif
	seq_printf(m, "PAGES gdt_pages=%u mapped=%u held=%u bookkeeping_bytes=%zu thread_pages=%u "
		   "thread_slots=%u thread_bookkeeping_bytes=%zu supply_bytes=%zu\n",
		   cpus.mapped_pages + cpus.common_pages, cpus.mapped_pages, cpus.held_pages,
		   cpus.bookkeeping_bytes, heads.mapped_pages, heads.taken_slots,
		   heads.bookkeeping_bytes, supplies);
}

/* Who should move next. */
static void show_crowded(struct seq_file *m)
{
	uint32_t cpu;

	if (cgdt_cpu_crowded(cgdt_cpus, 0, NULL, &cpu))
		seq_puts(m, "CROWDED cpu=-\n");
	else
		seq_printf(m, "CROWDED cpu=%u\n", cpu);
}

static int show(struct seq_file *m, void *v)
{
	const struct cgdt_layout *layout = cgdt_pool_layout(cgdt_cpus);
	unsigned int cpu;

	seq_printf(m, "LINUX host=%s layout=%s slot_entries=%u colors=%u\n",
		   xen_pv_domain() ? "linux-xen" : "linux", layout->common ? "common" : "page",
		   layout->slot_entries, cgdt_colors(layout));
	show_map(m);
	cpus_read_lock();
	for_each_possible_cpu(cpu)
		show_cpu(m, cpu);
	cpus_read_unlock();
	show_crowded(m);
	show_pages(m);
	show_counts(m);
	return 0;
}

DEFINE_PER_CPU(unsigned int, cgdt_nmis);

/* Whether it is dead or not; comes back once it has taken it. That it survives is the point. */
static int send_nmi(unsigned int cpu)
{
	unsigned int before, waited;
	unsigned long flags;

	if (xen_pv_domain() || cpu >= nr_cpu_ids || !cpu_possible(cpu))
		return -EINVAL;
	before = READ_ONCE(per_cpu(cgdt_nmis, cpu));
	local_irq_save(flags);
	apic_icr_write(APIC_DM_NMI | APIC_DEST_PHYSICAL, per_cpu(x86_cpu_to_apicid, cpu));
	local_irq_restore(flags);
	for (waited = 0; READ_ONCE(per_cpu(cgdt_nmis, cpu)) == before; waited++) {
		if (waited == 30000)
			return -ETIMEDOUT;
		usleep_range(1000, 2000);
	}
	return 0;
}

static int set_limit(unsigned int limit)
{
	WRITE_ONCE(cgdt_cpu_supply.limit, limit);
	return 0;
}

static int trim_all(void)
{
	int trimmed = cgdt_trim(cgdt_cpus);

#ifdef CONFIG_XEN_PV
	if (trimmed >= 0 && cgdt_heads)
		trimmed = cgdt_trim(cgdt_heads);
#endif
	return trimmed < 0 ? trimmed : 0;
}

static int do_order(const char *order)
{
	unsigned int number;
	char name[32];

	if (!strcmp(order, "verify"))
		return cgdt_verify();
	if (!strcmp(order, "trim"))
		return trim_all();
	if (!strcmp(order, "move"))
		return cgdt_move_this_cpu();
	if (sscanf(order, "move %u", &number) == 1)
		return cgdt_move_cpu(number);
	if (sscanf(order, "limit %u", &number) == 1)
		return set_limit(number);
	if (sscanf(order, "nmi %u", &number) == 1)
		return send_nmi(number);
	if (sscanf(order, "control %31s", name) == 1)
		return cgdt_control_set(name);
	return -EINVAL;
}

static ssize_t write_order(struct file *file, const char __user *text, size_t bytes, loff_t *at)
{
	char order[64];
	int error;

	if (bytes >= sizeof(order))
		return -EINVAL;
	if (copy_from_user(order, text, bytes))
		return -EFAULT;
	order[bytes] = '\0';
	error = do_order(strim(order));
	return error ? error : bytes;
}

static int open_proc(struct inode *inode, struct file *file)
{
	return single_open(file, show, NULL);
}

static const struct proc_ops proc_ops = {
	.proc_open = open_proc,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
	.proc_write = write_order,
};

static int __init make_proc(void)
{
	return proc_create("cgdt", 0600, NULL, &proc_ops) ? 0 : -ENOMEM;
}
late_initcall(make_proc);
