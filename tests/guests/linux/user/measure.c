/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mode=measure: numbers, and no judgement of them. The time stamp counter is printed, and how far
 * it goes in a loop of so many instructions: under QEMU's -icount that says what it counts. What
 * the kernel counts, in /proc/cgdt or in /proc/gdt_calls, is printed as differences.
 */

#include "init.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

enum {
    MOST_COUNTERS = 6,
    MOST_CYCLES = 4096,
    LOOPS = 20,
    LOOP_ROUNDS = 50000,
    LOOP_INSTRUCTIONS = 2, /* of a round */
    PAGE_BYTES = 4096
};

/* A file with a line COUNTS, and what of it is shown. */
static const struct counted {
    const char *path;
    const char *what;
    const char *names[MOST_COUNTERS];
} counted[] = {
    {"/proc/cgdt",
     "counts",
     {"writes", "refused", "switches", "introduced", "set_gdt", "update_descriptor"}},
    {"/proc/gdt_calls", "calls", {"set_gdt", "update_descriptor", "frames", "frames_beyond"}},
};

enum {
    FILES = sizeof(counted) / sizeof(counted[0])
};

struct counts {
    bool known[FILES];
    unsigned long long values[FILES][MOST_COUNTERS];
};

static struct counts counts_now(void)
{
    static struct cgdt_file file;
    struct counts counts = {0};

    for (size_t i = 0; i < FILES; i++) {
        counts.known[i] = proc_file_read(&file, counted[i].path);
        for (size_t j = 0; counts.known[i] && j < MOST_COUNTERS && counted[i].names[j]; j++)
            cgdt_number(cgdt_line(&file, "COUNTS"), counted[i].names[j], &counts.values[i][j]);
    }
    return counts;
}

static void print_counts(const char *name, const struct counts *before)
{
    struct counts after = counts_now();

    for (size_t i = 0; i < FILES; i++) {
        if (!after.known[i])
            continue;
        printf("MEASURE %s of=%s", counted[i].what, name);
        for (size_t j = 0; j < MOST_COUNTERS && counted[i].names[j]; j++)
            printf(" %s=%llu", counted[i].names[j], after.values[i][j] - before->values[i][j]);
        printf("\n");
    }
}

static int compare_numbers(const void *one, const void *other)
{
    unsigned long long a = *(const unsigned long long *)one;
    unsigned long long b = *(const unsigned long long *)other;

    return (a > b) - (a < b);
}

/* Smallest, middle and largest of `count`, which are put in order. */
static void print_ns(const char *what, unsigned long long *ns, int count)
{
    if (count == 0)
        return;
    qsort(ns, (size_t)count, sizeof(*ns), compare_numbers);
    printf("MEASURE %s times=%d ns_min=%llu ns_median=%llu ns_max=%llu\n", what, count, ns[0],
           ns[count / 2], ns[count - 1]);
}

/* The shortest of several: nothing has come in between. */
static void measure_loop(void)
{
    unsigned long long shortest = ~0ull;

    for (int i = 0; i < LOOPS; i++) {
        unsigned long long start = __rdtsc();
        unsigned long long rounds = LOOP_ROUNDS;

        __asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(rounds) : : "cc");
        start = __rdtsc() - start;
        shortest = start < shortest ? start : shortest;
    }
    printf("MEASURE loop instructions=%d tsc=%llu\n", LOOP_INSTRUCTIONS * LOOP_ROUNDS, shortest);
}

static unsigned long long ns_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long long)now.tv_sec * 1000000000 + (unsigned long long)now.tv_nsec;
}

/* Every processor once, and so on until there have been cycles=N. */
static void measure_hotplug(struct machine *machine)
{
    static unsigned long long off[MOST_CYCLES];
    static unsigned long long on[MOST_CYCLES];
    struct counts before = counts_now();
    unsigned wanted = machine->options.cycles;
    unsigned failures = machine->failures;
    int count = 0;

    for (int i = 1; machine->cpu_count > 1 && count < MOST_CYCLES &&
                    machine->failures == failures && (unsigned)count < wanted;
         i = i + 1 < machine->cpu_count ? i + 1 : 1) {
        unsigned long long start = ns_now();
        unsigned long long middle;

        if (!cpu_must_switch(machine, machine->cpus[i], false))
            continue;
        middle = ns_now();
        machine->cycles += cpu_must_switch(machine, machine->cpus[i], true);
        on[count] = ns_now() - middle;
        off[count++] = middle - start;
    }
    print_ns("off", off, count);
    print_ns("on", on, count);
    print_counts("hotplug", &before);
}

static void measure_switches(struct machine *machine, const char *name)
{
    struct counts before = counts_now();
    char count[16];

    if (machine->options.switches == 0)
        return;
    snprintf(count, sizeof(count), "%u", machine->options.switches);
    program_run(machine, name, count, NULL);
    print_counts(name, &before);
}

/* SGDT's base on each processor: in how many pages these are. Under Xen it is Xen's own. */
static void measure_tables(struct machine *machine)
{
    static unsigned long long pages[MAX_CPUS];
    int cpus = 0;
    int different = 0;

    if (host_is_xen(machine->host))
        return;
    for (int i = 0; i < machine->cpu_count; i++) {
        struct {
            uint16_t limit;
            uint64_t base;
        } __attribute__((packed)) gdtr;

        if (!machine->on[machine->cpus[i]])
            continue;
        pin_to(machine->cpus[i]);
        __asm__ volatile("sgdt %0" : "=m"(gdtr));
        pages[cpus++] = gdtr.base / PAGE_BYTES;
    }
    qsort(pages, (size_t)cpus, sizeof(pages[0]), compare_numbers);
    for (int i = 0; i < cpus; i++)
        different += i == 0 || pages[i] != pages[i - 1];
    printf("MEASURE tables cpus=%d pages=%d\n", cpus, different);
}

void mode_measure(struct machine *machine)
{
    static const struct counts nothing;
    unsigned long long pages;

    print_counts("boot", &nothing);
    pin_to(0);
    cpus_all(machine, true);
    measure_loop();
    measure_hotplug(machine);
    measure_switches(machine, "switch32");
    measure_switches(machine, "switch64");
    measure_tables(machine);
    unpin();
    kernel_asked(machine, "trim");
    pages = pages_held(machine);
    printf("MEASURE pages=%llu bytes=%llu\n", pages, pages * PAGE_BYTES);
    machine_verify(machine);
}
