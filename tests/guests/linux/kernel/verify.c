// SPDX-License-Identifier: GPL-2.0-only
/* Each CPU looks at its own table from inside, and cgdt_check() at all pages. */
#include <linux/cpu.h>
#include <linux/pgtable.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/topology.h>
#include <xen/xen.h>

#include <asm/cpu_entry_area.h>

#include "glue.h"

DEFINE_PER_CPU(struct desc_ptr, cgdt_seen);

static bool can_lar(u16 selector)
{
	unsigned int rights;
	bool ok;

	asm volatile("lar %2, %0" : "=r" (rights), "=@ccz" (ok) : "r" ((u32)selector));
	return ok;
}

static bool can_lsl(u16 selector, unsigned int *limit)
{
	bool ok;

	asm volatile("lsl %2, %0" : "=r" (*limit), "=@ccz" (ok) : "r" ((u32)selector));
	return ok;
}

static void expect(bool ok, const char *what, atomic_t *failures)
{
	if (ok)
		return;
	atomic_inc(failures);
	pr_err("cgdt: FAILED cpu=%d %s\n", raw_smp_processor_id(), what);
}

/*
 * The interrupt has come where preemption is off: the thread can be at changing its descriptors,
 * here or in exec, and the table is not what they are. (CONFIG_PREEMPT_COUNT; an idle thread has it
 * off always, and changes nothing.)
 */
static bool is_changing(void)
{
	return in_hardirq() && (preempt_count() & PREEMPT_MASK) && !is_idle_task(current);
}

static void check_thread(atomic_t *failures)
{
	const struct desc_struct *tls = current->thread.tls_array;
	unsigned int i;

	if (is_changing())
		return;
	for (i = 0; i < GDT_ENTRY_TLS_ENTRIES; i++)
		expect(can_lar((GDT_ENTRY_TLS_MIN + i) << 3 | 3) == !desc_empty(&tls[i]),
		       "TLS is not the thread's", failures);
#ifdef CONFIG_XEN_PV
	if (xen_pv_domain())
		expect(this_cpu_read(cgdt_xen_table.head) == current->thread.cgdt_head,
		       "another thread's head page", failures);
#endif
}

/* What user space and the kernel know by the same numbers on all CPUs. */
static void check_known(atomic_t *failures)
{
	unsigned int i;

	for (i = GDT_ENTRY_KERNEL32_CS; i <= GDT_ENTRY_DEFAULT_USER_CS; i++)
		expect(can_lar(i << 3), "a segment of the kernel's is not there", failures);
	expect(!can_lar(0), "entry 0 is not empty", failures);
	expect(!can_lar(7 << 3), "entry 7 is not empty", failures);
}

static void check_number(u16 selector, atomic_t *failures)
{
	const int cpu = raw_smp_processor_id();
	unsigned int limit = 0;

	expect(can_lsl(selector, &limit) && limit == vdso_encode_cpunode(cpu, cpu_to_node(cpu)),
	       "the CPU number is not its own", failures);
}

static bool is_read_only_alias(const struct desc_struct *ro, const struct desc_struct *rw)
{
	unsigned int level;
	const pte_t *pte = lookup_address((unsigned long)ro, &level);

	return pte && level == PG_LEVEL_4K && pte_present(*pte) && !pte_write(*pte) &&
	       pte_pfn(*pte) == PFN_DOWN(__pa(rw));
}

static void check_native(atomic_t *failures)
{
	const struct desc_ptr *seen = this_cpu_ptr(&cgdt_seen);
	struct cgdt_pseudo_descriptor gdtr = {.base = 0};

	expect(!cgdt_gdtr(cgdt_cpus, this_cpu_read(cgdt_slot), &gdtr), "no slot", failures);
	expect(seen->address == gdtr.base && seen->size == gdtr.limit,
	       "GDTR is not the slot's", failures);
	expect((u64)get_current_gdt_ro() == gdtr.base, "its pointers are not the slot's", failures);
	expect(is_read_only_alias(get_current_gdt_ro(), get_current_gdt_rw()),
	       "the table can be written where the CPU reads it", failures);
	check_number(GDT_ENTRY_CPUNODE << 3 | 3, failures);
	expect(native_store_tr() == GDT_ENTRY_TSS << 3, "TR is not the TSS", failures);
	expect(!can_lar(GDT_ENTRIES << 3), "the table does not end with the slot", failures);
}

