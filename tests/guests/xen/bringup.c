/* SPDX-License-Identifier: MIT */
/* Bringing vCPUs up: slots, hypervisor, waiting for what they report. */

#include "bringup.h"

#include "console.h"
#include "exit.h"
#include "flips.h"
#include "gdtpool.h"
#include "hypercall.h"
#include "neighbours.h"
#include "rounds.h"
#include "segment.h"
#include "tables.h"
#include "threads.h"
#include "vcpu.h"
#include "verify.h"

#define LATE_WAVES     4
#define PROGRESS_LINES 16
#define PATIENCE       ((uint64_t)1 << 41) /* TSC ticks, a quarter of an hour: it hangs */

_Static_assert(sizeof(cgdt_frame_t) == sizeof(unsigned long), "frame lists go to Xen as they are");

static const struct args *args;
static struct cgdt_pool *pool;
static uint32_t early;
static cgdt_slot_t handles[MAX_VCPUS];
static struct bringup_counts counts;

struct bringup_counts bringup_counts(void)
{
    return counts;
}

/* Three quarters, but half a page more or less: the late ones' first slots lie on a page in use. */
uint32_t bringup_early_count(const struct args *arguments)
{
    const uint32_t colors = CGDT_PAGE_ENTRIES / arguments->slot_entries;
    const uint32_t most = arguments->nr * 3 / 4;
    const uint32_t wanted = colors == 1 ? most : most - most % colors + colors / 2;

    if (wanted == 0)
        return 1;
    return wanted < arguments->nr ? wanted : arguments->nr;
}

static void run(struct vcpu_start *start)
{
    struct cpu *cpu = &cpus[start->vcpu];

    verify_first(cpu);
    if (cpu->watches)
        verify_watch(cpu);
    else
        vcpu_down_self(start->vcpu);
    verify_last(cpu);
    if (args->rounds != 0)
        rounds_take_part(cpu);
    if (args->mode == MODE_THREADS)
        threads_take_part(cpu);
    if (args->mode == MODE_FLIPS)
        flips_take_part(cpu);
    if (args->mode == MODE_NEIGHBOURS)
        neighbours_take_part(cpu);
}

void bringup_init(const struct args *arguments, struct cgdt_pool *in)
{
    args = arguments;
    pool = in;
    early = bringup_early_count(arguments);
    for (uint32_t vcpu = 0; vcpu < args->nr; vcpu++)
        cpus[vcpu].start.run = run;
}

static void demand(const char *what, int64_t error)
{
    if (error != 0)
        guest_fatal(what, error);
}

/* ---- slots -------------------------------------------------------------------------------- */

/* The lowest free slot is what a pool promises, so vCPU n has slot n; and selectors must agree. */
static void check_place(uint32_t vcpu)
{
    const struct cgdt_layout *layout = cgdt_pool_layout(pool);
    const cgdt_slot_t slot = cpus[vcpu].slot;

    for (uint16_t entry = ENTRY_CODE; entry < ENTRY_EMPTY; entry++) {
        const cgdt_canonical_t canonical = {tables_canonical(entry)};
        if (cgdt_to_local(layout, slot, canonical).selector != tables_selector(vcpu, entry))
            guest_fatal("local selector", vcpu);
    }
    if (cgdt_slot_number(slot) != vcpu)
        guest_fatal("not the lowest free slot", vcpu);
}

static void fill_slot(uint32_t vcpu, cgdt_slot_t slot)
{
    cgdt_desc_t own[ENTRY_EMPTY - ENTRY_FS];

    cpus[vcpu].slot = slot;
    check_place(vcpu);
    tables_build(vcpu, own);
    demand("cgdt_write",
           cgdt_write(pool, slot, ENTRY_FS - tables_first(), own, ENTRY_EMPTY - ENTRY_FS));
}

static void slot_by_directory(uint32_t vcpu)
{
    cgdt_slot_t slot;
    cgdt_slot_t found = CGDT_NO_SLOT;

    demand("cgdt_cpu_online", cgdt_cpu_online(pool, vcpu, &slot));
    demand("cgdt_cpu_slot", cgdt_cpu_slot(pool, vcpu, &found));
    if (found != slot || cgdt_cpu_online(pool, vcpu, NULL) != -CGDT_EEXIST)
        guest_fatal("CPU directory", vcpu);
    fill_slot(vcpu, slot);
}

static void slots_in_bulk(uint32_t from, uint32_t end)
{
    demand("cgdt_alloc_bulk", cgdt_alloc_bulk(pool, end - from, handles));
    for (uint32_t vcpu = from; vcpu < end; vcpu++)
        fill_slot(vcpu, handles[vcpu - from]);
}

void bringup_boot_slots(void)
{
    const uint32_t half = early / 2;

    slots_in_bulk(0, half);
    demand("cgdt_reserve", cgdt_reserve(pool, early));
    for (uint32_t vcpu = half; vcpu < early; vcpu++)
        slot_by_directory(vcpu);
    demand("cgdt_reserve 0", cgdt_reserve(pool, 0));
}

/* ---- hypervisor --------------------------------------------------------------------------- */

