// SPDX-License-Identifier: GPL-2.0-only
/* Pages for a pool: from memblock before there is a page allocator, and back to the latter. */
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "glue.h"

struct cgdt_supply cgdt_cpu_supply;

/* cgdt_limit=N: so many pages of slots for the CPUs. */
static int __init limit_param(char *text)
{
	return kstrtouint(text, 0, &cgdt_cpu_supply.limit);
}
early_param("cgdt_limit", limit_param);

void __init cgdt_supply_init(struct cgdt_supply *supply, unsigned int count)
{
	supply->count = count;
	supply->pages = memblock_alloc((count + 1) * sizeof(void *), sizeof(void *));
	if (!supply->pages)
		panic("cgdt: no memory for a list of %u pages\n", count);
}

size_t cgdt_supply_bytes(const struct cgdt_supply *supply)
{
	return supply->pages ? (supply->count + 1) * sizeof(void *) : 0;
}

static void **place_of(struct cgdt_supply *supply, uint32_t page)
{
	return &supply->pages[page == CGDT_COMMON_PAGE ? supply->count : page];
}

/* memblock_alloc() is gone after the boot, when slab_is_available() keeps us from it. */
static void *__ref new_page(void)
{
	if (slab_is_available())
		return (void *)__get_free_page(GFP_KERNEL);
	return memblock_alloc(PAGE_SIZE, PAGE_SIZE);
}

/* Under the pool's lock. */
void *cgdt_supply_get(struct cgdt_supply *supply, uint32_t page)
{
	void **place = place_of(supply, page);

	if (page != CGDT_COMMON_PAGE) {
		if (page >= supply->count || (supply->limit && supply->out >= supply->limit))
			return NULL;
	}
	*place = new_page();
	if (*place && page != CGDT_COMMON_PAGE)
		supply->out++;
	return *place;
}

/* Under the pool's lock. */
void cgdt_supply_put(struct cgdt_supply *supply, uint32_t page, void *at)
{
	*place_of(supply, page) = NULL;
	if (page != CGDT_COMMON_PAGE)
		supply->out--;
	if (PageReserved(virt_to_page(at)))
		free_reserved_page(virt_to_page(at));
	else
		free_page((unsigned long)at);
}