#ifdef CONFIG_XEN_PV
static void check_xen(atomic_t *failures)
{
	const struct cgdt_layout *layout = cgdt_pool_layout(cgdt_cpus);
	const struct cgdt_xen_table *table = this_cpu_ptr(&cgdt_xen_table);
	const cgdt_slot_t slot = this_cpu_read(cgdt_slot);
	const u16 first = cgdt_first_canonical(layout) << 3;
	const cgdt_canonical_t number = {first + (GDT_ENTRY_CPUNODE << 3 | 3)};
	const cgdt_canonical_t empty = {first + (7 << 3 | 3)};

	expect(table->on == CGDT_XEN_ON_SLOT, "not on its slot", failures);
	check_number(cgdt_to_local(layout, slot, number).selector, failures);
	expect(!can_lar(cgdt_to_local(layout, slot, empty).selector),
	       "entry 7 of the slot is not empty", failures);
	expect(!can_lar(GDT_ENTRY_CPUNODE << 3 | 3), "a number at the common entry 15", failures);
}
#endif

static void check_this_cpu(void *failures)
{
	struct desc_ptr *seen = this_cpu_ptr(&cgdt_seen);

	if (!xen_pv_domain() || !boot_cpu_has(X86_FEATURE_UMIP))
		native_store_gdt(seen);
	check_known(failures);
	check_thread(failures);
#ifdef CONFIG_XEN_PV
	if (xen_pv_domain()) {
		check_xen(failures);
		return;
	}
#endif
	check_native(failures);
}

/* A page that went back to Linux is not in the CPU entry area: the CPU finds none there. */
static void check_aliases(atomic_t *failures)
{
	unsigned int page;
	uint64_t taken;

	for (page = 0; page < cgdt_cpu_supply.count; page++) {
		const unsigned long alias = (unsigned long)&get_cpu_entry_area(page)->gdt;
		unsigned int level;
		const pte_t *pte = lookup_address(alias, &level);
		const bool present = pte && (pte_flags(*pte) & _PAGE_PRESENT);

		if (present == (cgdt_page_taken(cgdt_cpus, page, &taken) == 1))
			continue;
		atomic_inc(failures);
		pr_err("cgdt: FAILED page %u is %sin the CPU entry area\n", page,
		       present ? "" : "not ");
	}
}

static void check_pool(struct cgdt_pool *pool, const char *name, atomic_t *failures)
{
	struct cgdt_violation violation = {.window = 0};
	const int error = cgdt_check(pool, &violation);
	char line[240] = "";

	if (!error)
		return;
	atomic_inc(failures);
	cgdt_violation_text(&violation, line, sizeof(line));
	pr_err("cgdt: FAILED cgdt_check() of %s: %d, %s\n", name, error, line);
}

int cgdt_verify(void)
{
	atomic_t failures = ATOMIC_INIT(0);

	cpus_read_lock(); /* a CPU that goes has no slot for a while */
	on_each_cpu(check_this_cpu, &failures, 1);
	if (!xen_pv_domain())
		check_aliases(&failures);
	cpus_read_unlock();
	check_pool(cgdt_cpus, "the CPUs' pool", &failures);
#ifdef CONFIG_XEN_PV
	if (cgdt_heads)
		check_pool(cgdt_heads, "the pool of head pages", &failures);
#endif
	if (atomic_read(&cgdt_refused)) {
		pr_err("cgdt: FAILED %d writes were refused\n", atomic_read(&cgdt_refused));
		atomic_inc(&failures);
	}
	return atomic_read(&failures) ? -EIO : 0;
}
