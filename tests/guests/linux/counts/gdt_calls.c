// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/gdt_calls: how often this kernel has called Xen's set_gdt and update_descriptor, alone or
 * in a batch, how many different frames its calls of set_gdt have named, and how often Xen has
 * called back because a segment could not be loaded. It counts from the first call on, long before
 * there is an allocator or a lock.
 */
#include <linux/atomic.h>
#include <linux/init.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include <asm/desc_defs.h>
#include <asm/gdt_calls.h>
#include <asm/page.h>
#include <xen/interface/xen.h>

#define MOST_FRAMES 1024
#define PAGE_DESCRIPTORS (PAGE_SIZE / sizeof(struct desc_struct))

/* xen_failsafe_callback() counts here, before there is a stack to speak of. */
unsigned int gdt_calls_failsafes;

static atomic_t set_gdts;
static atomic_t update_descriptors;
static unsigned long frames_named[MOST_FRAMES]; /* those there are come first; 0: none */
static atomic_t frames_beyond;                  /* not there for want of room */

static void name_frame(unsigned long frame)
{
	unsigned int i;

	for (i = 0; i < MOST_FRAMES; i++) {
		const unsigned long old = cmpxchg(&frames_named[i], 0, frame);

		if (!old || old == frame)
			return;
	}
	atomic_inc(&frames_beyond);
}

void gdt_calls_set_gdt(const unsigned long *frames, int entries)
{
	int i;

	atomic_inc(&set_gdts);
	for (i = 0; i * (int)PAGE_DESCRIPTORS < entries; i++)
		name_frame(frames[i]);
}

void gdt_calls_update_descriptor(void)
{
	atomic_inc(&update_descriptors);
}

void gdt_calls_batch(const void *calls, unsigned int n)
{
	const struct multicall_entry *call = calls;
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (call[i].op == __HYPERVISOR_set_gdt)
			gdt_calls_set_gdt((const unsigned long *)call[i].args[0],
					  call[i].args[1]);
		if (call[i].op == __HYPERVISOR_update_descriptor)
			gdt_calls_update_descriptor();
	}
}

static int show(struct seq_file *m, void *v)
{
	unsigned int frames = 0;

	while (frames < MOST_FRAMES && frames_named[frames])
		frames++;
	seq_printf(m, "COUNTS set_gdt=%d update_descriptor=%d frames=%u frames_beyond=%d "
		   "failsafe=%u\n", atomic_read(&set_gdts), atomic_read(&update_descriptors), frames,
		   atomic_read(&frames_beyond), READ_ONCE(gdt_calls_failsafes));
	return 0;
}

static int __init make_proc(void)
{
	return proc_create_single("gdt_calls", 0400, NULL, show) ? 0 : -ENOMEM;
}
late_initcall(make_proc);
