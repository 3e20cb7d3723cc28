// SPDX-License-Identifier: GPL-2.0-only
/*
 * Head pages: a thread with TLS descriptors has, in place of the common page, a page of its own
 * with the same descriptors and these, at the entries that its selectors say. A second pool, whose
 * slots are pages.
 */
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/workqueue.h>
#include <xen/xen.h>

#include "glue.h"

#define MOST_HEADS 4096 /* threads with TLS descriptors at a time */
#define KEPT_PAGES 8    /* for the next ones */

struct cgdt_pool *cgdt_heads;
struct cgdt_supply cgdt_head_supply;

void __init cgdt_heads_setup(void)
{
	struct cgdt_config config = {
		.struct_bytes = sizeof(config),
		.max_cpus = MOST_HEADS,
		.layout = {.slot_entries = CGDT_PAGE_ENTRIES, .window_pages = 1},
		.keep_pages = KEPT_PAGES,
		.template_descs = boot_gdt_page.gdt,
		.template_entries = GDT_ENTRY_DEFAULT_USER_CS + 1,
	};

	cgdt_supply_init(&cgdt_head_supply, MOST_HEADS);
	cgdt_xen_config(&config, &cgdt_xen_head_pool, &cgdt_head_supply);
	cgdt_heads = cgdt_pool_make(&config);
	if (cgdt_seal(cgdt_heads))
		panic("cgdt: the pool of head pages\n");
}

/*
 * Threads come and go: some time later all pages that are free by then go at once. Not while the
 * domain is being suspended, which looks at the pages that there are.
 */
static void trim(struct work_struct *work)
{
	(void)cgdt_trim(cgdt_heads);
}
static DECLARE_DELAYED_WORK(trim_work, trim);

/* A slot is a page, which is a window: its list is one frame. */
int cgdt_head_frame(cgdt_slot_t head, cgdt_frame_t *frame)
{
	cgdt_frame_t frames[CGDT_MAX_FRAMES];
	uint32_t n_frames, entries;
	const int error = cgdt_frames(cgdt_heads, head, frames, &n_frames, &entries);

	if (!error)
		*frame = frames[0];
	return error;
}

/* May sleep. */
int cgdt_head_get(struct thread_struct *t)
{
	cgdt_slot_t head;
	int error;

	if (!cgdt_heads || t->cgdt_head || cgdt_control(CGDT_CONTROL_NO_HEAD_PAGE))
		return 0;
	error = cgdt_alloc(cgdt_heads, &head);
	if (error) {
		cgdt_xen_complain(&cgdt_xen_head_pool);
		return -ENOMEM;
	}
	/* At once: a thread that runs has its own page loaded whenever preemption is on. */
	preempt_disable();
	t->cgdt_head = head;
	if (t == &current->thread)
		(void)cgdt_xen_load_tls(t);
	preempt_enable();
	return 0;
}

void cgdt_head_write(struct thread_struct *t)
{
	int error;

	if (!t->cgdt_head)
		return;
	error = cgdt_write(cgdt_heads, t->cgdt_head, GDT_ENTRY_TLS_MIN, t->tls_array,
			   GDT_ENTRY_TLS_ENTRIES);
	atomic_inc(&cgdt_writes);
	if (WARN_ONCE(error, "cgdt: head page %x: refused, %d\n", t->cgdt_head, error))
		atomic_inc(&cgdt_refused);
}

static bool has_tls(const struct thread_struct *t)
{
	unsigned int i;

	for (i = 0; i < GDT_ENTRY_TLS_ENTRIES; i++)
		if (!desc_empty(&t->tls_array[i]))
			return true;
	return false;
}

int cgdt_head_fork(struct thread_struct *t)
{
	int error;

	if (!has_tls(t))
		return 0;
	error = cgdt_head_get(t);
	if (!error)
		cgdt_head_write(t);
	return error;
}

static void give_back(cgdt_slot_t head)
{
	const int error = cgdt_free(cgdt_heads, head);

	WARN_ONCE(error, "cgdt: head page %x stays: %d\n", head, error);
	queue_delayed_work(system_freezable_wq, &trim_work, HZ);
}

/* From the page of the thread that runs to the common page; preemption is off. */
cgdt_slot_t cgdt_head_leave(struct thread_struct *t)
{
	const cgdt_slot_t head = t->cgdt_head;

	t->cgdt_head = CGDT_NO_SLOT;
	(void)cgdt_xen_load_tls(t);
	return head;
}

void cgdt_head_free(cgdt_slot_t head)
{
	if (head)
		give_back(head);
}

/*
 * A thread that is dead can be somebody's for long, a zombie above all: its page goes now. Of one
 * that fork gives up nobody runs, and cgdt_head_put() has it.
 */
void cgdt_head_exit(struct thread_struct *t)
{
	if (t->cgdt_head && t == &current->thread)
		cgdt_tls_flush(t);
}

/* Of a thread that runs nowhere any more; from a softirq, too. */
void cgdt_head_put(struct thread_struct *t)
{
	if (t->cgdt_head)
		give_back(t->cgdt_head);
	t->cgdt_head = CGDT_NO_SLOT;
}
