/* SPDX-License-Identifier: MIT */
/*
 * The hotplug block drives the pool: what an operating system does in its ACPI driver, without the
 * AML.
 */

#include "acpi.h"

#include "console.h"
#include "cpu.h"
#include "exit.h"
#include "machine.h"
#include "report.h"
#include "verify.h"

static void add(uint32_t id)
{
    if (cpu_state(id) == STATE_ONLINE)
        guest_fatal("a CPU was added that is online", id);
    cpu_online(id);
    cpu_order(id, ORDER_LOOK);
    cpu_finish_order(id);
    report_unless("what an added CPU found wrong", cpus[id].failed_step, STEP_NONE);
    console_printf("ADDED cpu=%u slot=%u\n", id, cgdt_slot_number(cpus[id].slot));
}

static void take_out(uint32_t id)
{
    cpu_offline(id);
    machine_eject(id);
    report_unless("a CPU that was removed is there", machine_is_enabled(id), 0);
    console_printf("REMOVED cpu=%u\n", id);
}

void acpi_run(const struct args *args, uint32_t nr)
{
    uint32_t added = 0;
    uint32_t removed = 0;

    machine_hotplug_init((uint16_t)args->block);
    console_printf("READY\n");
    struct wait wait = wait_begin("QEMU adds or removes no CPU", 0);
    while (added < args->changes || removed < args->changes) {
        uint32_t id = 0;
        const enum machine_event event = machine_poll(&id);

        wait_step(&wait);
        if (event == MACHINE_NOTHING)
            continue;
        if (id < nr || id >= machine_most_cpus())
            guest_fatal("an event of CPU", id);
        if (event == MACHINE_ADDED)
            add(id), added++;
        else
            take_out(id), removed++;
        wait = wait_begin("QEMU adds or removes no CPU", 0);
    }
    console_printf("ACPI added=%u removed=%u\n", added, removed);
}
