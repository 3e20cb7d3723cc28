/* SPDX-License-Identifier: MIT */
/*
 * The template of docs/porting, the ports that need no hypervisor, and what the self-test for ports
 * says of ports that break one rule each.
 */
#define _GNU_SOURCE
#include <cgdt/cgdt.h>
#include <cgdt/port/fixed.h>
#include <cgdt/port/native_aliased.h>

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conform.h"
#include "my_port.h"

#define PAGES       4u
#define BYTES       (PAGES * 4096u)
#define FIRST_FRAME 0x100000u /* at 4 GiB: also where a pointer has 32 bits */

/* ---- a kernel for the template ---- */

static char *memory_rw;
static char *memory_ro;
static bool page_used[PAGES];
static bool cpu_is_off;
static int maps; /* read-only mappings that exist */

static void two_maps(char **rw, char **ro)
{
    const int fd = memfd_create("physical", 0);

    cr_assert(fd >= 0 && ftruncate(fd, BYTES) == 0);
    *rw = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    *ro = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, fd, 0);
    cr_assert(*rw != MAP_FAILED && *ro != MAP_FAILED);
    (void)close(fd);
}

void *kernel_page_alloc(void)
{
    for (uint32_t i = 0; i < PAGES; i++) {
        if (!page_used[i]) {
            page_used[i] = true;
            return memory_rw + i * 4096;
        }
    }
    return NULL;
}

void kernel_page_free(void *page)
{
    page_used[((char *)page - memory_rw) / 4096] = false;
}

void *kernel_map_read_only(void *page)
{
    maps++;
    return memory_ro + ((char *)page - memory_rw);
}

void kernel_unmap(void *mapping)
{
    (void)mapping;
    maps--;
}

cgdt_frame_t kernel_frame_of(const void *page)
{
    return FIRST_FRAME + (uintptr_t)((const char *)page - memory_rw) / 4096;
}

bool kernel_cpu_is_off(uint32_t cpu)
{
    (void)cpu;
    return cpu_is_off;
}

void kernel_lock(void *lock)
{
    cr_assert_eq(*(uintptr_t *)lock, 0);
    *(uintptr_t *)lock = 1;
}

void kernel_unlock(void *lock)
{
    *(uintptr_t *)lock = 0;
}

static struct my_page my_pages[PAGES];
static struct my_port mine = {.pages = my_pages, .page_count = PAGES};

static void must_keep(const struct cgdt_port *port, void *ctx)
{
    const enum conform broken = conform_check(port, ctx);

    cr_assert_eq(broken, CONFORM_OK, "%s", conform_text(broken));
}

/* ---- ports that keep the contract ---- */

Test(porting, the_template_keeps_the_contract)
{
    two_maps(&memory_rw, &memory_ro);
    must_keep(&my_port, &mine);
    cr_assert_eq(maps, 0);
}

Test(porting, the_template_passes_on_the_kernels_frame)
{
    cgdt_frame_t frame = 0;
    void *view;

    two_maps(&memory_rw, &memory_ro);
    cr_assert_eq(my_port.map(&mine, 0, &view), 0);
    cr_assert_eq(my_port.map(&mine, 1, &view), 0);
    cr_assert_eq(my_port.frame(&mine, 1, view, &frame), 0);
    cr_assert_eq(frame, FIRST_FRAME + 1);
}

Test(porting, the_native_port_keeps_the_contract)
{
    struct cgdt_native native = {.bytes = BYTES, .page_count = PAGES};

    two_maps(&memory_rw, &memory_ro);
    native.pages = memory_rw;
    native.base = (uintptr_t)memory_rw;
    native.alias = (uintptr_t)memory_ro;
    must_keep(&cgdt_native_port, &native);
    native.poison = true;
    must_keep(&cgdt_native_port, &native);
}

/* Of the pages 0, 1, ... in falling order: no two at one distance. */
static char *aliases;

static void *alias_get(void *ctx, uint32_t page, void *at)
{
    void *alias = aliases + (PAGES - 1 - page) * 4096;

    (void)ctx;
    return mremap((char *)memory_ro + ((char *)at - memory_rw), 0, 4096,
                  MREMAP_MAYMOVE | MREMAP_FIXED, alias);
}

