// SPDX-License-Identifier: GPL-2.0-only
/* The CPUs' pool: set up in trap_init(), and how descriptors get into it. */
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <xen/xen.h>

#include "glue.h"

#define TEMPLATE_ENTRIES (GDT_ENTRY_DEFAULT_USER_CS + 1)

struct cgdt_pool *cgdt_cpus;
DEFINE_PER_CPU(cgdt_slot_t, cgdt_slot);
DEFINE_PER_CPU(struct desc_struct *, cgdt_rw) = boot_gdt_page.gdt;
DEFINE_PER_CPU(struct desc_struct *, cgdt_ro) = boot_gdt_page.gdt;
EXPORT_PER_CPU_SYMBOL_GPL(cgdt_rw);
EXPORT_PER_CPU_SYMBOL_GPL(cgdt_ro);
atomic_t cgdt_writes;
atomic_t cgdt_refused;
/* xen_failsafe_callback() counts here, before there is a stack to speak of. */
unsigned int cgdt_failsafes;

/* A pool whose memory stays for good; panics, as the kernel cannot go on without. */
struct cgdt_pool *__init cgdt_pool_make(struct cgdt_config *config)
{
	const size_t bytes = cgdt_pool_bytes(config);
	struct cgdt_pool *pool;
	int error = -ENOMEM;
	void *memory;

	memory = bytes ? memblock_alloc(bytes, CGDT_POOL_ALIGN) : NULL;
	if (memory)
		error = cgdt_pool_init(&pool, memory, bytes, config);
	if (error)
		panic("cgdt: no pool of %zu bytes: %d\n", bytes, error);
	return pool;
}

static void __init configure(struct cgdt_config *config)
{
	*config = (struct cgdt_config){
		.struct_bytes = sizeof(*config),
		.max_cpus = nr_cpu_ids,
		.layout = {.slot_entries = GDT_ENTRIES},
		.keep_pages = 1,
	};
	cgdt_supply_init(&cgdt_cpu_supply, DIV_ROUND_UP(nr_cpu_ids, PAGE_SIZE / GDT_SIZE));
#ifdef CONFIG_XEN_PV
	if (xen_pv_domain()) {
		config->layout.common = true;
		cgdt_xen_config(config, &cgdt_xen_cpu_pool, &cgdt_cpu_supply);
		cgdt_xen_cpu_pool.has_cpus = true;
		return;
	}
#endif
	config->template_descs = boot_gdt_page.gdt;
	config->template_entries = TEMPLATE_ENTRIES;
	cgdt_native_config(config);
}

/*
 * Pages come from memblock as yet, and CPU 0 is the only one. It has to be on its slot before its
 * TSS is loaded, which comes next: the boot table has none.
 */
void __init cgdt_setup(void)
{
	struct cgdt_config config;
	struct cgdt_pool *pool;
	int error;

	configure(&config);
	pool = cgdt_pool_make(&config);
	cgdt_cpus = pool;
	if (config.layout.common)
		error = cgdt_write_common(pool, 0, boot_gdt_page.gdt, TEMPLATE_ENTRIES);
	else
		error = 0;
	if (!error)
		error = cgdt_cpu_online(pool, 0, NULL);
	if (!error)
		error = cgdt_seal(pool);
	if (!error)
		error = cgdt_cpu_take_slot(0);
	if (error)
		panic("cgdt: no slot for the boot CPU: %d\n", error);
#ifdef CONFIG_XEN_PV
	if (xen_pv_domain())
		cgdt_heads_setup();
#endif
	if (!cgdt_control(CGDT_CONTROL_LTR_FIRST))
		load_direct_gdt(0);
}

/* Whose table it is; -1: nobody's, the boot table. */
static int owner_of(const struct desc_struct *gdt)
{
	const int here = raw_smp_processor_id();
	int cpu;

	if (gdt == boot_gdt_page.gdt)
		return -1;
	if (gdt == per_cpu(cgdt_rw, here))
		return here;
	for_each_possible_cpu(cpu)
		if (gdt == per_cpu(cgdt_rw, cpu))
			return cpu;
	return -1;
}

void cgdt_write_slot(unsigned int cpu, unsigned int first, const void *desc, unsigned int n)
{
	const int error = cgdt_write(cgdt_cpus, per_cpu(cgdt_slot, cpu), first, desc, n);

	atomic_inc(&cgdt_writes);
	if (WARN_ONCE(error, "cgdt: CPU %u, entry %u: refused, %d\n", cpu, first, error))
		atomic_inc(&cgdt_refused);
}

void cgdt_write_entry(struct desc_struct *gdt, int entry, const void *desc, unsigned int n)
{
	const int cpu = owner_of(gdt);
	u64 aligned[2] = {0, 0};

	if (cpu < 0) {
		memcpy(&gdt[entry], desc, n * sizeof(*gdt));
		return;
	}
	if (cpu == raw_smp_processor_id())
		cgdt_unpark();
	memcpy(aligned, desc, n * sizeof(aligned[0]));
	cgdt_write_slot(cpu, entry, aligned, n);
}

static bool is_same(const struct desc_struct *a, const struct desc_struct *b)
{
	return *(const u64 *)a == *(const u64 *)b;
}

/*
 * What differs, if anything: most threads have no TLS descriptors and most others have one, so most
 * switches change nothing and most others one entry.
 */
static void write_tls(unsigned int cpu, const struct desc_struct *tls)
{
	const struct desc_struct *now = &per_cpu(cgdt_ro, cpu)[GDT_ENTRY_TLS_MIN];
	unsigned int first = 0, end = GDT_ENTRY_TLS_ENTRIES;

	while (first < end && is_same(&now[first], &tls[first]))
		first++;
	while (end > first && is_same(&now[end - 1], &tls[end - 1]))
		end--;
	if (first < end)
		cgdt_write_slot(cpu, GDT_ENTRY_TLS_MIN + first, &tls[first], end - first);
}

void cgdt_native_load_tls(const struct desc_struct *tls, unsigned int cpu)
{
	static struct desc_struct nowhere[GDT_ENTRY_TLS_ENTRIES];

	if (cgdt_control(CGDT_CONTROL_OLD_TABLE) || !per_cpu(cgdt_slot, cpu))
		memcpy(nowhere, tls, sizeof(nowhere));
	else
		write_tls(cpu, tls);
}

/*
 * A stock kernel leaves a thread's descriptors in the table until the next switch. Here a table has
 * what its thread has whenever preemption is on: verify.c relies on it.
 */
void cgdt_tls_flush(struct thread_struct *t)
{
#ifdef CONFIG_XEN_PV
	if (xen_pv_domain()) {
		cgdt_slot_t head;

		preempt_disable();
		memset(t->tls_array, 0, sizeof(t->tls_array));
		head = cgdt_head_leave(t);
		preempt_enable();
		cgdt_head_free(head);
		return;
	}
#endif
	preempt_disable();
	memset(t->tls_array, 0, sizeof(t->tls_array));
	cgdt_native_load_tls(t->tls_array, smp_processor_id());
	preempt_enable();
}

struct desc_struct *cgdt_user_table(void)
{
#ifdef CONFIG_XEN_PV
	if (xen_pv_domain())
		return cgdt_xen_user_table();
#endif
	return get_current_gdt_ro();
}
