/* SPDX-License-Identifier: MIT */
/*
 * The wrapper does what its header says. Each claim has a process of its own: bench_main() runs
 * once in one.
 */
#define _GNU_SOURCE

#include "gbench.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t bodies;        /* times that a loop's body ran */
static uint32_t threads_seen;  /* bit i: thread i */
static uint32_t threads_begun; /* calls of the case's function */
static uint32_t threads_known; /* what bench_threads() said */

static void run_countdown(struct bench_state *state, const void *arg)
{
    while (bench_next(state)) {
        bodies++;
        bench_keep(arg);
    }
}

static void run_batches(struct bench_state *state, const void *arg)
{
    (void)arg;
    while (bench_batch(state, 7))
        bodies++;
}

static void run_skipped(struct bench_state *state, const void *arg)
{
    while (bench_next(state)) {
        bodies++;
        if (bodies == 3)
            bench_skip(state, arg);
    }
}

static void run_threads(struct bench_state *state, const void *arg)
{
    (void)arg;
    (void)__atomic_fetch_or(&threads_seen, 1u << bench_thread(state), __ATOMIC_RELAXED);
    (void)__atomic_fetch_add(&threads_begun, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&threads_known, bench_threads(state), __ATOMIC_RELAXED);
    while (bench_next(state))
        ;
}

static int run(const struct bench_case *one, char *argument)
{
    char program[] = "test";
    char *argv[] = {program, argument, NULL};

    return bench_main(2, argv, one, 1);
}

static char any[] = "--benchmark_filter=.";

static bool strides(void)
{
    const struct bench_case one = {.name = "a", .run = run_countdown, .iterations = 5000};

    return run(&one, any) == 0 && bodies == 5 * BENCH_STRIDE;
}

static bool batches(void)
{
    const struct bench_case one = {.name = "a", .run = run_batches, .iterations = 70};

    return run(&one, any) == 0 && bodies == 10;
}

static bool skipped(void)
{
    const struct bench_case one = {
        .name = "a", .run = run_skipped, .arg = "on purpose", .iterations = 5000};

    return run(&one, any) == 0 && bodies == 3;
}

static bool threads(void)
{
    const struct bench_case one = {.name = "a", .run = run_threads, .threads = 3, .iterations = 10};

    return run(&one, any) == 0 && threads_seen == 7 && threads_begun == 3 && threads_known == 3;
}

static bool no_match(void)
{
    const struct bench_case one = {.name = "a", .run = run_countdown};
    char argument[] = "--benchmark_filter=b";

    return run(&one, argument) == 1 && bodies == 0;
}

static bool unknown_argument(void)
{
    const struct bench_case one = {.name = "a", .run = run_countdown};
    char argument[] = "--no-such-argument";

    return run(&one, argument) == 1 && bodies == 0;
}

static const struct {
    const char *what;
    bool (*holds)(void);
} claims[] = {
    {"5000 iterations are run, in whole strides", strides},
    {"70 iterations are 10 batches of 7", batches},
    {"a skipped case's loop ends at once, and others could go on", skipped},
    {"three threads have three indices", threads},
    {"no case that matches is a failure", no_match},
    {"an argument that is not known is a failure", unknown_argument},
};

int main(void)
{
    int failed = 0;

    for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
        int status = 1;

        (void)fflush(NULL);
        const pid_t child = fork();
        if (child == 0)
            _exit(claims[i].holds() ? 0 : 1);
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
            printf("not so: %s\n", claims[i].what);
            failed = 1;
        }
    }
    return failed;
}
