/* SPDX-License-Identifier: MIT */
/* A Linux module with the library in it. The test builds it; nobody loads it. */
#include <cgdt/cgdt.h>
#include <cgdt/port/fixed.h>
#include <cgdt/port/lgdt.h>
#include <cgdt/port/native.h>
#include <cgdt/port/xen_pv.h>

#include <linux/module.h>
#include <linux/objtool.h>
#include <asm/segment.h>

static cgdt_desc_t pages[1][CGDT_PAGE_ENTRIES] __aligned(4096);
static unsigned char memory[2048] __aligned(CGDT_POOL_ALIGN);
static struct cgdt_fixed fixed = {.pages = pages, .count = 1};
static struct cgdt_pool *pool;

static const struct cgdt_config config = {
    .struct_bytes = sizeof(struct cgdt_config),
    .port = &cgdt_fixed_port,
    .port_ctx = &fixed,
    .layout = {.slot_entries = 32, .window_pages = 1, .reserved_entry = CGDT_XEN_RESERVED_ENTRY},
    .profile = CGDT_PROFILE_XEN_PV64,
    .max_cpus = 16,
};

void consumer_use_slot(const struct cgdt_pseudo_descriptor *gdtr, uintptr_t writable);

/* Nobody calls it: only objtool looks at it. */
noinline void consumer_use_slot(const struct cgdt_pseudo_descriptor *gdtr, uintptr_t writable)
{
    cgdt_lgdt_with_tss(gdtr, writable, GDT_ENTRY_TSS * 8);
    cgdt_load_cs(__KERNEL_CS);
}
/* Else objtool warns of the far return in cgdt_load_cs(). */
STACK_FRAME_NON_STANDARD(consumer_use_slot);

static int __init consumer_init(void)
{
    int code = cgdt_pool_init(&pool, memory, sizeof(memory), &config);

    return code != 0 ? code : cgdt_seal(pool);
}

static void __exit consumer_exit(void)
{
    WARN_ON(cgdt_pool_destroy(pool) != 0);
}

module_init(consumer_init);
module_exit(consumer_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("Nothing but cgdt, to see that it builds");
