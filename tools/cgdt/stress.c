/* SPDX-License-Identifier: MIT */
/* `cgdt stress`: options, the live line, the summary. What is run is in ../stress/engine.h. */
#define _GNU_SOURCE
#include "commands.h"
#include "interrupt.h"
#include "shared.h"
#include "../stress/engine.h"

#include <cgdt/cache.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_SECONDS 10.0
#define LINE_SECONDS    5.0 /* between two lines where stderr is no terminal */

struct command {
    struct stress_params params;
    bool json;
    bool live; /* stderr is a terminal */
    uint64_t last_operations;
    double last_seconds;
    double last_line;
};

enum {
    KEY_FAULT_RATE = 256,
    KEY_JSON,
    KEY_SERIALIZED,
    KEY_FULL,
    KEY_HEAVY_TRIM,
};

static const struct argp_option options[] = {
    {"threads", 't', "N", 0, "Threads, 1 to 256; default: as many as CPUs, at least 2", 0},
    {"cpus", 'n', "N", 0,
     "Possible CPUs, which is the pool's ceiling in slots: 1 to 1048576 (page-per-cpu: 262144); "
     "default 1024. Half are CPU numbers, half slots that threads take by themselves",
     0},
    {"seconds", 's', "S", 0, "Stop after S seconds; default 10 where --operations is not given", 0},
    {"operations", 'o', "N", 0, "Stop after N operations (64 bits; 1e9 may be written so)", 0},
    {"layout", 'l', "LAYOUT", 0, "page (default), window, common or page-per-cpu", 0},
    {"port", 'p', "PORT", 0, "fixed (an array, default) or hosted (sealed pages are read-only)", 0},
    {"fault-rate", KEY_FAULT_RATE, "P", 0,
     "Chance of each port call to fail, 0 to 0.5, such as 0.01; default 0", 0},
    {"cache", 'c', "N", 0,
     "A cache of N slots for each thread, 2 to 128, through which half of its slots then come and "
     "go; all of them together an eighth of --cpus at most, but with --full; default 0, none",
     0},
    {"full", KEY_FULL, 0, 0,
     "Want twice as many slots as there are, so that the pool is often full", 0},
    {"heavy-trim", KEY_HEAVY_TRIM, 0, 0, "Give free pages back all the time, not now and then", 0},
    {"serialized", KEY_SERIALIZED, 0, 0,
     "A pool without atomic read-modify-writes; with one thread only", 0},
    {"seed", 'r', "N", 0, "What the random steps begin with; default: the time", 0},
    {"json", KEY_JSON, 0, 0, "One JSON object on stdout at the end; everything else on stderr", 0},
    {0},
};

static const char doc[] =
    "Concurrent hotplug on one pool, every slot verified.\v"
    "Threads bring random CPUs on- and offline, meeting each other on the same numbers, and take, "
    "write, read and free slots of their own, while slots are reserved, pages trimmed and windows "
    "checked. Each slot is verified when it is handed out and before it is freed: template, zeros, "
    "its owner's "
    "own "
    "descriptors; that nobody else has it; that each call's answer is a documented one, or the "
    "code "
    "that the port failed with. Several times a second all threads meet and the pool is checked as "
    "a "
    "whole. At the end everything must come back.\n\n"
    "An operation is one library call that succeeded in changing or reading a slot: alloc, free, "
    "write, read, online, offline; a bulk allocation counts as its slots. Calls that are refused, "
    "and "
    "frames, trim, reserve, check, do not count.\n\n"
    "Ctrl-C (SIGINT, and SIGTERM and SIGHUP) ends the run as if its time were up: what there is by "
    "then is verified and shown, and the process dies by the signal. A second one ends it at once."
    "\n\n"
    "The first violation ends the run. With one thread the seed repeats it exactly (with "
    "--operations); with more, as far as the scheduler does.\n\n"
    "Exit status: 0 no violation, 1 a violation, 2 wrong use or no memory.";