int64_t bringup_set_gdt(const cgdt_frame_t *frames, uint32_t entries)
{
    counts.set_gdt++;
    return xen_set_gdt(frames, entries);
}

int64_t bringup_initialise(uint32_t vcpu)
{
    struct cpu *cpu = &cpus[vcpu];
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    struct vcpu_plan plan = {.stack = cpu->stack,
                             .start = &cpu->start,
                             .frames = frames,
                             .cs = tables_selector(cpu->place, ENTRY_CODE),
                             .ss = tables_selector(cpu->place, ENTRY_DATA)};

    demand("cgdt_frames", cgdt_frames(pool, cpu->slot, frames, &plan.nr_frames, &plan.entries));
    if (!cpu->registered) {
        demand("register_vcpu_info", vcpu_register_info(vcpu));
        cpu->registered = true;
    }
    counts.initialise++;
    return vcpu_initialise(vcpu, &plan);
}

static void start(uint32_t from, uint32_t end)
{
    /* First all, then up: alternating costs ten times as much with more than one processor. */
    for (uint32_t vcpu = from; vcpu < end; vcpu++)
        demand("initialise", bringup_initialise(vcpu));
    for (uint32_t vcpu = from; vcpu < end; vcpu++)
        demand("up", vcpu_up(vcpu));
}

void bringup_boot_cpu(void)
{
    struct cpu *cpu = &cpus[0];
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t n;
    uint32_t entries;

    demand("cgdt_frames", cgdt_frames(pool, cpu->slot, frames, &n, &entries));
    demand("set_gdt", bringup_set_gdt(frames, entries));
    gdtpool_uses(0, frames, entries);
    if (load_cs(tables_selector(cpu->place, ENTRY_CODE)) == 0 &&
        load_ss(tables_selector(cpu->place, ENTRY_DATA)) == 0 &&
        load_data(tables_selector(cpu->place, ENTRY_DATA)) == 0) {
        cpu->start.cs = read_cs();
        cpu->start.ss = read_ss();
    }
    verify_first(cpu);
}

/* ---- waiting ------------------------------------------------------------------------------ */

static void progress(uint32_t online)
{
    static uint32_t next;

    if (online >= next || online == args->nr) {
        console_printf("PROGRESS online=%u of %u\n", online, args->nr);
        next = online + (args->nr + PROGRESS_LINES - 1) / PROGRESS_LINES;
    }
}

static void wait_for(enum phase phase, uint32_t nr)
{
    uint64_t since = __builtin_ia32_rdtsc();
    uint32_t seen = 0;

    while (seen < nr) {
        const uint32_t now = verify_count(phase);
        if (now != seen) {
            since = __builtin_ia32_rdtsc();
            seen = now;
            if (phase == PHASE_ONLINE)
                progress(now);
        } else if (__builtin_ia32_rdtsc() - since > PATIENCE) {
            guest_fatal("no news from vCPUs; so many got there", seen);
        }
        xen_yield();
    }
}

/* Going down comes right after PHASE_ONLINE, but not at the same moment. */
static void wake(uint32_t vcpu)
{
    const uint64_t since = __builtin_ia32_rdtsc();

    while (vcpu_is_up(vcpu)) {
        if (__builtin_ia32_rdtsc() - since > PATIENCE)
            guest_fatal("vCPU does not go down", vcpu);
        xen_yield();
    }
    demand("up again", vcpu_up(vcpu));
}

/* ---- order of events ---------------------------------------------------------------------- */

/*
 * Those that share the page on which the first late slot will be written stay awake and watch it.
 */
static void choose_watchers(void)
{
    for (uint32_t vcpu = 1; vcpu < early; vcpu++)
        cpus[vcpu].watches = tables_page(vcpu) == tables_page(early - 1);
}

void bringup_early(void)
{
    choose_watchers();
    start(1, early);
    wait_for(PHASE_ONLINE, early);
}

/* Whether the watchers should get a turn right now: a slot of their page has just been written. */
static bool is_watched(uint32_t vcpu)
{
    return tables_page(vcpu) == tables_page(early - 1);
}

static void late_wave(uint32_t from, uint32_t end, bool bulk)
{
    if (bulk)
        slots_in_bulk(from, end);
    for (uint32_t vcpu = from; vcpu < end && !bulk; vcpu++) {
        slot_by_directory(vcpu);
        if (is_watched(vcpu))
            xen_yield();
    }
    start(from, end);
    wait_for(PHASE_ONLINE, end);
}

void bringup_late(void)
{
    const uint32_t late = args->nr - early;

    for (uint32_t wave = 0; wave < LATE_WAVES; wave++) {
        const uint32_t from = early + late * wave / LATE_WAVES;
        const uint32_t end = early + late * (wave + 1) / LATE_WAVES;
        if (from < end)
            late_wave(from, end, wave % 2 != 0);
    }
}

void bringup_finish(void)
{
    verify_release();
    for (uint32_t vcpu = 1; vcpu < args->nr; vcpu++)
        if (!cpus[vcpu].watches)
            wake(vcpu);
    verify_last(&cpus[0]);
    wait_for(PHASE_DONE, args->nr);
}
