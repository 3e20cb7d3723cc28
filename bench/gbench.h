/* SPDX-License-Identifier: MIT */
/*
 * Google Benchmark for C. Everything of it that the cases use is in this header; gbench.cc, the one
 * C++ file of the benchmarks, puts it through to the library.
 *
 *     static void case_add(struct bench_state *state, const void *arg)
 *     {
 *         while (bench_next(state))
 *             bench_keep(&something);      set-up before the loop and tear-down after it are not
 *                                          timed
 *     }
 *
 *     const struct bench_case cases[] = {{.name = "add", .run = case_add}};
 *     return bench_main(argc, argv, cases, 1);
 *
 * Cases are registered by hand, in the order of the table: nothing runs before main(). No exception
 * leaves gbench.cc.
 *
 * bench_next() counts down inline and calls the library once in BENCH_STRIDE iterations, so the
 * loop costs what a loop costs (the case overhead/... measures it). A loop that does n iterations
 * by itself asks with
 * bench_batch(); so does one whose single iteration is long, with n = 1.
 */
#ifndef CGDT_BENCH_GBENCH_H
#define CGDT_BENCH_GBENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BENCH_STRIDE 1024u

struct bench_state {
    void *impl;    /* the library's state of this thread and run */
    uint64_t left; /* iterations until it is asked again */
};

struct bench_case {
    const char *name;
    void (*run)(struct bench_state *state, const void *arg);
    const void *arg;
    uint32_t threads;    /* that run() is called on at once; 0: one, and the name does not say so */
    uint64_t iterations; /* exactly so many; 0: as many as the time asked for needs */
    bool wall_clock;     /* time that passes, not time that the CPU worked: where threads wait */
};

/* Go on with n more iterations? They count as n, also beyond what was asked for. */
bool bench_batch(struct bench_state *state, uint64_t n);

/* Go on with one more iteration? */
static inline bool bench_next(struct bench_state *state)
{
    if (__builtin_expect(state->left != 0, 1)) {
        state->left--;
        return true;
    }
    if (!bench_batch(state, BENCH_STRIDE))
        return false;
    state->left = BENCH_STRIDE - 1;
    return true;
}

/* The compiler must believe that what is at `at` is read and written here. */
static inline void bench_keep(const void *at)
{
    __asm__ volatile("" : : "r"(at) : "memory");
}

/*
 * This thread, 0 up, and how many there are. Thread 0 sets up before its loop: the others wait for
 * it there.
 */
uint32_t bench_thread(const struct bench_state *state);
uint32_t bench_threads(const struct bench_state *state);

/* After the loop: what one iteration did `n` times. Times are then also reported per item. */
void bench_items(struct bench_state *state, uint64_t n);

/* After the loop: a figure of its own. Those of several threads are added. */
void bench_counter(struct bench_state *state, const char *name, double value);

/* After the loop: a few words next to the figures. */
void bench_label(struct bench_state *state, const char *text);

/* Instead of the loop, or in it: this case cannot run, and why. The loop ends. */
void bench_skip(struct bench_state *state, const char *why);

/* Before bench_main(): something to stand in the report's head. */
void bench_context(const char *key, const char *value);

/*
 * Run what the command line asks for (--benchmark_filter and so on). Once in a process. Returns the
 * program's exit code: 0, or 1 for an argument that is not known, no case that matches, or an error
 * in the library.
 */
int bench_main(int argc, char **argv, const struct bench_case *cases, size_t n);

#ifdef __cplusplus
}
#endif
#endif