static void alias_put(void *ctx, uint32_t page, void *alias)
{
    (void)ctx;
    (void)page;
    cr_assert_eq(mprotect(alias, 4096, PROT_NONE), 0);
}

Test(porting, the_native_port_with_aliases_keeps_the_contract)
{
    static const struct cgdt_native_ops ops = {.alias_get = alias_get, .alias_put = alias_put};
    void *writable[PAGES] = {NULL};
    struct cgdt_native_aliased native = {.ops = &ops, .writable = writable, .page_count = PAGES};

    two_maps(&memory_rw, &memory_ro);
    aliases = mmap(NULL, BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(aliases, MAP_FAILED);
    native.pages = memory_rw;
    must_keep(&cgdt_native_aliased_port, &native);
    native.poison = true;
    must_keep(&cgdt_native_aliased_port, &native);
}

Test(porting, the_fixed_port_keeps_the_contract)
{
    static _Alignas(4096) cgdt_desc_t pages[PAGES][CGDT_PAGE_ENTRIES];
    struct cgdt_fixed fixed = {.pages = pages, .count = PAGES};

    must_keep(&cgdt_fixed_port, &fixed);
}

/* ---- the template under a pool, from the first page to the last ---- */

Test(porting, a_pool_runs_on_the_template)
{
    static _Alignas(CGDT_POOL_ALIGN) unsigned char bookkeeping[4096];
    const struct cgdt_config config = {
        .struct_bytes = sizeof(struct cgdt_config),
        .port = &my_port,
        .port_ctx = &mine,
        .layout = {.slot_entries = 16, .window_pages = 1, .mode = CGDT_MODE_NATIVE},
        .profile = CGDT_PROFILE_NATIVE64,
        .max_cpus = 64, /* two pages of 32 */
    };
    const cgdt_desc_t desc = cgdt_desc_data_flat(3);
    struct cgdt_pseudo_descriptor gdtr;
    struct cgdt_pool *pool;
    cgdt_slot_t slot = CGDT_NO_SLOT;

    two_maps(&memory_rw, &memory_ro);
    cr_assert_eq(cgdt_pool_init(&pool, bookkeeping, sizeof(bookkeeping), &config), 0);
    cr_assert_eq(cgdt_seal(pool), 0);
    for (uint32_t cpu = 0; cpu < 64; cpu++) {
        cr_assert_eq(cgdt_cpu_online(pool, cpu, &slot), 0);
        cr_assert_eq(cgdt_write(pool, slot, 5, &desc, 1), 0);
    }
    cr_assert_eq(cgdt_gdtr(pool, slot, &gdtr), 0);
    cr_assert_eq(gdtr.base, (uintptr_t)memory_ro + 63 * 128);
    cr_assert_eq(((const cgdt_desc_t *)gdtr.base)[5], desc);
    cr_assert_eq(my_port_writable(&mine, gdtr.base), (uintptr_t)memory_rw + 63 * 128);
    cr_assert_eq(my_port_writable(&mine, (uintptr_t)memory_rw), 0);
    cpu_is_off = false;
    cr_assert_eq(cgdt_cpu_offline(pool, 0), -CGDT_EBUSY);
    cpu_is_off = true;
    for (uint32_t cpu = 0; cpu < 64; cpu++)
        cr_assert_eq(cgdt_cpu_offline(pool, cpu), 0);
    cr_assert_eq(cgdt_trim(pool), 2);
    cr_assert_eq(cgdt_pool_destroy(pool), 0);
    cr_assert_eq(maps, 0);
    for (uint32_t i = 0; i < PAGES; i++)
        cr_assert_not(page_used[i]);
}

/* ---- ports that break one rule each: the fixed port with one operation replaced ---- */

static _Alignas(4096) cgdt_desc_t array[PAGES + 1][CGDT_PAGE_ENTRIES];
static struct cgdt_fixed under = {.pages = array, .count = PAGES};

static int fail_map(void *ctx, uint32_t page, void **view)
{
    return page == 0 ? cgdt_fixed_port.map(ctx, page, view) : -CGDT_ENOMEM;
}

static int skewed_map(void *ctx, uint32_t page, void **view)
{
    const int error = cgdt_fixed_port.map(ctx, page, view);

    *view = (char *)*view + 8;
    return error;
}

static int one_page_map(void *ctx, uint32_t page, void **view)
{
    (void)page;
    return cgdt_fixed_port.map(ctx, 0, view);
}

static int dirty_map(void *ctx, uint32_t page, void **view)
{
    const int error = cgdt_fixed_port.map(ctx, page, view);

    if (error == 0)
        ((cgdt_desc_t *)*view)[511] = 1;
    return error;
}

/* As a port that zeroes its pages once, at boot: those that come back are dirty. */
static uint32_t given;

static int worn_map(void *ctx, uint32_t page, void **view)
{
    const int error = cgdt_fixed_port.map(ctx, page, view);

    if (error == 0 && given++ >= 2)
        ((cgdt_desc_t *)*view)[511] = 1;
    return error;
}

static int one_frame(void *ctx, uint32_t page, const void *view, cgdt_frame_t *frame)
{
    (void)ctx;
    (void)page;
    (void)view;
    *frame = 7;
    return 0;
}

static int no_seal(void *ctx, uint32_t page, void **view)
{
    (void)ctx;
    (void)page;
    (void)view;
    return -CGDT_ENOMEM;
}

/* A mapping of another page. */
static int wrong_seal(void *ctx, uint32_t page, void **view)
{
    (void)ctx;
    (void)page;
    *view = array[PAGES];
    return 0;
}

static bool is_sealed;

static int noted_seal(void *ctx, uint32_t page, void **view)
{
    (void)ctx;
    (void)page;
    (void)view;
    is_sealed = true;
    return 0;
}

static int moving_frame(void *ctx, uint32_t page, const void *view, cgdt_frame_t *frame)
{
    const int error = cgdt_fixed_port.frame(ctx, page, view, frame);

    *frame += is_sealed ? 100 : 0;
    return error;
}

static int no_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    (void)ctx;
    (void)page;
    (void)view;
    (void)batch;
    return -5;
}

