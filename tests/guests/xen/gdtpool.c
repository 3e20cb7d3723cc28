/* SPDX-License-Identifier: MIT */
/* The pool over the xen_pv port: hypercalls, pages, locks; and two ways to break it on purpose. */

#include "gdtpool.h"

#include "exit.h"
#include "hypercall.h"
#include "pages.h"
#include "tables.h"
#include "vcpu.h"

#define NONE UINT32_MAX

static uint64_t supply[MAX_VCPUS][CGDT_PAGE_ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static uint16_t free_pages[MAX_VCPUS]; /* a stack: the page that came back last goes out first */
static uint32_t nr_free;
static void *views[MAX_VCPUS];
static uint8_t memory[512 * 1024] __attribute__((aligned(CGDT_POOL_ALIGN)));
static uint32_t locks[2];
static uint32_t unsealed_page = NONE;
static uint32_t break_in;

_Static_assert(sizeof(struct multicall_entry) == sizeof(struct cgdt_xen_pv_call), "one ABI");

/* Hypercalls. Xen refuses a machine address that is no multiple of 8. */

static bool is_to_break(void)
{
    return break_in != 0 && --break_in == 0;
}

static int64_t update_va_mapping(void *ctx, uint64_t va, uint64_t pte, uint64_t flags)
{
    (void)ctx;
    return xen_update_va_mapping(va, pte, flags);
}

static int64_t update_descriptor(void *ctx, uint64_t machine_address, uint64_t descriptor)
{
    (void)ctx;
    if (is_to_break())
        machine_address |= 4;
    return xen_update_descriptor(machine_address, descriptor);
}

static int64_t multicall(void *ctx, struct cgdt_xen_pv_call *calls, uint32_t n)
{
    (void)ctx;
    if (is_to_break())
        calls[n / 2].args[0] |= 4;
    return xen_multicall((void *)calls, n);
}

static uint64_t virt_to_mfn(void *ctx, const void *page)
{
    (void)ctx;
    return page_mfn(page);
}

/* Pages. They go out from the end of the array, and are dirty: nothing may rely on their order or contents. */

static void *page_get(void *ctx, uint32_t page)
{
    (void)ctx;
    (void)page;
    if (nr_free == 0)
        return NULL;
    return supply[free_pages[--nr_free]];
}

static void page_put(void *ctx, uint32_t page, void *at)
{
    (void)ctx;
    views[page] = NULL;
    free_pages[nr_free++] = (uint16_t)gdtpool_supply_index(at);
}

static void fill_supply(void)
{
    for (uint32_t i = 0; i < MAX_VCPUS; i++) {
        free_pages[i] = (uint16_t)i;
        supply[i][i % CGDT_PAGE_ENTRIES] = ~(uint64_t)0;
    }
    nr_free = MAX_VCPUS;
}

uint32_t gdtpool_pages_out(void)
{
    return MAX_VCPUS - nr_free;
}

int32_t gdtpool_supply_index(const void *page)
{
    const uintptr_t offset = (uintptr_t)page - (uintptr_t)supply;

    return offset < sizeof(supply) && offset % PAGE_SIZE == 0 ? (int32_t)(offset / PAGE_SIZE) : -1;
}

/* Locks. Waiting means to let the holder run: it may share this processor. */

static void lock(void *ctx, enum cgdt_xen_pv_lock which)
{
    (void)ctx;
    while (__atomic_exchange_n(&locks[which], 1, __ATOMIC_ACQUIRE) != 0)
        xen_yield();
}

static void unlock(void *ctx, enum cgdt_xen_pv_lock which)
{
    (void)ctx;
    __atomic_store_n(&locks[which], 0, __ATOMIC_RELEASE);
}

static const struct cgdt_xen_pv_ops ops = {
    .update_va_mapping = update_va_mapping,
    .update_descriptor = update_descriptor,
    .multicall = multicall,
    .virt_to_mfn = virt_to_mfn,
    .page_get = page_get,
    .page_put = page_put,
    .lock = lock,
    .unlock = unlock,
};

struct cgdt_xen_pv gdtpool_xen = {.ops = &ops};

/* The port, with a look at what it does. */

static int watched_map(void *ctx, uint32_t page, void **view)
{
    const int error = cgdt_xen_pv_port.map(ctx, page, view);

    if (error == 0)
        views[page] = *view;
    return error;
}

static int watched_seal(void *ctx, uint32_t page, void **view)
{
    return page == unsealed_page ? 0 : cgdt_xen_pv_port.seal(ctx, page, view);
}

static struct cgdt_port port;

void gdtpool_skip_seal(uint32_t page)
{
    unsealed_page = page;
}

void gdtpool_break_write(uint32_t n)
{
    break_in = n;
}

void *gdtpool_view(uint32_t page)
{
    return views[page];
}

struct cgdt_pool *gdtpool_init(const struct args *args)
{
    const struct cgdt_config config = {
        .port = &port,
        .port_ctx = &gdtpool_xen,
        .layout = {.slot_entries = (uint16_t)args->slot_entries,
                   .reserved_entry = CGDT_XEN_RESERVED_ENTRY,
                   .window_pages = (uint8_t)args->window_pages,
                   .mode = CGDT_PAGED},
        .profile = CGDT_XEN_PV64,
        .max_cpus = args->nr,
        .template_descs = tables_template,
        .template_entries = TEMPLATE_ENTRIES,
    };
    struct cgdt_pool *pool;

    fill_supply();
    port = cgdt_xen_pv_port;
    port.map = watched_map;
    port.seal = watched_seal;
    const int error = cgdt_pool_init(&pool, memory, sizeof(memory), &config);
    if (error != 0)
        guest_fatal("cgdt_pool_init", error);
    return pool;
}
