/* SPDX-License-Identifier: MIT */
/* The library, and by hand. */

#include "ways.h"

#include "exit.h"
#include "gdtpool.h"
#include "hypercall.h"
#include "pages.h"

#define OWN_ENTRIES (ENTRY_EMPTY - ENTRY_CODE)

static const struct args *args;

static void demand(const char *what, int64_t error)
{
    if (error != 0)
        guest_fatal(what, error);
}

/* ENTRY_CODE .. ENTRY_NUMBER. */
static void build(uint32_t vcpu, cgdt_desc_t descs[OWN_ENTRIES])
{
    descs[0] = tables_template[ENTRY_CODE];
    descs[1] = tables_template[ENTRY_DATA];
    tables_build(vcpu, descs + (ENTRY_FS - ENTRY_CODE));
}

/* ---- the library -------------------------------------------------------------------------- */

static struct cgdt_pool *pool;
static cgdt_slot_t handles[MAX_VCPUS];

static void library_begin(const struct args *arguments)
{
    args = arguments;
    pool = gdtpool_init(args, &cgdt_xen_pv_port);
}

static void has(uint32_t vcpu, cgdt_slot_t slot)
{
    cpus[vcpu].slot = slot;
    cpus[vcpu].place = tables_place(slot);
}

/* A table is written as a whole: by one hypercall when the page is live, by none before. */
static uint32_t first_entry(void)
{
    return args->common ? ENTRY_FS : ENTRY_CODE;
}

static void library_boot(uint32_t nr)
{
    const uint32_t first = first_entry();
    cgdt_desc_t descs[OWN_ENTRIES];

    demand("cgdt_alloc_bulk", cgdt_alloc_bulk(pool, nr, handles));
    for (uint32_t vcpu = 0; vcpu < nr; vcpu++) {
        has(vcpu, handles[vcpu]);
        build(vcpu, descs);
        demand("cgdt_write", cgdt_write(pool, handles[vcpu], first - tables_first(),
                                        descs + (first - ENTRY_CODE), ENTRY_EMPTY - first));
    }
    demand("cgdt_seal", cgdt_seal(pool));
}

static void library_late(uint32_t vcpu)
{
    const uint32_t first = first_entry();
    cgdt_desc_t descs[OWN_ENTRIES];
    cgdt_slot_t slot = CGDT_NO_SLOT;

    build(vcpu, descs);
    demand("cgdt_cpu_online_with",
           cgdt_cpu_online_with(pool, vcpu, first - tables_first(), descs + (first - ENTRY_CODE),
                                ENTRY_EMPTY - first, &slot));
    has(vcpu, slot);
}

static void library_frames(uint32_t vcpu, cgdt_frame_t *frames, uint32_t *n, uint32_t *entries)
{
    demand("cgdt_frames", cgdt_frames(pool, cpus[vcpu].slot, frames, n, entries));
}

/* What a kernel keeps of a CPU's slot: where its TLS is read, and how its selectors are shifted. */
static struct {
    uint32_t first;
    const cgdt_desc_t *tls;
    struct cgdt_selector_shift shift;
} vcpu0;

static void library_begin_switches(void)
{
    const cgdt_slot_t slot = cpus[0].slot;
    const cgdt_desc_t *entry0 = NULL;

    vcpu0.first = ENTRY_TLS - tables_first();
    demand("cgdt_slot_view", cgdt_slot_view(pool, slot, &entry0));
    vcpu0.tls = entry0 + vcpu0.first;
    vcpu0.shift = cgdt_selector_shift_of(cgdt_pool_layout(pool), slot);
}

/* The page itself is the shadow copy to compare with. */
static uint16_t library_switch_in(const cgdt_desc_t tls[TLS_ENTRIES], uint16_t selector)
{
    const volatile cgdt_desc_t *now = vcpu0.tls;

    if (((now[0] ^ tls[0]) | (now[1] ^ tls[1]) | (now[2] ^ tls[2])) != 0)
        demand("cgdt_write", cgdt_write(pool, cpus[0].slot, vcpu0.first, tls, TLS_ENTRIES));
    return cgdt_shift_to_local(&vcpu0.shift, (cgdt_canonical_t){selector}).selector;
}