static int forgetful_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    struct cgdt_update update;

    (void)ctx;
    (void)page;
    for (int i = 0; i < 3 && cgdt_batch_next(batch, &update); i++)
        cgdt_store_descriptor((cgdt_desc_t *)(uintptr_t)view + update.entry, update.value);
    return 0;
}

static cgdt_desc_t *writable_there(void *ctx, uint32_t page, const void *view)
{
    (void)ctx;
    (void)page;
    return (cgdt_desc_t *)(uintptr_t)view;
}

static cgdt_desc_t *writable_elsewhere(void *ctx, uint32_t page, const void *view)
{
    static _Alignas(4096) cgdt_desc_t elsewhere[CGDT_PAGE_ENTRIES];

    (void)ctx;
    (void)page;
    (void)view;
    return elsewhere;
}

static cgdt_desc_t *writable_nowhere(void *ctx, uint32_t page, const void *view)
{
    (void)ctx;
    (void)page;
    (void)view;
    return NULL;
}

static int spilling_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    cgdt_desc_t *at = (cgdt_desc_t *)(uintptr_t)view;

    (void)ctx;
    (void)page;
    cgdt_batch_store(batch, at);
    at[batch->slot_offset + batch->count] = 1;
    return 0;
}

/* The four below are right for a batch of a whole slot on page 0. */
static int first_less_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    cgdt_desc_t *slot = (cgdt_desc_t *)(uintptr_t)view + batch->slot_offset;

    (void)ctx;
    (void)page;
    for (uint32_t i = 0; i < batch->count; i++)
        cgdt_store_descriptor(&slot[i], batch->values != NULL ? batch->values[i] : 0);
    return 0;
}

static int page_0_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    (void)ctx;
    (void)page;
    (void)view;
    cgdt_batch_store(batch, array[0]);
    return 0;
}

static int wiping_write(void *ctx, uint32_t page, const void *view, struct cgdt_batch *batch)
{
    cgdt_desc_t *slot = (cgdt_desc_t *)(uintptr_t)view + batch->slot_offset;

    (void)ctx;
    (void)page;
    for (uint32_t i = 0; i < 16; i++) {
        const uint32_t at = i - batch->first;
        const bool changes = batch->values != NULL && at < batch->count;

        cgdt_store_descriptor(&slot[i], changes ? batch->values[at] : 0);
    }
    return 0;
}