static double number(const struct argp_state *state, const char *name, const char *arg, double low,
                     double high)
{
    parse_quoted quoted;
    char *end;
    const double value = strtod(arg, &end);

    /* The negation catches what is not a number, too. */
    if (parse_is_space(*arg) || end == arg || *end != '\0' || !(value >= low && value <= high))
        argp_failure(state, EXIT_UNUSABLE, 0, "--%s must be %.10g .. %.10g, not %s", name, low,
                     high, parse_quote(quoted, arg, strlen(arg)));
    return value;
}

/* A whole number; 1e9 is one, too. */
static uint64_t whole(const struct argp_state *state, const char *name, const char *arg,
                      uint64_t low, uint64_t high)
{
    parse_quoted quoted;
    char *end;
    uint64_t value = strtoull(arg, &end, 10);
    bool good = *arg >= '0' && *arg <= '9';

    if (good && *end != '\0') {
        const double written = strtod(arg, &end);

        good = *end == '\0' && written < 1e18;
        value = good ? (uint64_t)written : 0;
        good = good && (double)value == written;
    }
    if (!good || value < low || value > high)
        argp_failure(state, EXIT_UNUSABLE, 0, "--%s must be %" PRIu64 " .. %" PRIu64 ", not %s",
                     name, low, high, parse_quote(quoted, arg, strlen(arg)));
    return value;
}

static void set_layout(struct command *command, const struct argp_state *state, const char *arg)
{
    parse_quoted quoted;

    for (unsigned i = 0; i < STRESS_LAYOUTS; i++) {
        if (strcmp(arg, stress_layout_name((enum stress_layout)i)) == 0) {
            command->params.layout = (enum stress_layout)i;
            return;
        }
    }
    argp_failure(state, EXIT_UNUSABLE, 0,
                 "--layout must be page, window, common or page-per-cpu, not %s",
                 parse_quote(quoted, arg, strlen(arg)));
}

static void set_port(struct command *command, const struct argp_state *state, const char *arg)
{
    parse_quoted quoted;

    command->params.hosted = strcmp(arg, "hosted") == 0;
    if (!command->params.hosted && strcmp(arg, "fixed") != 0)
        argp_failure(state, EXIT_UNUSABLE, 0, "--port must be fixed or hosted, not %s",
                     parse_quote(quoted, arg, strlen(arg)));
}

static void check_together(struct command *command, const struct argp_state *state)
{
    struct stress_params *params = &command->params;

    if (params->serialized && params->threads > 1)
        argp_failure(state, EXIT_UNUSABLE, 0, "--serialized goes with --threads 1 only");
    if (!params->full && (uint64_t)params->cache_slots * params->threads > params->cpus / 8)
        argp_failure(state, EXIT_UNUSABLE, 0,
                     "--cache must be 2 .. %" PRIu32 " with so many --threads and --cpus",
                     params->cpus / 8 / params->threads);
    if (params->layout == STRESS_PAGE_PER_CPU && params->cpus > STRESS_MAX_CPUS_BY_PAGE)
        argp_failure(state, EXIT_UNUSABLE, 0, "--cpus must be 1 .. %u with --layout page-per-cpu",
                     STRESS_MAX_CPUS_BY_PAGE);
    if (params->operations == 0 && params->seconds <= 0)
        params->seconds = DEFAULT_SECONDS;
}

static error_t set_flag(struct command *command, int key)
{
    bool *const flag = key == KEY_FULL         ? &command->params.full
                       : key == KEY_HEAVY_TRIM ? &command->params.heavy_trim
                       : key == KEY_SERIALIZED ? &command->params.serialized
                       : key == KEY_JSON       ? &command->json
                                               : NULL;

    if (flag == NULL)
        return ARGP_ERR_UNKNOWN;
    *flag = true;
    return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct command *command = state->input;
    struct stress_params *params = &command->params;
    parse_quoted quoted;

    switch (key) {
    case 't':
        params->threads = (uint32_t)whole(state, "threads", arg, 1, STRESS_MAX_THREADS);
        return 0;
    case 'n':
        params->cpus = (uint32_t)whole(state, "cpus", arg, 1, STRESS_MAX_CPUS);
        return 0;
    case 's':
        params->seconds = number(state, "seconds", arg, 0.001, 1e9);
        return 0;
    case 'o':
        params->operations = whole(state, "operations", arg, 1, UINT64_MAX - 1);
        return 0;
    case 'l':
        set_layout(command, state, arg);
        return 0;
    case 'p':
        set_port(command, state, arg);
        return 0;
    case 'c':
        params->cache_slots = (uint32_t)whole(state, "cache", arg, 2, CGDT_CACHE_SLOTS);
        return 0;
    case 'r':
        params->seed = whole(state, "seed", arg, 0, UINT64_MAX - 1);
        return 0;
    case KEY_FAULT_RATE:
        params->fault_rate = number(state, "fault-rate", arg, 0, STRESS_MAX_FAULT_RATE);
        return 0;
    case ARGP_KEY_ARG:
        argp_failure(state, EXIT_UNUSABLE, 0, "one argument too many: %s",
                     parse_quote(quoted, arg, strlen(arg)));
        return 0;
    case ARGP_KEY_END:
        check_together(command, state);
        return 0;
    default:
        return set_flag(command, key);
    }
}

