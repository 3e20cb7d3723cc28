/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mode=move: a churn in which processors go off and on, and move, until one in twenty is left, on
 * as many pages as can be. Then those move that the kernel says should, each looked at after its
 * move, and pages are given back: there are as few as can hold those that are left. Programs run
 * meanwhile; in the last round they do not, so that what is asked of Xen can be counted.
 */

#include "init.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    LEFT_OF_HUNDRED = 5,
    FEWEST_LEFT = 2,
    MOST_PAGES = MAX_CPUS
};

/* Who is on which page, by /proc/cgdt; -1: no page. */
struct places {
    int page[MAX_CPUS]; /* by position in machine->cpus */
    unsigned on_page[MOST_PAGES];
    unsigned colors; /* of a page */
};

static struct cgdt_file file;

static unsigned file_number(const char *line, const char *key)
{
    unsigned long long value = 0;

    cgdt_number(line, key, &value);
    return (unsigned)value;
}

/* Of this word's line, at this moment. */
static unsigned kernel_number(const char *word, const char *key)
{
    return cgdt_file_read(&file) ? file_number(cgdt_line(&file, word), key) : 0;
}

static unsigned ceiling(unsigned number, unsigned of)
{
    return (number + of - 1) / of;
}

/* A window of Xen's has 13 pages behind its common page, a native one a single page. */
static struct places places_now(const struct machine *machine)
{
    unsigned window_pages = host_is_xen(machine->host) ? 14 : 1;
    struct places places = {.colors = kernel_number("LINUX", "colors")};

    if (places.colors == 0)
        fail("/proc/cgdt says no colors");
    for (int i = 0; i < machine->cpu_count; i++) {
        int cpu = machine->cpus[i];
        const char *line = cgdt_line_with(&file, "CPU", "cpu", (unsigned)cpu);
        unsigned page = file_number(line, "window") * window_pages + file_number(line, "page");

        places.page[i] = -1;
        if (!machine->on[cpu])
            continue;
        if (page >= MOST_PAGES)
            fail("CPU %d is on page %u", cpu, page);
        places.page[i] = (int)page;
        places.on_page[page]++;
    }
    return places;
}

/*
 * How many have to move if as few as can be do: those that are not on the fullest pages. Natively
 * the last page may have fewer slots than others, and is no page to come to then.
 */
static unsigned fewest_moves(const struct machine *machine, struct places places)
{
    unsigned kept = ceiling((unsigned)cpus_on(machine), places.colors);
    unsigned moves = (unsigned)cpus_on(machine);

    if (!host_is_xen(machine->host) && (unsigned)machine->cpu_count % places.colors != 0)
        places.on_page[(unsigned)machine->cpu_count / places.colors] = 0;
    for (unsigned i = 0; i < kept; i++) {
        unsigned fullest = 0;

        for (unsigned page = 1; page < MOST_PAGES; page++) {
            if (places.on_page[page] > places.on_page[fullest])
                fullest = page;
        }
        moves -= places.on_page[fullest];
        places.on_page[fullest] = 0;
    }
    return moves;
}

/* One that is to stay: at random, of those on pages where the fewest are to stay yet. */
static int next_to_stay(struct machine *machine, const struct places *places, const bool *stays)
{
    unsigned staying[MOST_PAGES] = {0};
    int chosen = -1;
    uint32_t equal = 0;

    for (int i = 0; i < machine->cpu_count; i++)
        staying[places->page[i] < 0 ? 0 : places->page[i]] += stays[i];
    for (int i = 0; i < machine->cpu_count; i++) {
        if (stays[i] || places->page[i] < 0)
            continue;
        if (chosen < 0 || staying[places->page[i]] < staying[places->page[chosen]]) {
            chosen = i;
            equal = 1;
        } else if (staying[places->page[i]] == staying[places->page[chosen]] &&
                   random_below(&machine->random, ++equal) == 0) {
            chosen = i;
        }
    }
    return chosen;
}

/* CPU 0, which is the first, is one of those that stay. */
static void most_go_off(struct machine *machine)
{
    bool stays[MAX_CPUS] = {true};
    struct places places = places_now(machine);
    unsigned left = (unsigned)machine->cpu_count * LEFT_OF_HUNDRED / 100;

    for (unsigned i = 1; i < (left < FEWEST_LEFT ? FEWEST_LEFT : left); i++) {
        int next = next_to_stay(machine, &places, stays);

        if (next >= 0)
            stays[next] = true;
    }
    for (int i = 0; i < machine->cpu_count; i++) {
        if (!stays[i] && machine->on[machine->cpus[i]])
            cpu_must_switch(machine, machine->cpus[i], false);
    }
}

/* Processes that move whatever they run on, until `stop`. */
static int movers_start(struct machine *machine, const bool *stop)
{
    int child;

    fflush(stdout);
    child = fork();
    if (child < 0)
        machine_failed(machine, "fork for the movers: %s", strerror(errno));
    if (child != 0)
        return child;
    machine->random.state ^= 0x3a7e;
    while (!__atomic_load_n(stop, __ATOMIC_SEQ_CST)) {
        program_run(machine, "move32", NULL, NULL);
        program_run(machine, "move64", NULL, NULL);
    }
    exit(EXIT_RIGHT);
}

static void churn(struct machine *machine)
{
    unsigned target = machine->cycles + machine->options.cycles;
    bool *stop = &machine->tally->stop_moving;
    unsigned failures = machine->failures;
    int movers;
    int status;

    __atomic_store_n(stop, false, __ATOMIC_SEQ_CST);
    movers = movers_start(machine, stop);
    while (machine->cycles < target && machine->failures == failures)
        cpu_toggle_one(machine);
    __atomic_store_n(stop, true, __ATOMIC_SEQ_CST);
    if (movers > 0 && (waitpid(movers, &status, 0) != movers || status != 0))
        machine_failed(machine, "the movers ended with wait status 0x%x", status);
}

