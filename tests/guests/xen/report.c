/* SPDX-License-Identifier: MIT */
/* Counting what the vCPUs recorded, and saying it. */

#include "report.h"

#include "bringup.h"
#include "console.h"
#include "controls.h"
#include "gdtpool.h"
#include "problem.h"
#include "tables.h"
#include "traps.h"
#include "verify.h"
#include "walk.h"

#define MOST_COMPLAINTS 5

static uint32_t online; /* at the same time */
static uint32_t gdt_pages;

struct tally {
    uint32_t online;   /* up, and has itself recorded that it runs */
    uint32_t verified; /* has itself recorded its last look, and nothing wrong in any */
    uint32_t failed;   /* recorded something wrong */
    uint32_t watched;  /* rounds of those that looked while their page was written */
};

static void complain(uint32_t vcpu)
{
    const struct cpu *cpu = &cpus[vcpu];

    console_printf("FAILED vcpu=%u %s: %s (read 0x%" PRIx64 ")\n", vcpu,
                   verify_round_text(cpu->failed_round), verify_step_text(cpu->failed_step),
                   cpu->read_id);
}

static struct tally count_cpus(uint32_t nr)
{
    struct tally tally = {.online = 0};

    for (uint32_t vcpu = 0; vcpu < nr; vcpu++) {
        const struct cpu *cpu = &cpus[vcpu];
        const uint32_t phase = __atomic_load_n(&cpu->phase, __ATOMIC_ACQUIRE);

        tally.online += phase >= PHASE_ONLINE && vcpu_is_up(vcpu);
        tally.verified += phase == PHASE_DONE && cpu->failed_step == STEP_NONE;
        tally.watched += cpu->watches ? cpu->rounds : 0;
        if (cpu->failed_step != STEP_NONE && tally.failed++ < MOST_COMPLAINTS)
            complain(vcpu);
    }
    return tally;
}

void report_map(const struct args *args, struct cgdt_pool *pool)
{
    const uint32_t colors = CGDT_PAGE_ENTRIES / args->slot_entries;

    for (uint32_t page = 0; page < tables_pages(args->nr); page++) {
        uint64_t owned;
        if (args->common && page % args->window_pages == 0)
            console_printf("MAP window=%u page=common\n", page / args->window_pages);
        if (cgdt_page_taken(pool, page, &owned) == 1) {
            console_printf("MAP window=%u page=%u colors=%u owned=%" PRIx64 "\n",
                           page / args->window_pages, page % args->window_pages, colors, owned);
        }
    }
}

void report_picture(const struct args *args, struct cgdt_pool *pool, const char *title)
{
    console_printf("MAP picture=%s\n", title);
    report_map(args, pool);
}

static void print_hypercalls(void)
{
    const struct cgdt_xen_pv_counts *port = &gdtpool_xen.counts;
    const struct bringup_counts guest = bringup_counts();

    console_printf("HYPERCALLS set_gdt=%u update_descriptor=%" PRIuPTR " multicall=%" PRIuPTR
                   " batched=%" PRIuPTR " "
                   "update_va_mapping=%" PRIuPTR " initialise=%u\n",
                   guest.set_gdt, port->update_descriptor, port->multicall, port->batched,
                   port->update_va_mapping, guest.initialise);
}

static bool agree(const char *what, uint32_t got, uint32_t wanted)
{
    if (got != wanted)
        console_printf("PROBLEM: %s: %u instead of %u\n", what, got, wanted);
    return got == wanted;
}

static bool stats_agree(const struct args *args, const struct cgdt_pool *pool)
{
    const uint32_t pages = tables_pages(args->nr);
    struct cgdt_pool_stats stats;
    bool ok;

    cgdt_stats(pool, &stats, sizeof(stats));
    ok = agree("max_slots", stats.max_slots, args->nr);
    ok &= agree("taken_slots", stats.taken_slots, args->nr);
    ok &= agree("free_slots", stats.free_slots, 0);
    ok &= agree("mapped_pages", stats.mapped_pages, pages);
    ok &= agree("sealed_pages", stats.sealed_pages, pages);
    ok &= agree("held_pages", stats.held_pages, 0);
    ok &= agree("mapped_windows", stats.mapped_windows, tables_window(args->nr - 1) + 1);
    ok &= agree("common_pages", stats.common_pages, args->common);
    return agree("pages out of the supply", gdtpool_pages_out(), pages + args->common) && ok;
}

bool report(const struct args *args, struct cgdt_pool *pool)
{
    const uint32_t pages = tables_pages(args->nr) + args->common;
    const struct tally tally = count_cpus(args->nr);
    struct walk walk;
    bool ok = true;

    walk_all(args, pool, &walk);
    online = tally.online;
    gdt_pages = walk.pages;
    ok &= agree("distinct frames", walk.pages, pages);
    ok &= agree("misplaced", walk.misplaced, 0);
    ok &= stats_agree(args, pool);
    ok &= agree("cgdt_check at the end", (uint32_t)cgdt_check(pool, NULL), 0);
    ok &= agree("vCPUs online", tally.online, args->nr);
    ok &= agree("vCPUs that are neither verified nor failed",
                args->nr - tally.verified - tally.failed, 0);
    if (args->control == CONTROL_NONE)
        ok &= agree("wrong tables", walk.wrong, 0);
    else
        ok &= controls_explain(tally.failed, &walk);
    report_map(args, pool);
    console_printf("WATCHED rounds=%u\n", tally.watched);
    print_hypercalls();
    return ok;
}

/* vCPUs that have always found everything right, and have looked as often as they had to. */
static uint32_t count_verified(const struct args *args)
{
    const uint32_t looks = 4 + (args->rounds != 0 ? 1 + 3 * args->rounds : 0);
    uint32_t verified = 0;

    for (uint32_t vcpu = 0; vcpu < args->nr; vcpu++) {
        const struct cpu *cpu = &cpus[vcpu];

        verified += __atomic_load_n(&cpu->phase, __ATOMIC_ACQUIRE) == PHASE_DONE &&
                    cpu->failed_step == STEP_NONE && cpu->rounds >= looks;
    }
    return verified;
}

bool report_result(const struct args *args, bool so_far)
{
    const uint32_t verified = count_verified(args);
    const uint32_t failsafe = traps_failsafe_count();
    bool ok = so_far && problem_count() == 0;

    ok &= agree("failsafe callbacks", failsafe, 0);
    ok &= agree("event callbacks", traps_event_count(), 0);
    if (args->control == CONTROL_NONE)
        ok &= agree("vCPUs verified", verified, args->nr);
    if (verified != args->nr && args->rounds != 0)
        (void)count_cpus(args->nr); /* says which */
    console_printf("RESULT cpus=%u online=%u verified=%u gdt_pages=%u page_per_cpu=%u failsafe=%u "
                   "layout=%s host=" HOST_NAME " %s\n",
                   args->nr, online, verified, gdt_pages, args->nr, failsafe, args->layout_name,
                   ok && verified == args->nr ? "PASS" : "FAIL");
    return ok;
}