static const struct argp argp = {.options = options, .parser = parse, .doc = doc};

/* While it runs. */

static void show(void *ctx, const struct stress_progress *progress)
{
    struct command *command = ctx;
    const double since = progress->seconds - command->last_seconds;
    const double rate =
        since > 0 ? (double)(progress->operations - command->last_operations) / since : 0;

    if (!command->live && progress->seconds - command->last_line < LINE_SECONDS)
        return;
    command->last_seconds = command->last_line = progress->seconds;
    command->last_operations = progress->operations;
    fprintf(stderr, "%s%3.0f %%  %6.1f s  %.3e operations  %6.2f M/s", command->live ? "\r" : "",
            100 * progress->share, progress->seconds, (double)progress->operations, rate / 1e6);
    if (!command->params.serialized)
        fprintf(stderr, "  |%s| %" PRIu32 " slot%s, %" PRIu32 " page%s", progress->map,
                progress->taken_slots, plural(progress->taken_slots), progress->mapped_pages,
                plural(progress->mapped_pages));
    fputs(command->live ? "\033[K" : "\n", stderr);
    (void)fflush(stderr);
}

static void print_repeat(FILE *to, const struct stress_params *params)
{
    fprintf(to, "cgdt stress --threads %" PRIu32 " --cpus %" PRIu32, params->threads, params->cpus);
    if (params->operations != 0)
        fprintf(to, " --operations %" PRIu64, params->operations);
    if (params->seconds > 0)
        fprintf(to, " --seconds %g", params->seconds);
    fprintf(to, " --layout %s --port %s", stress_layout_name(params->layout),
            params->hosted ? "hosted" : "fixed");
    if (params->fault_rate > 0)
        fprintf(to, " --fault-rate %.17g", params->fault_rate); /* rounded, it is another run */
    if (params->cache_slots != 0)
        fprintf(to, " --cache %" PRIu32, params->cache_slots);
    fprintf(to, "%s%s%s --seed %" PRIu64, params->full ? " --full" : "",
            params->heavy_trim ? " --heavy-trim" : "", params->serialized ? " --serialized" : "",
            params->seed);
}

/* The end. */

struct count_row {
    const char *name;
    uint64_t value;
};

#define COUNTS 17u

static void list_counts(const struct stress_counts *counts, struct count_row rows[COUNTS])
{
    const struct count_row all[COUNTS] = {
        {"alloc", counts->alloc},     {"bulk", counts->bulk},     {"free", counts->free},
        {"write", counts->write},     {"read", counts->read},     {"online", counts->online},
        {"offline", counts->offline}, {"frames", counts->frames}, {"trimmed", counts->trim},
        {"reserve", counts->reserve}, {"check", counts->check},   {"stale", counts->stale},
        {"full", counts->full},       {"lost", counts->lost},     {"kept", counts->kept},
        {"moved", counts->moved},     {"cached", counts->cached},
    };

    memcpy(rows, all, sizeof(all));
}

