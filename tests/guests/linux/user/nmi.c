/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mode=nmi: a processor that is off must survive an NMI, whether its slot is free, or another's by
 * now, or its page given back (init_on_free=1 on the command line makes sure that it shows). The
 * kernel's command comes back when that processor has counted the NMI as its own.
 */

#include "init.h"

#include <stdio.h>

enum {
    TAKERS = 4
};

static struct cgdt_file file;

static void send_nmi(struct machine *machine, int cpu)
{
    char command[24];

    snprintf(command, sizeof(command), "nmi %d", cpu);
    kernel_asked(machine, command);
}

static void nmi_to_dead(struct machine *machine)
{
    for (int i = 0; i < machine->cpu_count; i++) {
        if (!machine->on[machine->cpus[i]])
            send_nmi(machine, machine->cpus[i]);
    }
}

/* Beyond the first page's processors: the page itself is the kernel's again, for anything. */
static void pages_given_back(struct machine *machine)
{
    unsigned long long before = pages_held(machine);

    cpus_all(machine, false);
    kernel_asked(machine, "trim");
    printf("NMI pages=%llu before=%llu\n", pages_held(machine), before);
    nmi_to_dead(machine);
    cpus_all(machine, true);
    machine->cycles += (unsigned)machine->cpu_count - 1;
}

static void one_by_one(struct machine *machine)
{
    for (int i = 0; i < machine->cpu_count; i++) {
        int cpu = machine->cpus[i];

        if (cpu == 0 || !cpu_must_switch(machine, cpu, false))
            continue;
        send_nmi(machine, cpu);
        machine->cycles += cpu_must_switch(machine, cpu, true);
    }
}

static void remember_slots(const struct machine *machine, unsigned long long *slots)
{
    if (!cgdt_file_read(&file))
        return;
    for (int i = 0; i < machine->cpu_count; i++) {
        slots[i] = ~0ull;
        cgdt_number(cgdt_line_with(&file, "CPU", "cpu", (unsigned)machine->cpus[i]), "slot",
                    &slots[i]);
    }
}

/* The position of the processor that had this slot before, or -1. */
static int former_of(const struct machine *machine, const unsigned long long *slots, int taker)
{
    unsigned long long slot = ~0ull;

    if (cgdt_file_read(&file))
        cgdt_number(cgdt_line_with(&file, "CPU", "cpu", (unsigned)machine->cpus[taker]), "slot",
                    &slot);
    for (int i = 0; slot != ~0ull && i < machine->cpu_count; i++) {
        if (slots[i] == slot)
            return i;
    }
    return -1;
}

/* All go off, one comes back, in a slot that was another's; the dead are sent NMIs. True if so. */
static bool slot_taken_over(struct machine *machine, int taker)
{
    static unsigned long long slots[MAX_CPUS];
    int former;

    remember_slots(machine, slots);
    cpus_all(machine, false);
    if (!cpu_must_switch(machine, machine->cpus[taker], true))
        return false;
    former = former_of(machine, slots, taker);
    if (former >= 0 && former != taker)
        printf("NMI cpu=%d is in the slot of cpu=%d\n", machine->cpus[taker],
               machine->cpus[former]);
    nmi_to_dead(machine);
    cpus_all(machine, true);
    machine->cycles += (unsigned)machine->cpu_count - 1;
    return former >= 0 && former != taker;
}

void mode_nmi(struct machine *machine)
{
    int taken = 0;

    cpus_all(machine, true);
    one_by_one(machine);
    /* The last ones, as free slots are taken from below. */
    for (int i = 0; i < TAKERS && machine->cpu_count - i > 2 && machine->failures == 0; i++)
        taken += slot_taken_over(machine, machine->cpu_count - 1 - i);
    if (taken == 0 && machine->failures == 0 && host_has_cgdt(machine->host) &&
        machine->cpu_count > 2)
        machine_failed(machine, "no processor came up in the slot of another");
    pages_given_back(machine);
    machine_verify(machine);
}
