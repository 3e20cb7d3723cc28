/* SPDX-License-Identifier: MIT */
/* The pool over the native port. */

#include "gdtpool.h"

#include "../../porting/conform.h"
#include "exit.h"
#include "nmi.h"
#include "tables.h"

#define SUPPLY_PAGES (MAX_CPUS + 16u) /* a page for each CPU, and some */
#define POOL_BYTES   16384u

#if defined(__x86_64__)
#define PROFILE CGDT_PROFILE_NATIVE64
#else
#define PROFILE CGDT_PROFILE_NATIVE32
#endif

#ifndef GUEST_POISON
#define GUEST_POISON false
#endif

struct cgdt_pool *gdtpool;

static cgdt_desc_t supply[SUPPLY_PAGES][CGDT_PAGE_ENTRIES] __attribute__((aligned(4096)));
static uint16_t free_pages[SUPPLY_PAGES]; /* a stack: the page that came back last goes out first */
static uint32_t nr_free;
static uintptr_t page_of[SUPPLY_PAGES]; /* by index in the pool: physical address */
static uint8_t memory[POOL_BYTES] __attribute__((aligned(CGDT_POOL_ALIGN)));
static cgdt_slot_t last_slot[MAX_CPUS];
static uint32_t moves;
static uint32_t poisonings;

void *gdtpool_supply(uint32_t *bytes)
{
    *bytes = sizeof(supply);
    return supply;
}

/* ---- what the port asks for --------------------------------------------------------------- */

static cgdt_desc_t *writable(uintptr_t physical)
{
    return (cgdt_desc_t *)(MAP_WRITABLE + physical);
}

/* Outside the pool a page is full of what no CPU can load. */
static void spoil(uintptr_t physical)
{
    for (uint32_t entry = 0; entry < CGDT_PAGE_ENTRIES; entry++)
        cgdt_store_descriptor(&writable(physical)[entry], CGDT_NATIVE_POISON);
}

static void *page_get(void *ctx, uint32_t page)
{
    (void)ctx;
    if (nr_free == 0)
        return NULL;
    page_of[page] = (uintptr_t)supply[free_pages[--nr_free]];
    return writable(page_of[page]);
}

static void page_put(void *ctx, uint32_t page, void *at)
{
    const uintptr_t physical = (uintptr_t)at - MAP_WRITABLE;

    (void)ctx;
    (void)page;
    spoil(physical);
    free_pages[nr_free++] = (uint16_t)((physical - (uintptr_t)supply) / CGDT_PAGE_BYTES);
}

static int quiesce(void *ctx, uint32_t cpu)
{
    (void)ctx;
    return cpu_is_parked(cpu) ? 0 : -CGDT_EBUSY;
}

/* Whoever had the slot takes an NMI now, and on another table, or faults. */
static void poisoned(void *ctx, uint32_t page, uint32_t slot_offset)
{
    const uint32_t leaver = cpu_leaving();

    (void)ctx;
    (void)page;
    (void)slot_offset;
    if (leaver != MAX_CPUS && nmi_send_surely(leaver))
        __atomic_fetch_add(&poisonings, 1, __ATOMIC_RELAXED);
}

static const struct cgdt_native_ops ops = {
    .page_get = page_get, .page_put = page_put, .quiesce = quiesce, .poisoned = poisoned};

struct cgdt_native gdtpool_native = {.ops = &ops,
                                     .base = MAP_WRITABLE,
                                     .alias = MAP_ALIAS,
                                     .bytes = MAP_BYTES,
                                     .poison = GUEST_POISON};

/* Poison needs the port's own live write; otherwise the core writes by itself. */
const struct cgdt_port *gdtpool_port(void)
{
    return gdtpool_native.poison ? &cgdt_native_port : &cgdt_native_direct_port;
}

/* ---- the pool ----------------------------------------------------------------------------- */

static void must(const char *what, int error)
{
    if (error != 0)
        guest_fatal(what, error);
}

void gdtpool_init(const struct args *args, uint32_t slots, const struct cgdt_port *port)
{
    const struct cgdt_config config = {
        .struct_bytes = sizeof(struct cgdt_config),
        .port = port,
        .port_ctx = &gdtpool_native,
        .alias_bytes = cgdt_native_alias_bytes(&gdtpool_native),
        .layout = {.slot_entries = (uint16_t)args->slot_entries,
                   .window_pages = (uint8_t)args->window_pages,
                   .mode = CGDT_MODE_NATIVE},
        .profile = PROFILE,
        .max_cpus = slots,
        .template_descs = tables_template,
        .template_entries = TEMPLATE_ENTRIES,
    };

    for (uint32_t i = 0; i < SUPPLY_PAGES; i++) {
        free_pages[i] = (uint16_t)i;
        spoil((uintptr_t)supply[i]);
    }
    nr_free = SUPPLY_PAGES;
    const enum conform broken = conform_check(&cgdt_native_port, &gdtpool_native);
    if (broken != CONFORM_OK)
        guest_fatal(conform_text(broken), broken);
    must("cgdt_pool_init", cgdt_pool_init(&gdtpool, memory, sizeof(memory), &config));
}

void gdtpool_fill(const struct cpu *cpu)
{
    cgdt_desc_t own[OWN_ENTRIES];
    cgdt_desc_t last;

    tables_build(cpu, own, &last);
    must("cgdt_write", cgdt_write(gdtpool, cpu->slot, ENTRY_TSS, own, OWN_ENTRIES));
    must("cgdt_write", cgdt_write(gdtpool, cpu->slot, tables_slot_entries() - 1, &last, 1));
}

void gdtpool_online(struct cpu *cpu)
{
    must("cgdt_cpu_online", cgdt_cpu_online(gdtpool, cpu->id, &cpu->slot));
    gdtpool_fill(cpu);
    if (last_slot[cpu->id] != CGDT_NO_SLOT &&
        cgdt_slot_number(cpu->slot) != cgdt_slot_number(last_slot[cpu->id]))
        __atomic_fetch_add(&moves, 1, __ATOMIC_RELAXED);
    last_slot[cpu->id] = cpu->slot;
}

void gdtpool_offline(struct cpu *cpu)
{
    must("cgdt_cpu_offline", cgdt_cpu_offline(gdtpool, cpu->id));
    cpu->slot = CGDT_NO_SLOT;
}

uintptr_t gdtpool_page(uint32_t page)
{
    return page_of[page];
}

uint32_t gdtpool_pages_out(void)
{
    return SUPPLY_PAGES - nr_free;
}

uint32_t gdtpool_moves(void)
{
    return moves;
}

uint32_t gdtpool_poisonings(void)
{
    return poisonings;
}
