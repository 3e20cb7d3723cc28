/* SPDX-License-Identifier: MIT */
/*
 * Under -icount the TSC counts instructions, the guest's and Xen's together, and a run is the same
 * each time. Both sides do the same but for how tables are had: most vCPUs get theirs before any
 * runs, the last ones while others run; each vCPU loads %fs and %gs once, reads what they lead to,
 * and sleeps for good.
 */

#include "measure.h"

#include "console.h"
#include "exit.h"
#include "gdtpool.h"
#include "hypercall.h"
#include "pages.h"
#include "problem.h"
#include "segment.h"
#include "traps.h"
#include "vcpu.h"
#include "ways.h"

#define MOST_LATE   256u
#define SWITCHES    1000u
#define LOOPS       1000u /* of two instructions */
#define PROBE_SLACK 50u

static const struct args *args;
static const struct way *way;
static uint32_t here; /* vCPUs that have looked at their table */

struct cost {
    uint64_t instructions;
    struct way_counts calls;
};

static uint64_t now(void)
{
    return __builtin_ia32_rdtsc();
}

/* ---- is this -icount? --------------------------------------------------------------------- */

static void check_clock(void)
{
    uintptr_t n = LOOPS;
    const uint64_t since = now();

    __asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(n));
    const uint64_t took = now() - since;
    if (took < 2 * LOOPS || took > 2 * LOOPS + PROBE_SLACK)
        guest_fatal("mode=measure needs QEMU with -icount shift=0; so many ticks for 2000 "
                    "instructions",
                    (int64_t)took);
}

/*
 * What it costs Xen to look at a page: naming it in a GDT for the first time, less naming it again.
 */
static uint64_t validation_cost(void)
{
    static uint64_t page[CGDT_PAGE_ENTRIES] __attribute__((aligned(PAGE_SIZE)));
    const cgdt_frame_t frame = page_mfn(page);
    uint64_t took[2];

    if (page_protect(page, false) != 0)
        guest_fatal("read-only", 0);
    for (uint32_t i = 0; i < 2; i++) {
        const uint64_t since = now();
        if (xen_set_gdt(&frame, CGDT_PAGE_ENTRIES) != 0)
            guest_fatal("set_gdt", i);
        took[i] = now() - since;
        if (xen_set_gdt(NULL, 0) != 0)
            guest_fatal("an empty GDT", i);
    }
    return took[0] - took[1];
}

/* ---- vCPUs -------------------------------------------------------------------------------- */

static void look(struct vcpu_start *start)
{
    const struct cpu *cpu = &cpus[start->vcpu];
    uint64_t fs = 0;
    uint64_t gs = 0;

    if (load_fs(tables_selector(cpu->place, ENTRY_FS)) != 0 || read_fs_u64(&fs) != 0 ||
        load_gs(tables_selector(cpu->place, ENTRY_GS)) != 0 || read_gs_u64(&gs) != 0 ||
        fs != cpu->fs.id || gs != cpu->gs.id)
        problem("table of vCPU", start->vcpu);
    __atomic_fetch_add(&here, 1, __ATOMIC_RELEASE);
}

static void demand(const char *what, int64_t error)
{
    if (error != 0)
        guest_fatal(what, error);
}

static void initialise(uint32_t vcpu)
{
    struct cpu *cpu = &cpus[vcpu];
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    struct vcpu_plan plan = {.start = &cpu->start,
                             .frames = frames,
                             .cs = tables_selector(cpu->place, ENTRY_CODE),
                             .ss = tables_selector(cpu->place, ENTRY_DATA)};

    cpu->start.run = look;
    way->frames(vcpu, frames, &plan.nr_frames, &plan.entries);
    demand("register_vcpu_info", vcpu_register_info(vcpu));
    demand("initialise", vcpu_initialise(vcpu, &plan));
}

static void wait_for(uint32_t nr)
{
    while (__atomic_load_n(&here, __ATOMIC_ACQUIRE) != nr)
        xen_yield();
}

static void start(uint32_t from, uint32_t end)
{
    for (uint32_t vcpu = from; vcpu < end; vcpu++)
        initialise(vcpu);
    for (uint32_t vcpu = from; vcpu < end; vcpu++)
        demand("up", vcpu_up(vcpu));
    wait_for(end);
}

/* vCPU 0 runs already: it takes its table by set_gdt. */
static void take_own(void)
{
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t n;
    uint32_t entries;

    way->frames(0, frames, &n, &entries);
    demand("set_gdt", xen_set_gdt(frames, entries));
    gdtpool_uses(0, frames, entries);
    look(&cpus[0].start);
}

/* ---- what is measured --------------------------------------------------------------------- */

static void begin(struct cost *cost)
{
    way_count(&cost->calls);
    cost->instructions = now();
}

