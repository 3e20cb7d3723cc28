/* SPDX-License-Identifier: MIT */
/* The pool over the xen_pv port: hypercalls, pages, locks. */

#include "gdtpool.h"

#include "descriptors.h"
#include "exit.h"
#include "hypercall.h"
#include "pages.h"
#include "segment.h"
#include "tables.h"
#include "vcpu.h"

static uint64_t supply[MAX_VCPUS][CGDT_PAGE_ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static uint16_t free_pages[MAX_VCPUS]; /* a stack: the page that came back last goes out first */
static uint32_t nr_free;
static uint8_t memory[512 * 1024] __attribute__((aligned(CGDT_POOL_ALIGN)));
static uint32_t locks[2];
static int (*quiesce_asks)(uint32_t cpu);
static struct gdtpool_counts counts;

_Static_assert(sizeof(struct multicall_entry) == sizeof(struct cgdt_xen_pv_call), "one ABI");

/* Hypercalls. */

static int64_t update_va_mapping(void *ctx, uint64_t va, uint64_t pte, uint64_t flags)
{
    (void)ctx;
    return xen_update_va_mapping(va, pte, flags);
}

static int64_t update_descriptor(void *ctx, uint64_t machine_address, uint64_t descriptor)
{
    (void)ctx;
    return xen_update_descriptor(machine_address, descriptor);
}

static int64_t multicall(void *ctx, struct cgdt_xen_pv_call *calls, uint32_t n)
{
    (void)ctx;
    return xen_multicall((void *)calls, n);
}

static uint64_t virt_to_mfn(void *ctx, const void *page)
{
    (void)ctx;
    return page_mfn(page);
}

/* Frames are named in the GDT of whoever maps them. */

static struct cgdt_xen_pv_gdt loaded[MAX_DRIVERS];

void gdtpool_uses(uint32_t vcpu, const cgdt_frame_t *frames, uint32_t entries)
{
    loaded[vcpu].entries = entries;
    loaded[vcpu].n_frames = (entries + CGDT_PAGE_ENTRIES - 1) / CGDT_PAGE_ENTRIES;
    for (uint32_t i = 0; i < loaded[vcpu].n_frames; i++)
        loaded[vcpu].frames[i] = frames[i];
}

/* vCPU 0 begins without a table; %fs says nothing then. */
static uint32_t this_vcpu(void)
{
    uint64_t id = FS_MARK;

    if (loaded[0].entries != 0)
        (void)read_fs_u64(&id);
    return (uint32_t)(id & ~FS_MARK);
}

/* Both lists in one multicall, which goes on when the first is refused. */
static int set_gdt_and_back(const struct cgdt_xen_pv_gdt *own, const struct cgdt_xen_pv_gdt *with)
{
    struct multicall_entry calls[2] = {
        {.op = HYPERVISOR_set_gdt, .args = {(uintptr_t)with->frames, with->entries}},
        {.op = HYPERVISOR_set_gdt, .args = {(uintptr_t)own->frames, own->entries}}};
    const int64_t error = xen_multicall(calls, 2);

    if (error != 0 || calls[1].result != 0)
        guest_fatal("set_gdt to a vCPU's own frames", calls[1].result);
    return (int)calls[0].result;
}

static int64_t set_gdt(void *ctx, const cgdt_frame_t *frames, uint32_t entries)
{
    (void)ctx;
    return xen_set_gdt(frames, entries);
}

static int introduce(void *ctx, uint64_t frame)
{
    const uint32_t vcpu = this_vcpu();
    const struct cgdt_xen_pv_gdt *own = &loaded[vcpu];
    struct cgdt_xen_pv_gdt with;

    counts.introduced++;
    if (vcpu % 2 != 0)
        return cgdt_xen_pv_introduce(own, (cgdt_frame_t)frame, set_gdt, ctx);
    const int error = cgdt_xen_pv_gdt_with(own, (cgdt_frame_t)frame, &with);
    return error != 0 ? error : set_gdt_and_back(own, &with);
}

/*
 * In one multicall with what makes the page read-only. The odd vCPUs do all of it by a hypercall
 * each, with cgdt_xen_pv_introduce(): so both ways are seen.
 */
static int introduce_with(void *ctx, const struct cgdt_xen_pv_call *first, uint64_t frame)
{
    const uint32_t vcpu = this_vcpu();

    if (vcpu % 2 == 0) {
        counts.introduced++;
        return cgdt_xen_pv_introduce_with(&loaded[vcpu], first, (cgdt_frame_t)frame, multicall,
                                          ctx);
    }
    const int64_t error = call_again(first);
    return error < 0 ? (int)error : introduce(ctx, frame);
}

/*
 * Pages. They go out from the end of the array, and are dirty: nothing may rely on their order or
 * contents.
 */

static void *page_get(void *ctx, uint32_t page)
{
    (void)ctx;
    (void)page;
    if (nr_free == 0)
        return NULL;
    counts.grown++;
    if (gdtpool_pages_out() + 1 > counts.most_out)
        counts.most_out = gdtpool_pages_out() + 1;
    return supply[free_pages[--nr_free]];
}

static void page_put(void *ctx, uint32_t page, void *at)
{
    (void)ctx;
    (void)page;
    free_pages[nr_free++] = (uint16_t)gdtpool_supply_index(at);
}

uint64_t *gdtpool_supply_page(uint32_t index)
{
    return supply[index];
}

void gdtpool_fill_supply(void)
{
    if (nr_free != 0)
        return;
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

bool gdtpool_supply_is_writable(void)
{
    for (uint32_t i = 0; i < MAX_VCPUS; i++)
        if (try_store((uintptr_t *)&supply[i][i % CGDT_PAGE_ENTRIES], i) != 0)
            return false;
    return nr_free == MAX_VCPUS;
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

static int quiesce(void *ctx, uint32_t cpu)
{
    (void)ctx;
    return quiesce_asks == NULL ? 0 : quiesce_asks(cpu);
}

static const void *mfn_to_virt(void *ctx, uint64_t frame)
{
    (void)ctx;
    return page_of_any_mfn(frame);
}

static bool is_writable(void *ctx, const void *page)
{
    (void)ctx;
    return page_is_writable(page);
}

static const struct cgdt_xen_pv_ops ops = {
    .update_va_mapping = update_va_mapping,
    .update_descriptor = update_descriptor,
    .multicall = multicall,
    .virt_to_mfn = virt_to_mfn,
    .page_get = page_get,
    .page_put = page_put,
    .introduce = introduce,
    .introduce_with = introduce_with,
    .mfn_to_virt = mfn_to_virt,
    .is_writable = is_writable,
    .lock = lock,
    .unlock = unlock,
    .quiesce = quiesce,
};

struct cgdt_xen_pv gdtpool_xen = {.ops = &ops};

void gdtpool_on_quiesce(int (*asked)(uint32_t cpu))
{
    quiesce_asks = asked;
}

struct gdtpool_counts gdtpool_counts(void)
{
    return counts;
}

struct cgdt_pool *gdtpool_init(const struct args *args, const struct cgdt_port *port)
{
    static struct cgdt_profile_room room;
    const struct cgdt_config config = {
        .struct_bytes = sizeof(struct cgdt_config),
        .port = port,
        .port_ctx = &gdtpool_xen,
        .layout = {.slot_entries = (uint16_t)args->slot_entries,
                   .reserved_entry = CGDT_XEN_RESERVED_ENTRY,
                   .window_pages = (uint8_t)args->window_pages,
                   .common = args->common,
                   .mode = CGDT_MODE_PAGED},
        .profile = guest_profile(&room, pages_xen_start()),
        .max_cpus = args->nr,
        .template_descs = tables_template,
        /* What is measured writes a table as a whole. */
        .template_entries = args->common || args->mode == MODE_MEASURE ? 0 : TEMPLATE_ENTRIES,
    };
    struct cgdt_pool *pool;

    gdtpool_fill_supply();
    int error = cgdt_pool_init(&pool, memory, sizeof(memory), &config);
    if (error != 0)
        guest_fatal("cgdt_pool_init", error);
    if (args->common)
        error = cgdt_write_common(pool, 0, tables_template, TEMPLATE_ENTRIES);
    if (error != 0)
        guest_fatal("cgdt_write_common", error);
    return pool;
}
