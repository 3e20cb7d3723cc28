/* SPDX-License-Identifier: MIT */
/*
 * The order of events. The boot CPU gets a slot while pages are private, seals the pool and goes
 * onto its slot; then the others come, each onto its own, and everything is looked at, used, looked
 * at again and taken down.
 */

#include "acpi.h"
#include "apic.h"
#include "args.h"
#include "console.h"
#include "controls.h"
#include "cpuops.h"
#include "exit.h"
#include "gdtpool.h"
#include "hotplug.h"
#include "machine.h"
#include "moves.h"
#include "nmi.h"
#include "paging.h"
#include "report.h"
#include "tables.h"
#include "traps.h"
#include "verify.h"

void kernel_main(uint32_t magic, const void *info);

static void start_boot_cpu(void)
{
    struct cpu *cpu = &cpus[0];

    if (apic_id() != 0)
        guest_fatal("the boot CPU's APIC id", apic_id());
    gdtpool_online(cpu);
    const int error = cgdt_seal(gdtpool);
    if (error != 0)
        guest_fatal("cgdt_seal", error);
    cpu_use_slot(cpu);
    nmi_open(cpu);
    cpu->state = STATE_ONLINE;
    verify_look(cpu, WHEN_FRESH);
    (void)cpu_take(0);
    interrupts_on();
}

static void start_others(uint32_t nr)
{
    for (uint32_t id = 1; id < nr; id++) {
        cpu_online(id);
        if (id % 16 == 15 || id == nr - 1)
            console_printf("PROGRESS online=%u of %u\n", id + 1, nr);
    }
}

/* Each takes an NMI, then an interrupt, and looks at everything once more. */
static void look_again(uint32_t nr)
{
    (void)nmi_broadcast();
    for (uint32_t id = 1; id < nr; id++) {
        nmi_finish(id);
        cpu_order(id, ORDER_LOOK);
        cpu_finish_order(id);
        report_unless("a CPU that took an NMI", cpus[id].nmis != 0, 1);
    }
    verify_look(&cpus[0], WHEN_ORDERED);
}

/* To the last page. */
static void take_down(uint32_t nr, uint32_t slots)
{
    for (uint32_t id = nr - 1; id > 0; id--)
        cpu_offline(id);
    report_empty(slots);
    interrupts_off();
    cpu_leave_slot();
    cpus[0].state = STATE_PARKED;
    gdtpool_offline(&cpus[0]);
    report_unless("destroy", (uint32_t)cgdt_pool_destroy(gdtpool), 0);
    report_unless("pages that are left", gdtpool_pages_out(), 0);
}

static void prepare(uint32_t magic, const void *info, struct args *args)
{
    uint32_t supply_bytes;
    void *supply = gdtpool_supply(&supply_bytes);

    args_parse(magic, info, args); /* before the loader's memory is out of sight */
    paging_init(args->pae, supply, supply_bytes);
    apic_init();
    machine_init();
    tables_init(args);
    cpu_init();
    traps_init();
    traps_load();
    apic_enable();
}

void kernel_main(uint32_t magic, const void *info)
{
    static struct args args;

    prepare(magic, info, &args);
    const uint32_t nr = machine_cpus();
    const uint32_t slots = machine_most_cpus() + args.spare;
    controls_init(&args, nr);
    hotplug_init(&args, nr);
    gdtpool_init(&args, slots, controls_port());
    start_boot_cpu();
    start_others(nr);
    if (args.control != CONTROL_NONE)
        controls_run();
    if (args.mode == MODE_HOTPLUG)
        hotplug_run();
    else if (args.mode == MODE_ACPI)
        acpi_run(&args, nr);
    else if (args.mode == MODE_MOVE)
        moves_run(&args, nr);
    look_again(nr);
    report_look(&args, nr, slots);
    take_down(nr, slots);
    guest_exit(report_result(&args, nr) ? GUEST_EXIT_PASS : GUEST_EXIT_FAIL);
}
