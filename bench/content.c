/* SPDX-License-Identifier: MIT */
/*
 * What is done with a table that one has: write its TLS descriptors, convert selectors. cgdt alone.
 */
#include "cases.h"

#include <cgdt/cgdt.h>
#include <cgdt/port/fixed.h>
#ifdef BENCH_HAVE_JEMALLOC
#include <cgdt/port/hosted.h>
#endif
#include <stdlib.h>

#define CPUS        64u
#define TLS_FIRST   12u /* where Linux has them on x86-64 */
#define TLS_ENTRIES 3u
#define SELECTORS   1024u
#define POOL_BYTES  8192u
#define FIXED_PAGES (CPUS / 16u)

static const struct cgdt_layout xen_layout = PEER_LAYOUT;

/* A live pool on a port that is open, and one slot of it. */
struct live {
    _Alignas(CGDT_POOL_ALIGN) unsigned char memory[POOL_BYTES];
    struct cgdt_pool *pool;
    cgdt_slot_t slot;
};

static bool live_open(struct live *live, const struct cgdt_port *port, void *port_ctx)
{
    const struct cgdt_config config = {
        .struct_bytes = sizeof(struct cgdt_config),
        .port = port,
        .port_ctx = port_ctx,
        .layout = PEER_LAYOUT,
        .profile = CGDT_PROFILE_XEN_PV64,
        .max_cpus = CPUS,
        .template_descs = peer_template,
        .template_entries = PEER_TEMPLATE_ENTRIES,
    };

    live->pool = NULL;
    return cgdt_pool_init(&live->pool, live->memory, sizeof(live->memory), &config) == 0 &&
           cgdt_seal(live->pool) == 0 && cgdt_alloc(live->pool, &live->slot) == 0;
}

static void live_close(struct live *live)
{
    if (live->pool == NULL)
        return;
    (void)cgdt_free(live->pool, live->slot);
    (void)cgdt_pool_destroy(live->pool);
}

/* Two threads' TLS descriptors in turn, or those of one over and over. */
static void write_tls(struct bench_state *state, struct live *live, bool changed)
{
    cgdt_desc_t tls[2][TLS_ENTRIES];
    uint32_t turn = 0;
    int error = 0;

    for (uint32_t i = 0; i < 2 * TLS_ENTRIES; i++)
        error |=
            cgdt_desc_segment(&tls[i / TLS_ENTRIES][i % TLS_ENTRIES], 0x10000000u + i * 0x1000u,
                              0xfff, CGDT_DESC_WRITABLE | CGDT_DESC_DPL(3) | CGDT_DESC_DB);
    while (error == 0 && bench_next(state)) {
        error = cgdt_write(live->pool, live->slot, TLS_FIRST, tls[turn], TLS_ENTRIES);
        turn ^= changed;
    }
    if (error != 0)
        bench_skip(state, cgdt_error_text(error));
}

static void run_tls_fixed(struct bench_state *state, const void *arg)
{
    static _Alignas(CGDT_PAGE_BYTES) cgdt_desc_t pages[FIXED_PAGES][CGDT_PAGE_ENTRIES];
    struct cgdt_fixed fixed = {.pages = pages, .count = FIXED_PAGES};
    struct live live;

    if (live_open(&live, &cgdt_fixed_port, &fixed))
        write_tls(state, &live, arg != NULL);
    else
        bench_skip(state, "no pool");
    live_close(&live);
}

#ifdef BENCH_HAVE_JEMALLOC
static void run_tls_hosted(struct bench_state *state, const void *arg)
{
    const struct cgdt_hosted_config config = {.max_cpus = CPUS, .layout = PEER_LAYOUT};
    struct cgdt_hosted *hosted;
    struct live live;

    if (cgdt_hosted_create(&hosted, &config) != 0) {
        bench_skip(state, "no hosted port");
        return;
    }
    if (live_open(&live, &cgdt_hosted_port, hosted))
        write_tls(state, &live, arg != NULL);
    else
        bench_skip(state, "no pool");
    live_close(&live);
    cgdt_hosted_destroy(hosted);
}
#endif

/*
 * Selectors as a kernel meets them: three in four name entries of the table, the others are of all
 * kinds.
 */
static void make_selectors(uint16_t *selectors, cgdt_slot_t *slots)
{
    uint64_t random = 0x9e3779b97f4a7c15ull;

    for (uint32_t i = 0; i < SELECTORS; i++) {
        const uint64_t bits = peer_random(&random);
        const uint16_t own = (uint16_t)((bits % PEER_TABLE_ENTRIES) << 3 | 3);

        selectors[i] = bits >> 62 != 0 ? own : (uint16_t)(bits >> 32);
        slots[i] = (cgdt_slot_t)(1 + (bits >> 16) % 4096);
    }
}

static void run_to_local(struct bench_state *state, const void *arg)
{
    uint16_t selectors[SELECTORS];
    cgdt_slot_t slots[SELECTORS];
    uint32_t i = 0;

    (void)arg;
    make_selectors(selectors, slots);
    while (bench_next(state)) {
        const cgdt_canonical_t from = {selectors[i % SELECTORS]};
        const cgdt_local_t to = cgdt_to_local(&xen_layout, slots[i % SELECTORS], from);

        bench_keep(&to);
        i++;
    }
}

static void run_to_canonical(struct bench_state *state, const void *arg)
{
    uint16_t selectors[SELECTORS];
    cgdt_slot_t slots[SELECTORS];
    uint32_t i = 0;

    (void)arg;
    make_selectors(selectors, slots);
    for (uint32_t k = 0; k < SELECTORS; k++)
        selectors[k] =
            cgdt_to_local(&xen_layout, slots[k], (cgdt_canonical_t){selectors[k]}).selector;
    while (bench_next(state)) {
        const cgdt_local_t from = {selectors[i % SELECTORS]};
        const cgdt_canonical_t to = cgdt_to_canonical(&xen_layout, slots[i % SELECTORS], from);

        bench_keep(&to);
        i++;
    }
}

static void run_rebase(struct bench_state *state, const void *arg)
{
    uint16_t selectors[SELECTORS];
    cgdt_slot_t slots[SELECTORS];
    uint32_t i = 0;

    (void)arg;
    make_selectors(selectors, slots);
    for (uint32_t k = 0; k < SELECTORS; k++)
        selectors[k] =
            cgdt_to_local(&xen_layout, slots[k], (cgdt_canonical_t){selectors[k]}).selector;
    while (bench_next(state)) {
        const cgdt_local_t from = {selectors[i % SELECTORS]};
        const cgdt_local_t to =
            cgdt_rebase(&xen_layout, slots[i % SELECTORS], slots[(i + 1) % SELECTORS], from);

        bench_keep(&to);
        i++;
    }
}

void cases_content(struct case_list *list)
{
    static const bool changed = true;

    case_add(list, run_tls_fixed, &changed, "write-3-tls/fixed/changed");
    case_add(list, run_tls_fixed, NULL, "write-3-tls/fixed/unchanged");
#ifdef BENCH_HAVE_JEMALLOC
    case_add(list, run_tls_hosted, &changed, "write-3-tls/hosted/changed");
    case_add(list, run_tls_hosted, NULL, "write-3-tls/hosted/unchanged");
#endif
    case_add(list, run_to_local, NULL, "selector/to-local");
    case_add(list, run_to_canonical, NULL, "selector/to-canonical");
    case_add(list, run_rebase, NULL, "selector/rebase");
}