static void print_json(const struct command *command, const struct stress_result *result,
                       const struct count_row *rows)
{
    const struct stress_params *params = &command->params;

    printf("{\"operations\": %" PRIu64 ", \"seconds\": %.3f, \"rate\": %.0f, "
           "\"violations\": %" PRIu64 ", \"first_violation\": ",
           result->operations, result->seconds, (double)result->operations / result->seconds,
           result->violations);
    print_json_string(result->first);
    if (interrupt_name() != NULL)
        printf(", \"interrupted\": \"%s\"", interrupt_name());
    printf(", \"threads\": %" PRIu32 ", \"cpus\": %" PRIu32
           ", \"layout\": \"%s\", \"port\": \"%s\", "
           "\"fault_rate\": %g, \"cache\": %" PRIu32
           ", \"full\": %s, \"heavy_trim\": %s, \"serialized\": %s, "
           "\"seed\": \"%" PRIu64 "\", \"faults\": %" PRIu64 ", \"counts\": {",
           params->threads, params->cpus, stress_layout_name(params->layout),
           params->hosted ? "hosted" : "fixed", params->fault_rate, params->cache_slots,
           params->full ? "true" : "false", params->heavy_trim ? "true" : "false",
           params->serialized ? "true" : "false", params->seed, result->counts.faults);
    for (unsigned i = 0; i < COUNTS; i++)
        printf("%s\"%s\": %" PRIu64, i == 0 ? "" : ", ", rows[i].name, rows[i].value);
    printf("}}\n");
}

static void print_summary(const struct command *command, const struct stress_result *result,
                          const struct count_row *rows)
{
    const struct stress_params *params = &command->params;

    for (unsigned i = 0; i < COUNTS; i++)
        printf("%s%s %" PRIu64, i == 0 ? "" : i == 7 ? "\n" : ", ", rows[i].name, rows[i].value);
    printf("\nSTRESS operations=%" PRIu64 " seconds=%.1f rate=%.2fM/s threads=%" PRIu32
           " cpus=%" PRIu32 " layout=%s port=%s faults=%" PRIu64 " violations=%" PRIu64
           " seed=%" PRIu64 "%s%s %s\n",
           result->operations, result->seconds, (double)result->operations / result->seconds / 1e6,
           params->threads, params->cpus, stress_layout_name(params->layout),
           params->hosted ? "hosted" : "fixed", result->counts.faults, result->violations,
           params->seed, interrupt_name() != NULL ? " interrupted=" : "",
           interrupt_name() != NULL ? interrupt_name() : "",
           result->violations == 0 ? "PASS" : "FAIL");
}

static uint32_t default_threads(void)
{
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    return cpus < 2 ? 2 : cpus > (long)STRESS_MAX_THREADS ? STRESS_MAX_THREADS : (uint32_t)cpus;
}

static int report(const struct command *command, const struct stress_result *result)
{
    struct count_row rows[COUNTS];

    if (result->violations != 0) {
        fprintf(stderr, "cgdt stress: VIOLATION: %s\ncgdt stress: to repeat: ", result->first);
        print_repeat(stderr, &command->params);
        fputc('\n', stderr);
    }
    list_counts(&result->counts, rows);
    if (command->json)
        print_json(command, result, rows);
    else
        print_summary(command, result, rows);
    return result->violations == 0 ? EXIT_FINE : EXIT_VIOLATION;
}

int stress_command(int argc, char **argv)
{
    struct command command = {.params = {.threads = default_threads(),
                                         .cpus = 1024,
                                         .seed = (uint64_t)time(NULL),
                                         .watch = show},
                              .live = isatty(STDERR_FILENO) != 0};
    struct stress_result result;

    if (parse_options(&argp, argc, argv, &command) != 0)
        return EXIT_UNUSABLE;
    command.params.watch_ctx = &command;
    command.params.enough = interrupt_catch();
    fputs("cgdt stress: running ", stderr); /* first of all, for those who see a crash */
    print_repeat(stderr, &command.params);
    fputc('\n', stderr);
    if (stress_run(&command.params, &result) == 2) {
        fprintf(stderr, "cgdt stress: cannot run: %s\n", result.first);
        return EXIT_UNUSABLE;
    }
    if (command.live) /* after ^C the line stays: it is where the run was */
        fputs(interrupt_name() != NULL ? "\n" : "\r\033[K", stderr);
    const int status = report(&command, &result);

    if (status == EXIT_FINE)
        interrupt_die();
    return status;
}
