/* SPDX-License-Identifier: MIT */
/*
 * The order of events: a pool is filled while its pages are private, sealed, used by vCPUs, and
 * grows on while they run. Every vCPU checks its own slot from inside.
 */

#include "args.h"
#include "bringup.h"
#include "checker.h"
#include "console.h"
#include "controls.h"
#include "domu.h"
#include "exit.h"
#include "explain.h"
#include "flips.h"
#include "gdtpool.h"
#include "hotplug.h"
#include "measure.h"
#include "moves.h"
#include "neighbours.h"
#include "pages.h"
#include "refusals.h"
#include "report.h"
#include "ring.h"
#include "rounds.h"
#include "sabotage.h"
#include "tables.h"
#include "threads.h"
#include "traps.h"
#include "vcpu.h"
#include "verify.h"

void kernel_main(const struct start_info *info);

static void must_be_clean(struct cgdt_pool *pool)
{
    struct cgdt_violation violation;
    char text[256];

    if (cgdt_check(pool, &violation) != 0) {
        (void)cgdt_violation_text(&violation, text, sizeof(text));
        console_printf("PROBLEM: %s\n", text);
        guest_fatal("cgdt_check", 1);
    }
}

static struct cgdt_pool *prepare(const struct start_info *info, struct args *args)
{
    ring_init(info);
    args_parse(info->cmd_line, args);
    pages_init(info);
    traps_init();
    vcpu_init();
    tables_init(args);
    if (args->mode == MODE_MEASURE)
        measure_run(args);
    struct cgdt_pool *pool = gdtpool_init(args, sabotage_port());
    bringup_init(args, pool);
    controls_init(args, pool);
    rounds_init(args, pool);
    threads_init(args, pool);
    flips_init(args, pool);
    neighbours_init(args, pool);
    return pool;
}

void kernel_main(const struct start_info *info)
{
    static struct args args;
    struct cgdt_pool *pool = prepare(info, &args);

    if (args.mode == MODE_CHECKER)
        checker_run(&args);
    if (args.mode == MODE_EXPLAIN)
        explain_run(&args);
    if (args.mode == MODE_HOTPLUG)
        hotplug_run(&args, pool);
    if (args.mode == MODE_DOMU)
        domu_run(info, &args, pool);
    if (args.mode == MODE_MOVE)
        moves_run(&args, pool);
    controls_before_slots();
    bringup_boot_slots();
    if (args.control == CONTROL_UNOWNED_TSS)
        controls_before_check();
    else
        must_be_clean(pool);
    const int error = cgdt_seal(pool);
    if (error != 0)
        guest_fatal("cgdt_seal", error);
    controls_after_seal();

    bringup_boot_cpu();
    bringup_early();
    bringup_late();
    const bool refused = refusals_check(pool);
    bringup_finish();

    bool ok = report(&args, pool) && refused;
    if (args.mode == MODE_THREADS && ok)
        threads_run();
    if (args.mode == MODE_FLIPS && ok)
        flips_run();
    if (args.mode == MODE_NEIGHBOURS && ok)
        neighbours_run();
    if (args.rounds != 0)
        rounds_run();
    ok = report_result(&args, ok);
    if (args.control != CONTROL_NONE)
        controls_verdict(ok);
    guest_exit(ok ? GUEST_EXIT_PASS : GUEST_EXIT_FAIL);
}
