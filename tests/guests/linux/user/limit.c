/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mode=limit. With cgdt_limit=N on the kernel's command line: the processors beyond N pages are
 * refused with ENOMEM and nothing else happens; one goes off, and one of those comes up in its
 * slot. Without: as many pages as the processors need, one when all but the first are off, and
 * the first number again.
 */

#include "init.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct cgdt_file file;

static unsigned long long file_number(const char *word, const char *key)
{
    unsigned long long value = 0;

    if (cgdt_file_read(&file))
        cgdt_number(cgdt_line(&file, word), key, &value);
    return value;
}

static unsigned long long slot_of(int cpu)
{
    unsigned long long slot = ~0ull;

    if (cgdt_file_read(&file))
        cgdt_number(cgdt_line_with(&file, "CPU", "cpu", (unsigned)cpu), "slot", &slot);
    return slot;
}

/* 0: there is none. */
static unsigned long long limit_of_kernel(void)
{
    char line[1024] = "";
    FILE *stream = fopen("/proc/cmdline", "re");
    const char *found;

    if (!stream)
        return 0;
    if (!fgets(line, sizeof(line), stream))
        line[0] = '\0';
    fclose(stream);
    found = strstr(line, "cgdt_limit=");
    return found ? strtoull(found + strlen("cgdt_limit="), NULL, 10) : 0;
}

/* The lines on pages and processors, which a refusal leaves as they are; counters follow them. */
static void lines_of_tables(char *text, size_t bytes)
{
    const char *end;
    size_t length;

    text[0] = '\0';
    if (!cgdt_file_read(&file))
        return;
    end = strstr(file.text, "\nPAGES ");
    length = end ? (size_t)(end - file.text) : strlen(file.text);
    if (length >= bytes)
        length = bytes - 1;
    memcpy(text, file.text, length);
    text[length] = '\0';
}

static void must_be_refused(struct machine *machine, int cpu)
{
    static char before[CGDT_FILE_BYTES];
    static char after[CGDT_FILE_BYTES];
    int online[MAX_CPUS];
    unsigned long long pages = pages_held(machine);
    int error;

    lines_of_tables(before, sizeof(before));
    error = cpu_switch(machine, cpu, true);
    lines_of_tables(after, sizeof(after));
    printf("LIMIT cpu=%d answer=%s\n", cpu, error ? strerror(error) : "taken");
    if (error != ENOMEM)
        machine_failed(machine, "CPU %d beyond the limit: %s", cpu,
                       error ? strerror(error) : "goes on");
    if (strcmp(before, after) != 0)
        machine_failed(machine, "CPU %d was refused, and /proc/cgdt says something else", cpu);
    if (pages_held(machine) != pages)
        machine_failed(machine, "CPU %d was refused, and %llu pages became %llu", cpu, pages,
                       pages_held(machine));
    if (cpus_online(online) != cpus_on(machine))
        machine_failed(machine, "CPU %d was refused, and %d are on instead of %d", cpu,
                       cpus_online(online), cpus_on(machine));
}

/* Returns one of those refused, or -1. */
static int fill_up(struct machine *machine, unsigned long long fits)
{
    int refused = -1;

    for (int i = 0; i < machine->cpu_count; i++) {
        int cpu = machine->cpus[i];

        if (machine->on[cpu])
            continue;
        if ((unsigned)cpus_on(machine) < fits) {
            cpu_must_switch(machine, cpu, true);
            continue;
        }
        must_be_refused(machine, cpu);
        refused = cpu;
    }
    return refused;
}

static int random_on(struct machine *machine)
{
    int cpu;

    do
        cpu = machine->cpus[random_below(&machine->random, (uint32_t)machine->cpu_count)];
    while (cpu == 0 || !machine->on[cpu]);
    return cpu;
}

static void limited(struct machine *machine, unsigned long long limit)
{
    unsigned long long fits = limit * file_number("LINUX", "colors");
    int refused = fill_up(machine, fits);
    int leaver;
    unsigned long long slot;

    if (refused < 0 || (unsigned)cpus_on(machine) != fits || fits < 2) {
        machine_failed(machine, "%d of %d CPUs are on, %llu fit: nothing was refused",
                       cpus_on(machine), machine->cpu_count, fits);
        return;
    }
    leaver = random_on(machine);
    slot = slot_of(leaver);
    cpu_must_switch(machine, leaver, false);
    machine->cycles += cpu_must_switch(machine, refused, true);
    printf("LIMIT cpu=%d slot=%llu after cpu=%d slot=%llu\n", refused, slot_of(refused), leaver,
           slot);
    if (slot_of(refused) != slot)
        machine_failed(machine, "CPU %d came up in slot %llu, CPU %d left slot %llu", refused,
                       slot_of(refused), leaver, slot);
    machine_round(machine);
    must_be_refused(machine, leaver);
}

static void must_hold(struct machine *machine, const char *when)
{
    unsigned long long colors = file_number("LINUX", "colors");
    unsigned long long expected = (unsigned)machine->cpu_count;
    unsigned long long held;

    if (host_has_cgdt(machine->host) && colors)
        expected =
            ((unsigned)cpus_on(machine) + colors - 1) / colors + (machine->host == HOST_LINUX_XEN);
    held = pages_held(machine);
    printf("LIMIT %s online=%d gdt_pages=%llu\n", when, cpus_on(machine), held);
    if (held != expected)
        machine_failed(machine, "%s: %d CPUs on and %llu pages, not %llu", when, cpus_on(machine),
                       held, expected);
}

static void trimmed(struct machine *machine)
{
    cpus_all(machine, true);
    must_hold(machine, "all-on");
    machine_round(machine);
    cpus_all(machine, false);
    kernel_asked(machine, "trim");
    must_hold(machine, "all-off");
    machine_round(machine);
    cpus_all(machine, true);
    machine->cycles += (unsigned)machine->cpu_count - 1;
    must_hold(machine, "on-again");
}

void mode_limit(struct machine *machine)
{
    unsigned long long limit = limit_of_kernel();

    if (limit && host_has_cgdt(machine->host))
        limited(machine, limit);
    else
        trimmed(machine);
    machine_verify(machine);
}