/* Another processor sends it; and what that asked of Xen, where nobody else asks for anything. */
static void kernel_moves(struct machine *machine, unsigned cpu, bool alone)
{
    char order[24];
    unsigned set_gdts;
    unsigned descriptors;

    snprintf(order, sizeof(order), "move %u", cpu);
    if (alone)
        threads_forgotten(machine);
    set_gdts = kernel_number("COUNTS", "set_gdt");
    descriptors = file_number(cgdt_line(&file, "COUNTS"), "update_descriptor");
    kernel_asked(machine, order);
    set_gdts = kernel_number("COUNTS", "set_gdt") - set_gdts;
    descriptors = file_number(cgdt_line(&file, "COUNTS"), "update_descriptor") - descriptors;
    if (!alone || !host_is_xen(machine->host))
        return;
    /* At once: Xen refuses, if a page that goes is in the list that the processor has yet. */
    kernel_asked(machine, "trim");
    printf("MOVE cpu=%u set_gdt=%u update_descriptor=%u\n", cpu, set_gdts, descriptors);
    if (set_gdts != 1 || descriptors != 2)
        machine_failed(machine, "a move of CPU %u is %u set_gdt and %u update_descriptor", cpu,
                       set_gdts, descriptors);
}

/* By a program of either size that runs on it, or by the kernel's thread. */
static void move_one(struct machine *machine, unsigned turn, unsigned cpu, bool alone)
{
    unsigned before = kernel_number("COUNTS", "moves");
    char number[16];

    snprintf(number, sizeof(number), "%u", cpu);
    if (!alone && turn % 3 < 2)
        program_run(machine, turn % 3 ? "move64" : "move32", number, NULL);
    else
        kernel_moves(machine, cpu, alone);
    if (kernel_number("COUNTS", "moves") != before + 1)
        machine_failed(machine, "CPU %u has not moved", cpu);
    kernel_asked(machine, "verify");
    audit(machine);
    program_run(machine, "look64", number, NULL);
    program_run(machine, "look32", number, NULL);
}

static void must_be_packed(struct machine *machine, unsigned expected)
{
    unsigned mapped = kernel_number("PAGES", "mapped");

    if (mapped != expected)
        machine_failed(machine, "%d CPUs on, all have moved, and %u pages instead of %u",
                       cpus_on(machine), mapped, expected);
}

/* Native windows have one page, so there the moves are the fewest; see move.h. */
static void pack(struct machine *machine, unsigned round, bool alone)
{
    unsigned at_first = kernel_number("PAGES", "mapped");
    struct places places = places_now(machine);
    unsigned fewest = fewest_moves(machine, places);
    unsigned failures = machine->failures;
    unsigned moves = 0;
    unsigned trimmed;
    unsigned long long cpu;

    kernel_asked(machine, "trim");
    trimmed = kernel_number("PAGES", "mapped");
    while (machine->failures == failures && cgdt_file_read(&file) &&
           cgdt_number(cgdt_line(&file, "CROWDED"), "cpu", &cpu))
        move_one(machine, round + moves++, (unsigned)cpu, alone);
    kernel_asked(machine, "trim");
    printf("MOVES round=%u cpus=%d pages=%u trimmed=%u moves=%u fewest=%u moved=%u\n", round,
           cpus_on(machine), at_first, trimmed, moves, fewest, kernel_number("PAGES", "mapped"));
    must_be_packed(machine, ceiling((unsigned)cpus_on(machine), places.colors));
    if (moves == 0 || (host_is_xen(machine->host) ? moves < fewest : moves != fewest))
        machine_failed(machine, "%u moves, where %u are the fewest", moves, fewest);
    machine_round(machine);
}

/* By the kernel's command line, the last word on it. */
static bool isolation_wanted(void)
{
    char line[1024] = "";
    FILE *stream = fopen("/proc/cmdline", "re");
    bool wanted = false;

    if (!stream || !fgets(line, sizeof(line), stream))
        fail("/proc/cmdline: %s", strerror(errno));
    fclose(stream);
    for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n")) {
        if (strncmp(word, "pti=", 4) == 0)
            wanted = strcmp(word, "pti=on") == 0;
    }
    return wanted;
}

/* Page-table isolation is as it was asked for: a test says which. */
static void check_isolation(struct machine *machine)
{
    static char text[4096];
    FILE *stream = fopen("/proc/cpuinfo", "re");
    bool isolated = false;

    while (stream && fgets(text, sizeof(text), stream)) {
        if (strncmp(text, "flags", 5) == 0)
            isolated = isolated || strstr(text, " pti ") != NULL;
    }
    if (stream)
        fclose(stream);
    printf("MOVE pti=%d\n", isolated);
    if (isolated != (isolation_wanted() && !host_is_xen(machine->host)))
        machine_failed(machine, "page-table isolation is %s", isolated ? "on" : "off");
}

void mode_move(struct machine *machine)
{
    unsigned rounds = machine->options.rounds;

    if (!host_has_cgdt(machine->host)) {
        machine_failed(machine, "mode=move is about /proc/cgdt");
        return;
    }
    check_isolation(machine);
    for (unsigned round = 0; round < rounds && machine->failures == 0; round++) {
        bool alone = round + 1 == rounds;

        cpus_all(machine, true);
        background_start(machine, PROGRAMS_ALL);
        churn(machine);
        cpus_all(machine, true);
        most_go_off(machine);
        if (alone)
            background_stop(machine);
        pack(machine, round, alone);
        background_stop(machine);
    }
    cpus_all(machine, true);
    kernel_asked(machine, "trim");
    machine_verify(machine);
}
