/* SPDX-License-Identifier: MIT */
/* The verdict. */

#include "report.h"

#include "console.h"
#include "gdtpool.h"
#include "hotplug.h"
#include "segment.h"
#include "tables.h"
#include "traps.h"
#include "verify.h"

#define MOST_COMPLAINTS 5u

static struct {
    uint32_t online;
    uint32_t verified;
    uint32_t pages;
    uint32_t problems;
} found;

void report_unless(const char *what, uint32_t got, uint32_t wanted)
{
    if (got == wanted)
        return;
    found.problems++;
    console_printf("PROBLEM: %s: %u instead of %u\n", what, got, wanted);
}

static void complain(const struct cpu *cpu)
{
    if (found.problems++ < MOST_COMPLAINTS)
        console_printf("FAILED cpu=%u %s: %s (found 0x%llx)\n", cpu->id,
                       verify_when_text(cpu->failed_when), verify_step_text(cpu->failed_step),
                       (unsigned long long)cpu->found);
}

/* By another CPU: contents through the map that the CPU reads, and that nobody else is there. */
static bool table_is_right(uint32_t id)
{
    uint32_t wrong = 0;

    for (uint32_t other = 0; other < id; other++) {
        if (tables_address(cpus[other].slot) == tables_address(cpus[id].slot)) {
            report_unless("a slot of two CPUs, the second", id, MAX_CPUS);
            return false;
        }
    }
    if (!tables_are_right(&cpus[id], &wrong)) {
        report_unless("the table of a CPU is wrong, entry", wrong, MAX_CPUS);
        return false;
    }
    return true;
}

static void look_at_cpu(uint32_t id)
{
    struct cpu *cpu = &cpus[id];
    cgdt_slot_t slot = CGDT_NO_SLOT;

    report_unless("the directory's answer", (uint32_t)cgdt_cpu_slot(gdtpool, id, &slot), 0);
    report_unless("the directory's slot", slot, cpu->slot);
    found.online += cpu_state(id) == STATE_ONLINE;
    if (cpu->failed_step != STEP_NONE)
        complain(cpu);
    else
        found.verified += cpu->looks >= 2 && table_is_right(id);
}

static void look_at_pool(const struct args *args, uint32_t nr, uint32_t slots)
{
    struct cgdt_pool_stats stats;
    struct cgdt_violation violation;
    char text[256];

    if (cgdt_check(gdtpool, &violation) != 0) {
        (void)cgdt_violation_text(&violation, text, sizeof(text));
        console_printf("PROBLEM: %s\n", text);
        found.problems++;
    }
    cgdt_stats(gdtpool, &stats, sizeof(stats));
    report_unless("the ceiling", stats.max_slots, slots);
    report_unless("owned slots", stats.taken_slots, nr);
    report_unless("sealed pages", stats.sealed_pages, stats.mapped_pages);
    report_unless("held pages", stats.held_pages, 0);
    report_unless("pages out of the supply", gdtpool_pages_out(), stats.mapped_pages);
    if (args->spare == 0)
        report_unless("pages", stats.mapped_pages, tables_pages(nr));
    found.pages = stats.mapped_pages;
}

static void print_map(const struct args *args, uint32_t slots)
{
    uint64_t owned;

    for (uint32_t page = 0; page < tables_pages(slots); page++)
        if (cgdt_page_taken(gdtpool, page, &owned) == 1)
            console_printf("MAP window=%u page=%u colors=%u owned=%llx\n",
                           page / args->window_pages, page % args->window_pages,
                           512 / args->slot_entries, (unsigned long long)owned);
}

void report_picture(const struct args *args, uint32_t slots, const char *title)
{
    console_printf("MAP picture=%s\n", title);
    print_map(args, slots);
}

static void print_counts(uint32_t nr)
{
    const struct hotplug_counts counts = hotplug_counts();
    uint32_t nmis = 0;
    uint32_t parked_nmis = 0;
    uint32_t pokes = 0;

    for (uint32_t id = 0; id < nr; id++) {
        nmis += cpus[id].nmis;
        parked_nmis += cpus[id].parked_nmis;
        pokes += cpus[id].pokes;
    }
    console_printf("COUNTS nmis=%u on_parked=%u interrupts=%u poisonings=%u\n", nmis, parked_nmis,
                   pokes, gdtpool_poisonings());
    /* In the debug build each CPU that went off took an NMI while its former slot was poison. */
    if (gdtpool_native.poison && gdtpool_poisonings() < counts.cycles)
        report_unless("poisonings", gdtpool_poisonings(), counts.cycles);
    if (counts.cycles != 0)
        console_printf("HOTPLUG cycles=%u moved=%u pages_trimmed=%u broadcasts=%u\n", counts.cycles,
                       gdtpool_moves(), counts.trims, counts.broadcasts);
}

static void say_picture(void)
{
    struct cgdt_pseudo_descriptor gdtr;

    cgdt_sgdt(&gdtr);
    console_printf("PICTURE bytes=%u per_page=%u store=%s\n", gdtr.limit + 1u,
                   CGDT_PAGE_BYTES / (gdtr.limit + 1u),
                   try_store((uintptr_t *)gdtr.base, 0) ==
                           FAULT(TRAP_PAGE_FAULT, PAGE_FAULT_WRITE_PROTECTED)
                       ? "refused"
                       : "done");
}

void report_look(const struct args *args, uint32_t nr, uint32_t slots)
{
    for (uint32_t id = 0; id < nr; id++)
        look_at_cpu(id);
    look_at_pool(args, nr, slots);
    report_unless("CPUs online", found.online, nr);
    report_unless("CPUs verified", found.verified, nr);
    if (args->mode == MODE_MOVE) /* there have been others */
        console_printf("MAP picture=all CPUs are back\n");
    print_map(args, slots);
    say_picture();
    print_counts(nr);
}

void report_empty(uint32_t slots)
{
    const uintptr_t own = tables_address(cpus[0].slot);
    const uintptr_t slot_bytes = tables_slot_entries() * CGDT_DESC_BYTES;
    uint32_t left = 0;
    uint64_t owned;

    for (uint32_t page = 0; page < tables_pages(slots); page++) {
        const uintptr_t at = MAP_ALIAS + gdtpool_page(page);
        if (cgdt_page_taken(gdtpool, page, &owned) != 1)
            continue;
        for (uintptr_t desc = at; desc < at + CGDT_PAGE_BYTES; desc += CGDT_DESC_BYTES)
            left += desc - own >= slot_bytes && *(const volatile cgdt_desc_t *)desc != 0;
    }
    report_unless("descriptors in slots that are free", left, 0);
    report_unless("the checker's answer when one CPU is left", (uint32_t)cgdt_check(gdtpool, NULL),
                  0);
}

bool report_result(const struct args *args, uint32_t nr)
{
    uint32_t failed = 0;

    /* Once more: also those that are gone, and what was found on the way down. */
    for (uint32_t id = 0; id < MAX_CPUS; id++)
        failed += cpus[id].failed_step != STEP_NONE;
    report_unless("CPUs that found something wrong", failed, 0);
    report_unless("unexpected traps", traps_unexpected(), 0);
    const bool pass = found.problems == 0;

    console_printf("RESULT cpus=%u online=%u verified=%u gdt_pages=%u page_per_cpu=%u failsafe=%u "
                   "layout=%s host=native %s\n",
                   nr, found.online, found.verified, found.pages, nr, traps_unexpected(),
                   args->layout_name, pass ? "PASS" : "FAIL");
    return pass;
}
