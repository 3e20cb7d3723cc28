// SPDX-License-Identifier: GPL-2.0-only
/*
 * The port on bare metal: pages are written in the direct map, and read where the CPU entry area
 * has a page for a GDT, which page-table isolation leaves mapped: page p of the pool where CPU p's
 * own would be.
 */
#include <cgdt/port/native_aliased.h>
#include <linux/memblock.h>
#include <linux/mutex.h>

#include <asm/cpu_entry_area.h>
#include <asm/tlbflush.h>

#include "glue.h"

static DEFINE_MUTEX(pages_lock);

static void *page_get(void *ctx, uint32_t page)
{
	return cgdt_supply_get(ctx, page);
}

static void page_put(void *ctx, uint32_t page, void *at)
{
	cgdt_supply_put(ctx, page, at);
}

static void *alias_get(void *ctx, uint32_t page, void *at)
{
	void *alias;

	if (page >= nr_cpu_ids || !cpu_possible(page))
		return NULL;
	alias = &get_cpu_entry_area(page)->gdt;
	cea_set_pte(alias, __pa(at), PAGE_KERNEL_RO);
	return alias;
}

static void alias_put(void *ctx, uint32_t page, void *alias)
{
	const unsigned long va = (unsigned long)alias;

	cea_set_pte(alias, 0, PAGE_NONE);
	flush_tlb_kernel_range(va, va + PAGE_SIZE);
}

static void lock_pages(void *ctx)
{
	mutex_lock(&pages_lock);
}

static void unlock_pages(void *ctx)
{
	mutex_unlock(&pages_lock);
}

static const struct cgdt_native_ops native_ops = {
	.page_get = page_get,
	.page_put = page_put,
	.alias_get = alias_get,
	.alias_put = alias_put,
	.quiesce = cgdt_cpu_parked,
	.lock = lock_pages,
	.unlock = unlock_pages,
};

static struct cgdt_native_aliased native = {.ops = &native_ops, .ctx = &cgdt_cpu_supply};

void __init cgdt_native_config(struct cgdt_config *config)
{
	native.page_count = cgdt_cpu_supply.count;
	native.writable = memblock_alloc(native.page_count * sizeof(void *), sizeof(void *));
	if (!native.writable)
		panic("cgdt: no memory for a list of pages\n");
	config->layout.mode = CGDT_MODE_NATIVE;
	config->layout.window_pages = 1;
	config->profile = pgtable_l5_enabled() ? CGDT_PROFILE_NATIVE64
					       : CGDT_PROFILE_NATIVE64_LA48;
	config->port = &cgdt_native_aliased_port;
	config->port_ctx = &native;
}

/* Of a slot that is owned, after the seal. */
void cgdt_native_tables(cgdt_slot_t slot, struct desc_struct **rw, struct desc_struct **ro)
{
	struct cgdt_pseudo_descriptor gdtr = {.base = 0};

	if (cgdt_gdtr(cgdt_cpus, slot, &gdtr))
		panic("cgdt: no table at slot %x\n", slot);
	*ro = (struct desc_struct *)gdtr.base;
	*rw = (struct desc_struct *)cgdt_native_aliased_writable(&native,
								 cgdt_pool_layout(cgdt_cpus), slot);
}
