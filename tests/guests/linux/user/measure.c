/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mode=measure: numbers, and no judgement of them. The time stamp counter is printed; under QEMU's
 * -icount it counts instructions. What the kernel counts of its own is printed as differences.
 */

#include "init.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

static const char *const counters[] = {"writes",     "refused", "switches",
                                       "introduced", "set_gdt", "update_descriptor"};

enum {
    COUNTERS = sizeof(counters) / sizeof(counters[0]),
    PAGE_BYTES = 4096
};

struct counts {
    bool known;
    unsigned long long values[COUNTERS];
};

static struct counts counts_now(void)
{
    static struct cgdt_file file;
    struct counts counts = {.known = cgdt_file_read(&file)};

    for (size_t i = 0; counts.known && i < COUNTERS; i++)
        cgdt_number(cgdt_line(&file, "COUNTS"), counters[i], &counts.values[i]);
    return counts;
}

static void print_counts(const char *name, const struct counts *before)
{
    struct counts after = counts_now();

    if (!after.known)
        return;
    printf("MEASURE counts of=%s", name);
    for (size_t i = 0; i < COUNTERS; i++)
        printf(" %s=%llu", counters[i], after.values[i] - before->values[i]);
    printf("\n");
}

static int compare_ticks(const void *one, const void *other)
{
    unsigned long long a = *(const unsigned long long *)one;
    unsigned long long b = *(const unsigned long long *)other;

    return (a > b) - (a < b);
}

/* Smallest, middle and largest of `count`, which are put in order. */
static void print_ticks(const char *what, unsigned long long *ticks, int count)
{
    if (count == 0)
        return;
    qsort(ticks, (size_t)count, sizeof(*ticks), compare_ticks);
    printf("MEASURE %s cpus=%d tsc_min=%llu tsc_median=%llu tsc_max=%llu\n", what, count, ticks[0],
           ticks[count / 2], ticks[count - 1]);
}

static void measure_hotplug(struct machine *machine)
{
    static unsigned long long off[MAX_CPUS];
    static unsigned long long on[MAX_CPUS];
    struct counts before = counts_now();
    int count = 0;

    for (int i = 0; i < machine->cpu_count; i++) {
        int cpu = machine->cpus[i];
        unsigned long long start = __rdtsc();
        unsigned long long middle;

        if (cpu == 0 || !cpu_must_switch(machine, cpu, false))
            continue;
        middle = __rdtsc();
        machine->cycles += cpu_must_switch(machine, cpu, true);
        on[count] = __rdtsc() - middle;
        off[count++] = middle - start;
    }
    print_ticks("off", off, count);
    print_ticks("on", on, count);
    print_counts("hotplug", &before);
}

static void measure_switches(struct machine *machine, const char *name)
{
    struct counts before = counts_now();
    char count[16];

    snprintf(count, sizeof(count), "%u", machine->options.switches);
    program_run(machine, name, count, NULL);
    print_counts(name, &before);
}

void mode_measure(struct machine *machine)
{
    unsigned long long pages;

    pin_to(0);
    cpus_all(machine, true);
    measure_hotplug(machine);
    measure_switches(machine, "switch32");
    measure_switches(machine, "switch64");
    unpin();
    kernel_asked(machine, "trim");
    pages = pages_held(machine);
    printf("MEASURE pages=%llu bytes=%llu\n", pages, pages * PAGE_BYTES);
    machine_verify(machine);
}