static uint16_t library_switch_out(uint16_t loaded)
{
    return cgdt_shift_to_canonical(&vcpu0.shift, (cgdt_local_t){loaded}).selector;
}

const struct way way_library = {library_begin,     library_boot,           library_late,
                                library_frames,    library_begin_switches, library_switch_in,
                                library_switch_out};

/* ---- by hand ------------------------------------------------------------------------------ */

static uint64_t *tables[MAX_VCPUS];
static cgdt_desc_t shadow[TLS_ENTRIES]; /* of vCPU 0's TLS, as Linux keeps one */
static struct way_counts hand;

static void hand_begin(const struct args *arguments)
{
    args = arguments;
    hand.bookkeeping = args->nr * sizeof(tables[0]);
}

static void hand_table(uint32_t vcpu)
{
    uint64_t *page = gdtpool_supply_page(vcpu);

    tables[vcpu] = page;
    for (uint32_t entry = 0; entry < CGDT_PAGE_ENTRIES; entry++)
        page[entry] = 0;
    build(vcpu, page + ENTRY_CODE);
    demand("update_va_mapping", page_protect(page, false));
    hand.update_va_mapping++;
    hand.validations++; /* when the vCPU is initialised */
    hand.pages++;
}

static void hand_boot(uint32_t nr)
{
    for (uint32_t vcpu = 0; vcpu < nr; vcpu++)
        hand_table(vcpu);
}

static void hand_frames(uint32_t vcpu, cgdt_frame_t *frames, uint32_t *n, uint32_t *entries)
{
    frames[0] = page_mfn(tables[vcpu]);
    *n = 1;
    *entries = CGDT_PAGE_ENTRIES;
}

static uint16_t hand_switch_in(const cgdt_desc_t tls[TLS_ENTRIES], uint16_t selector)
{
    const uint64_t machine = page_machine_address(tables[0] + ENTRY_TLS);
    struct multicall_entry calls[TLS_ENTRIES];
    uint32_t changed = 0;
    uint32_t n = 0;

    for (uint32_t i = 0; i < TLS_ENTRIES; i++) {
        if (shadow[i] == tls[i])
            continue;
        shadow[i] = tls[i];
        changed = i;
        calls[n++] = call_update_descriptor(machine + i * CGDT_DESC_BYTES, tls[i]);
    }
    hand.update_descriptor += n == 1;
    hand.multicall += n > 1;
    hand.batched += n > 1 ? n : 0;
    if (n == 1)
        demand("update_descriptor",
               xen_update_descriptor(machine + changed * CGDT_DESC_BYTES, tls[changed]));
    else if (n > 1)
        demand("multicall", xen_multicall(calls, n));
    return selector;
}

static void hand_begin_switches(void)
{
    /* Nothing: the shadow is zero, as the page is. */
}

static uint16_t hand_switch_out(uint16_t loaded)
{
    return loaded;
}

const struct way way_by_hand = {hand_begin,          hand_boot,      hand_table,     hand_frames,
                                hand_begin_switches, hand_switch_in, hand_switch_out};

/* ---- counts ------------------------------------------------------------------------------- */

void way_count(struct way_counts *counts)
{
    const struct cgdt_xen_pv_counts *port = &gdtpool_xen.counts;
    struct cgdt_pool_stats stats;

    *counts = hand;
    if (pool == NULL)
        return;
    cgdt_stats(pool, &stats, sizeof(stats));
    *counts = (struct way_counts){
        .update_va_mapping = port->update_va_mapping,
        .update_descriptor = port->update_descriptor,
        .multicall = port->multicall,
        .batched = port->batched,
        .validations = gdtpool_counts().introduced,
        .pages = stats.mapped_pages + stats.common_pages,
        .bookkeeping = stats.bookkeeping_bytes,
    };
}
