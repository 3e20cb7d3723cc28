// SPDX-License-Identifier: GPL-2.0-only
/* What cgdt's Xen port asks of the kernel, for both pools: hypercalls, frames, locks. */
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pgtable.h>
#include <linux/printk.h>
#include <linux/spinlock.h>

#include <asm/xen/hypercall.h>
#include <asm/xen/page.h>

#include "glue.h"

struct cgdt_xen_pool cgdt_xen_cpu_pool;
struct cgdt_xen_pool cgdt_xen_head_pool;
atomic_t cgdt_introduced;

static int64_t update_va_mapping(void *ctx, uint64_t va, uint64_t pte, uint64_t flags)
{
	return HYPERVISOR_update_va_mapping(va, native_make_pte(pte), flags);
}

static int64_t update_descriptor(void *ctx, uint64_t machine_address, uint64_t descriptor)
{
	return HYPERVISOR_update_descriptor(machine_address, descriptor);
}

static int64_t multicall(void *ctx, struct cgdt_xen_pv_call *calls, uint32_t n)
{
	return HYPERVISOR_multicall(calls, n);
}

/* Both in the direct map, where the kernel has written the page until now. */
static uint64_t frame_of(void *ctx, const void *page)
{
	return pfn_to_mfn(PFN_DOWN(__pa(page)));
}

static void *page_get(void *ctx, uint32_t page)
{
	struct cgdt_xen_pool *pool = ctx;

	return cgdt_supply_get(pool->supply, page);
}

static void page_put(void *ctx, uint32_t page, void *at)
{
	struct cgdt_xen_pool *pool = ctx;

	cgdt_supply_put(pool->supply, page, at);
}

/* Here, with this vCPU's list as it is now: neither a migration nor a switch of threads between. */
int cgdt_xen_introduce(void *ctx, uint64_t frame)
{
	struct cgdt_xen_pv_gdt own;
	int error;

	preempt_disable();
	error = cgdt_xen_list(smp_processor_id(), &own);
	if (!error)
		error = cgdt_xen_pv_introduce(&own, frame, cgdt_xen_set_gdt, NULL);
	preempt_enable();
	atomic_inc(&cgdt_introduced);
	return error;
}

/* For finding out why Xen refuses a frame. */
static const void *page_of(void *ctx, uint64_t frame)
{
	const unsigned long pfn = mfn_to_pfn(frame);

	if (!pfn_valid(pfn) || pfn_to_mfn(pfn) != frame)
		return NULL;
	return __va(PFN_PHYS(pfn));
}

static bool is_writable(void *ctx, const void *page)
{
	unsigned int level;
	const pte_t *pte = lookup_address((unsigned long)page, &level);

	return pte && pte_write(*pte);
}

/* A thread's head page is freed in a softirq, and that may take the second lock. */
static void lock(void *ctx, enum cgdt_xen_pv_lock which)
{
	struct cgdt_xen_pool *pool = ctx;
	unsigned long flags;

	if (which == CGDT_XEN_PV_LOCK_PAGES) {
		mutex_lock(&pool->pages);
		return;
	}
	raw_spin_lock_irqsave(&pool->undo, flags);
	pool->undo_flags = flags;
}

static void unlock(void *ctx, enum cgdt_xen_pv_lock which)
{
	struct cgdt_xen_pool *pool = ctx;

	if (which == CGDT_XEN_PV_LOCK_PAGES)
		mutex_unlock(&pool->pages);
	else
		raw_spin_unlock_irqrestore(&pool->undo, pool->undo_flags);
}

static int quiesce(void *ctx, uint32_t cpu)
{
	const struct cgdt_xen_pool *pool = ctx;

	return pool->has_cpus ? cgdt_cpu_parked(ctx, cpu) : 0;
}

static const struct cgdt_xen_pv_ops xen_ops = {
	.update_va_mapping = update_va_mapping,
	.update_descriptor = update_descriptor,
	.multicall = multicall,
	.virt_to_mfn = frame_of,
	.page_get = page_get,
	.page_put = page_put,
	.introduce = cgdt_xen_introduce,
	.mfn_to_virt = page_of,
	.is_writable = is_writable,
	.lock = lock,
	.unlock = unlock,
	.quiesce = quiesce,
};

/* Down to where the pool's own layout begins, which the caller has filled in. */
void __init cgdt_xen_config(struct cgdt_config *config, struct cgdt_xen_pool *pool,
			    struct cgdt_supply *supply)
{
	mutex_init(&pool->pages);
	raw_spin_lock_init(&pool->undo);
	pool->supply = supply;
	pool->port.ops = &xen_ops;
	pool->port.ctx = pool;
	pool->port.pte_flags = _PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_DIRTY | (_PAGE_NX &
			       __supported_pte_mask);
	config->layout.mode = CGDT_MODE_PAGED;
	config->layout.reserved_entry = CGDT_XEN_RESERVED_ENTRY;
	if (!config->layout.window_pages)
		config->layout.window_pages = 13; /* and the common page */
	config->profile = CGDT_PROFILE_XEN_PV64;
	config->port = &cgdt_xen_pv_port;
	config->port_ctx = &pool->port;
}

/* Of the last page that Xen would not take as descriptors. */
void cgdt_xen_complain(const struct cgdt_xen_pool *pool)
{
	char line[240];

	if (pool->port.refusal.cause == CGDT_XEN_PV_NO_CAUSE)
		return;
	cgdt_xen_pv_refusal_text(&pool->port.refusal, line, sizeof(line));
	pr_err_ratelimited("cgdt: FAILED Xen refused a page: %s\n", line);
}