static int one_view_seal(void *ctx, uint32_t page, void **view)
{
    (void)ctx;
    (void)page;
    *view = array[0];
    return 0;
}

/* What the self-test says of the fixed port with the operations that are not NULL here. */
static enum conform verdict(const struct cgdt_port *changed)
{
    struct cgdt_port port = cgdt_fixed_port;

    if (changed->map != NULL)
        port.map = changed->map;
    if (changed->seal != NULL)
        port.seal = changed->seal;
    if (changed->unseal != NULL)
        port.unseal = changed->unseal;
    if (changed->frame != NULL)
        port.frame = changed->frame;
    if (changed->live_write != NULL)
        port.live_write = changed->live_write;
    port.writable = changed->writable;
    port.direct = port.direct && changed->writable == NULL;
    memset(array, 0, sizeof(array));
    is_sealed = false;
    given = 0;
    return conform_check(&port, &under);
}

#define BREAKS(rule, ...)                                                                          \
    cr_assert_eq(verdict(&(const struct cgdt_port){__VA_ARGS__}), rule, "not %s", #rule)

Test(porting, the_self_test_names_the_rule_that_is_broken)
{
    BREAKS(CONFORM_OK, .map = NULL);
    BREAKS(CONFORM_OK, .writable = writable_there);
    BREAKS(CONFORM_WRITTEN, .writable = writable_elsewhere);
    BREAKS(CONFORM_LIVE_WRITE, .writable = writable_nowhere);
    BREAKS(CONFORM_NO_PAGE, .map = fail_map);
    BREAKS(CONFORM_ALIGNED, .map = skewed_map);
    BREAKS(CONFORM_ZERO, .map = dirty_map);
    BREAKS(CONFORM_ZERO, .map = worn_map);
    BREAKS(CONFORM_DISTINCT, .map = one_page_map);
    BREAKS(CONFORM_DISTINCT, .frame = one_frame);
    BREAKS(CONFORM_SEAL, .seal = no_seal);
    BREAKS(CONFORM_SAME_CONTENTS, .seal = wrong_seal);
    BREAKS(CONFORM_SAME_FRAME, .seal = noted_seal, .frame = moving_frame);
    BREAKS(CONFORM_UNSEAL, .unseal = no_seal);
    BREAKS(CONFORM_LIVE_WRITE, .live_write = no_write);
    BREAKS(CONFORM_WRITTEN, .live_write = forgetful_write);
    BREAKS(CONFORM_NOTHING_ELSE, .live_write = spilling_write);
    BREAKS(CONFORM_NOTHING_ELSE, .live_write = first_less_write);
    BREAKS(CONFORM_NOTHING_ELSE, .live_write = page_0_write);
    BREAKS(CONFORM_NOTHING_ELSE, .live_write = wiping_write);
    BREAKS(CONFORM_DISTINCT, .seal = one_view_seal);
}

Test(porting, an_operation_that_is_missing_is_named)
{
    struct cgdt_port port = cgdt_fixed_port;

    port.frame = NULL;
    cr_assert_eq(conform_check(&port, &under), CONFORM_MISSING);
}

Test(porting, a_port_that_is_not_direct_must_have_a_live_write)
{
    struct cgdt_port port = cgdt_fixed_port;

    port.direct = false;
    cr_assert_eq(conform_check(&port, &under), CONFORM_MISSING);
}

Test(porting, a_lock_is_for_both_or_for_neither)
{
    struct cgdt_port port = cgdt_fixed_port;

    memset(array, 0, sizeof(array));
    port.lock = NULL;
    cr_assert_eq(conform_check(&port, &under), CONFORM_MISSING);
    port.unlock = NULL; /* for a serialized pool */
    must_keep(&port, &under);
    port.lock = cgdt_fixed_port.lock;
    cr_assert_eq(conform_check(&port, &under), CONFORM_MISSING);
}

Test(porting, every_verdict_has_a_sentence)
{
    for (int broken = CONFORM_OK; broken < CONFORM_LAST; broken++)
        cr_assert_not_null(conform_text((enum conform)broken));
}