static void end(struct cost *cost)
{
    const uint64_t instructions = now() - cost->instructions;
    const struct way_counts before = cost->calls;

    way_count(&cost->calls);
    cost->instructions = instructions;
    cost->calls.update_va_mapping -= before.update_va_mapping;
    cost->calls.update_descriptor -= before.update_descriptor;
    cost->calls.multicall -= before.multicall;
    cost->calls.batched -= before.batched;
    cost->calls.validations -= before.validations;
}

static struct cost bring_up(uint32_t nr, uint64_t *tables_only)
{
    struct cost cost = {.instructions = now()}; /* and there is nothing to count yet */

    way->begin(args);
    way->boot(nr);
    *tables_only = now() - cost.instructions;
    take_own();
    start(1, nr);
    end(&cost);
    return cost;
}

static struct cost bring_up_late(uint32_t from)
{
    struct cost cost;

    begin(&cost);
    for (uint32_t vcpu = from; vcpu < args->nr; vcpu++) {
        way->late(vcpu);
        start(vcpu, vcpu + 1);
    }
    end(&cost);
    return cost;
}

/* Two threads in turns; of their TLS descriptors so many differ. */
static struct cost switch_threads(uint32_t different)
{
    static uint64_t blocks[2];
    const uint16_t selector = tables_canonical(ENTRY_TLS);
    cgdt_desc_t tls[2][TLS_ENTRIES] = {{0}};
    struct cost cost;

    for (uint32_t i = 0; i < 2 * TLS_ENTRIES; i++) {
        const uint32_t thread = i % 2;
        const bool differs = i / 2 < different;
        demand("cgdt_desc_segment",
               cgdt_desc_segment(&tls[thread][i / 2],
                                 (uint32_t)(uintptr_t)&blocks[differs ? thread : 0], 7,
                                 CGDT_DESC_WRITABLE | CGDT_DESC_DB | CGDT_DESC_DPL(3)));
    }
    (void)way->switch_in(tls[0], selector);
    begin(&cost);
    for (uint32_t i = 1; i <= SWITCHES; i++) {
        (void)load_fs(0);
        (void)load_fs(way->switch_in(tls[i % 2], selector));
        if (way->switch_out(read_fs()) != selector)
            problem("canonical selector", i);
    }
    end(&cost);
    demand("%fs", load_fs(tables_selector(cpus[0].place, ENTRY_FS)));
    return cost;
}

/* ---- the line ----------------------------------------------------------------------------- */

static void print_cost(const char *name, uint32_t n, const struct cost *cost, uint32_t start_calls)
{
    const struct way_counts *calls = &cost->calls;

    console_printf("%s layout=%s cpus=%u n=%u instructions=%" PRIu64 " update_va_mapping=%" PRIu64
                   " "
                   "update_descriptor=%" PRIu64 " multicall=%" PRIu64 " batched=%" PRIu64
                   " start=%u validations=%" PRIu64 "\n",
                   name, args->layout_name, args->nr, n, cost->instructions,
                   calls->update_va_mapping, calls->update_descriptor, calls->multicall,
                   calls->batched, start_calls, calls->validations);
}

_Noreturn void measure_run(const struct args *arguments)
{
    args = arguments;
    const uint32_t late = args->nr / 4 < MOST_LATE ? args->nr / 4 : MOST_LATE;
    const uint32_t early = args->nr - late;
    struct way_counts all;
    uint64_t tables_only;

    way = args->by_hand ? &way_by_hand : &way_library;
    check_clock();
    const uint64_t validation = validation_cost();
    gdtpool_fill_supply();
    const struct cost boot = bring_up(early, &tables_only);
    const struct cost more = bring_up_late(early);
    way->begin_switches();
    const struct cost all_differ = switch_threads(TLS_ENTRIES);
    const struct cost one_differs = switch_threads(1);
    const struct cost none_differs = switch_threads(0);

    way_count(&all);
    console_printf("SIZE layout=%s cpus=%u pages=%" PRIu64 " bookkeeping=%" PRIu64
                   " validations=%" PRIu64 " "
                   "validation_instructions=%" PRIu64 " tables_instructions=%" PRIu64 "\n",
                   args->layout_name, args->nr, all.pages, all.bookkeeping, all.validations,
                   validation, tables_only);
    print_cost("BOOT", early, &boot, 1 + 3 * (early - 1)); /* vCPU 0: set_gdt */
    print_cost("LATE", late, &more, 3 * late);
    print_cost("TLS3", SWITCHES, &all_differ, 0);
    print_cost("TLS1", SWITCHES, &one_differs, 0);
    print_cost("TLS0", SWITCHES, &none_differs, 0);
    (void)problem_unless("failsafe callbacks", traps_failsafe_count(), 0);
    const bool pass = problem_count() == 0 && here == args->nr;
    console_printf("RESULT mode=measure cpus=%u online=%u layout=%s host=" HOST_NAME " %s\n",
                   args->nr, here, args->layout_name, pass ? "PASS" : "FAIL");
    guest_exit(pass ? GUEST_EXIT_PASS : GUEST_EXIT_FAIL);
}
