/* SPDX-License-Identifier: GPL-2.0-only */
/* What every test program uses: one line and a failing exit, random numbers, processors. */

#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stdint.h>

enum {
    MAX_CPUS = 256,
    THREAD_STACK_BYTES = 65536
};

/* How a program ends that is killed by nobody: right, wrong, not started as it should be. */
enum {
    EXIT_RIGHT = 0,
    EXIT_WRONG = 1,
    EXIT_USAGE = 2
};

/* What the lines of fail() begin with. */
extern const char *program_name;

/* One line to standard error, and the whole process ends with EXIT_WRONG. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same seed, the same numbers, on every kernel. */
struct random {
    uint64_t state;
};

struct random random_from(uint64_t seed);
uint32_t random_next(struct random *random);
uint32_t random_below(struct random *random, uint32_t limit);

/* A whole number in decimal, or with 0x in hexadecimal; anything else ends the program. */
unsigned long long number_of(const char *text);

/* The numbers in a file of sysfs like "0-3,7". Returns how many, 0 if there is no such file. */
int cpus_in(const char *path, int cpus[MAX_CPUS]);
int cpus_online(int cpus[MAX_CPUS]);

/* The calling thread runs there from now on; false if that processor is off. */
bool pin_to(int cpu);

/* The calling thread may run anywhere. */
void unpin(void);

/* A system call even where glibc has a faster way. */
int cpu_by_system_call(void);

/* Lets others run: yields, or goes to another processor. Those that are off are no error. */
void disturb(struct random *random, const int *cpus, int count);

/*
 * What a thread sees of the table of the processor it runs on is only worth something if it stayed
 * there. steady_observe() calls `observe` until the thread was not switched out meanwhile, and
 * returns the processor. No clock is asked, so it holds on a slow machine too.
 */
typedef void observe_fn(void *what, int cpu);

int steady_observe(observe_fn *observe, void *what);

/* A child of fork() or clone() must have ended with exit status 0. */
void wait_for(int pid, const char *whose);

#endif
