/* SPDX-License-Identifier: GPL-2.0-only */
/* What PID 1 does in the simpler of its modes. */

#include "init.h"

#include <stdio.h>
#include <time.h>

enum {
    ROUND_CYCLES = 16
};

static time_t seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void soak_round(struct machine *machine)
{
    unsigned others = (unsigned)machine->cpu_count - 1;
    unsigned target = machine->cycles + (others < ROUND_CYCLES ? others : ROUND_CYCLES);
    unsigned failures = machine->failures;

    while (machine->cycles < target && machine->failures == failures)
        cpu_toggle_one(machine);
    machine_round(machine);
    printf("ROUND cycles=%u online=%d failures=%u\n", machine->cycles, cpus_on(machine),
           machine->failures);
}

/* How often Xen could not load a segment; a kernel that does not count them shows none. */
static unsigned long long failsafe_callbacks(void)
{
    static struct cgdt_file file;
    unsigned long long callbacks = 0;

    if (cgdt_file_read(&file) || proc_file_read(&file, "/proc/gdt_calls"))
        cgdt_number(cgdt_line(&file, "COUNTS"), "failsafe", &callbacks);
    return callbacks;
}

/*
 * On Xen a failsafe callback is a failure while no program has an LDT. (The stock kernel has some
 * then too.) A program that has one loses its selectors now and then, whatever the kernel: Linux
 * changes to the next one's LDT before it saves them, and the virtual processor may be taken away
 * in between.
 */
static void soak_ldts(struct machine *machine)
{
    unsigned long long before = failsafe_callbacks();

    if (before != 0 && host_has_cgdt(machine->host))
        machine_failed(machine, "%llu failsafe callbacks without an LDT", before);
    background_start(machine, PROGRAMS_WITH_LDT);
    soak_round(machine);
    background_stop(machine);
    printf("FAILSAFE without_ldt=%llu with_ldt=%llu\n", before, failsafe_callbacks() - before);
}

void mode_soak(struct machine *machine)
{
    const struct options *options = &machine->options;
    bool xen = host_is_xen(machine->host);
    time_t start = seconds_now();

    if (machine->cpu_count < 2) {
        machine_failed(machine, "mode=soak needs two processors");
        return;
    }
    cpus_all(machine, true);
    background_start(machine, xen ? PROGRAMS_WITHOUT_LDT : PROGRAMS_ALL);
    while (machine->failures == 0 &&
           (machine->cycles < options->cycles || seconds_now() - start < (time_t)options->seconds))
        soak_round(machine);
    background_stop(machine);
    if (xen)
        soak_ldts(machine);
    cpus_all(machine, true);
    kernel_asked(machine, "trim");
    machine_verify(machine);
}

/* The kernel looks on and on, while programs do with their entries all that can be done. */
void mode_watch(struct machine *machine)
{
    background_start(machine, PROGRAMS_ALL);
    for (unsigned i = 0; i < machine->options.count && machine->failures == 0; i++)
        kernel_asked(machine, "verify");
    background_stop(machine);
    machine_verify(machine);
}

/* CPU 0 goes off and on, where the kernel lets it; its slot is another's when it comes back. */
void mode_boot_cpu(struct machine *machine)
{
    if (machine->cpu_count < 2) {
        machine_failed(machine, "mode=boot-cpu needs two processors");
        return;
    }
    while (machine->cycles < machine->options.cycles && machine->failures == 0) {
        if (!cpu_must_switch(machine, 0, false))
            return;
        if (cpu_must_switch(machine, machine->cpus[1], false))
            cpu_must_switch(machine, machine->cpus[1], true);
        machine->cycles += cpu_must_switch(machine, 0, true);
        machine_round(machine);
    }
    machine_verify(machine);
}

void mode_look(struct machine *machine)
{
    machine_verify(machine);
}

void mode_thread_area(struct machine *machine)
{
    char count[16];

    snprintf(count, sizeof(count), "%u", machine->options.count);
    program_run(machine, "thread-area", count, "print");
    machine_verify(machine);
}

void mode_kept(struct machine *machine)
{
    program_run(machine, "kept32", NULL, NULL);
    machine_verify(machine);
}
