/* SPDX-License-Identifier: MIT */
/*
 * stress-runner CASE [DIVISOR]: one stress test by name, with a DIVISOR-th of its operations
 * (sanitizers are slow). Exit status 0: passed. stress-runner --list: the names.
 */
#include "bodies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MILLION 1000000u

struct stress_case {
    const char *name;
    stress_body *body;
    struct stress_params params;
};

#define RUN(...)                                                                                   \
    stress_body_run,                                                                               \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define DUEL(threads_, rounds)                                                                     \
    {                                                                                              \
        .threads = (threads_), .operations = (rounds)                                              \
    }

static const struct stress_case cases[] = {
    /* Every layout on both ports, with and without faults, 2, 4 and 16 threads. */
    {"page-fixed", RUN(.threads = 2, .cpus = 1024, .operations = 8 * MILLION)},
    {"page-hosted-faults",
     RUN(.threads = 4, .cpus = 512, .operations = 4 * MILLION, .hosted = true, .fault_rate = 0.01)},
    {"window-fixed-faults", RUN(.threads = 4, .cpus = 1024, .operations = 4 * MILLION,
                                .layout = STRESS_WINDOW, .fault_rate = 0.05)},
    {"window-hosted", RUN(.threads = 2, .cpus = 1024, .operations = 8 * MILLION,
                          .layout = STRESS_WINDOW, .hosted = true)},
    {"common-fixed",
     RUN(.threads = 16, .cpus = 1024, .operations = 8 * MILLION, .layout = STRESS_COMMON)},
    {"common-hosted-faults", RUN(.threads = 2, .cpus = 2048, .operations = 8 * MILLION,
                                 .layout = STRESS_COMMON, .hosted = true, .fault_rate = 0.01)},
    {"page-per-cpu-fixed-faults", RUN(.threads = 2, .cpus = 64, .operations = 400000,
                                      .layout = STRESS_PAGE_PER_CPU, .fault_rate = 0.02)},
    {"page-per-cpu-hosted", RUN(.threads = 4, .cpus = 64, .operations = 400000,
                                .layout = STRESS_PAGE_PER_CPU, .hosted = true)},

    /* Full pools, tiny pools, and pools that shrink all the time. */
    {"full", RUN(.threads = 2, .cpus = 100, .operations = 4 * MILLION, .full = true)},
    {"full-16-threads", RUN(.threads = 16, .cpus = 64, .operations = 4 * MILLION,
                            .layout = STRESS_COMMON, .full = true)},
    {"tiny-1", RUN(.threads = 3, .cpus = 1, .operations = MILLION, .full = true)},
    {"tiny-2", RUN(.threads = 2, .cpus = 2, .operations = MILLION, .full = true)},
    {"tiny-3-faults", RUN(.threads = 4, .cpus = 3, .operations = MILLION, .full = true,
                          .heavy_trim = true, .fault_rate = 0.1)},
    {"trim-page", RUN(.threads = 2, .cpus = 128, .operations = 4 * MILLION, .heavy_trim = true)},
    /* A group of one slot in each word: every alloc and free goes up and down the summary. */
    {"trim-page-per-cpu", RUN(.threads = 2, .cpus = 64, .operations = 4 * MILLION,
                              .layout = STRESS_PAGE_PER_CPU, .heavy_trim = true)},
    {"trim-page-per-cpu-full",
     RUN(.threads = 4, .cpus = 40, .operations = 2 * MILLION, .layout = STRESS_PAGE_PER_CPU,
         .full = true, .heavy_trim = true)},
    {"trim-window-hosted", RUN(.threads = 2, .cpus = 700, .operations = 4 * MILLION,
                               .layout = STRESS_WINDOW, .hosted = true, .heavy_trim = true)},
    {"trim-full-faults",
     RUN(.threads = 4, .cpus = 300, .operations = 2 * MILLION, .layout = STRESS_WINDOW,
         .full = true, .heavy_trim = true, .fault_rate = 0.1)},

    /*
     * One thread, so that the same things happen every time: with seeds 1 to 3 a trim cannot undo
     * itself and a growth leaves a page behind, and no frame list may name a page that is not in
     * service.
     */
    {"undo-1", RUN(.threads = 1, .cpus = 1024, .operations = 5 * MILLION, .layout = STRESS_WINDOW,
                   .fault_rate = 0.3, .seed = 1)},
    {"undo-2", RUN(.threads = 1, .cpus = 1024, .operations = 2 * MILLION, .layout = STRESS_WINDOW,
                   .fault_rate = 0.3, .seed = 2)},
    {"serialized-faults", RUN(.threads = 1, .cpus = 500, .operations = 4 * MILLION,
                              .serialized = true, .fault_rate = 0.02)},
    {"repeats",
     stress_body_repeats,
     {.threads = 1, .cpus = 300, .operations = MILLION, .fault_rate = 0.02, .seed = 7}},

    /* Half of all slots through caches of the threads, which hold back more or less. */
    {"cache-page", RUN(.threads = 2, .cpus = 1024, .operations = 4 * MILLION, .cache_slots = 16)},
    {"cache-window-hosted-faults",
     RUN(.threads = 4, .cpus = 2048, .operations = 2 * MILLION, .layout = STRESS_WINDOW,
         .hosted = true, .cache_slots = 60, .fault_rate = 0.02)},
    {"cache-common-trim", RUN(.threads = 16, .cpus = 16384, .operations = 4 * MILLION,
                              .layout = STRESS_COMMON, .cache_slots = 128, .heavy_trim = true)},
    {"cache-full", RUN(.threads = 4, .cpus = 200, .operations = 2 * MILLION, .full = true,
                       .heavy_trim = true, .cache_slots = 6, .fault_rate = 0.05)},
    {"cache-serialized", RUN(.threads = 1, .cpus = 500, .operations = 2 * MILLION,
                             .serialized = true, .cache_slots = 32, .fault_rate = 0.02)},

    {"duel-free-2", stress_body_duel_free, DUEL(2, 300000)},
    {"duel-free-4", stress_body_duel_free, DUEL(4, 20000)},
    {"duel-cpu-2", stress_body_duel_cpu, DUEL(2, 300000)},
    {"duel-cpu-4", stress_body_duel_cpu, DUEL(4, 20000)},
    {"duel-last-2", stress_body_duel_last, DUEL(2, 300000)},
    {"duel-last-4", stress_body_duel_last, DUEL(4, 20000)},

    {"kinds-2", stress_body_kinds, DUEL(2, 10 * MILLION)},
    {"kinds-4", stress_body_kinds, DUEL(4, 10 * MILLION)},
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

static int list(void)
{
    for (size_t i = 0; i < CASES; i++)
        puts(cases[i].name);
    return 0;
}

int main(int argc, char **argv)
{
    const unsigned long divisor = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;

    if (argc == 2 && strcmp(argv[1], "--list") == 0)
        return list();
    for (size_t i = 0; i < CASES && argc >= 2 && divisor != 0; i++) {
        struct stress_params params = cases[i].params;

        if (strcmp(argv[1], cases[i].name) != 0)
            continue;
        params.operations = params.operations / divisor + 1;
        return cases[i].body(&params);
    }
    fputs("stress-runner: usage: stress-runner CASE [DIVISOR], or --list\n", stderr);
    return 2;
}
