/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * switch32, switch64 SEED [COUNT]: two threads with TLS on one processor hand over to each other by
 * a futex, COUNT times in all. With COUNT it prints how many times they were switched and what the
 * time stamp counter did meanwhile, which under QEMU's -icount is a multiple of the instructions;
 * and how many pages the kernel has for threads' descriptors while both are there.
 */

#include "check.h"
#include "host.h"
#include "programs.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

enum {
    DEFAULT_COUNT = 1000,
    WARM_COUNT = 100
};

/* Where both stand at one moment. */
struct mark {
    long switches;
    unsigned long long ticks;
};

static uint32_t turn;
static unsigned count; /* of each thread */
static struct mark first;
static struct mark last;
static unsigned long long thread_pages;
static __thread unsigned mine;

static void hand_over(uint32_t me)
{
    while (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) != me)
        syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, !me, NULL);
    mine++;
    __atomic_store_n(&turn, !me, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1);
}

static struct mark mark_now(void)
{
    struct mark mark;
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    mark.switches = usage.ru_nvcsw + usage.ru_nivcsw;
    mark.ticks = __rdtsc();
    return mark;
}

static void count_pages(void)
{
    static struct cgdt_file file;

    if (cgdt_file_read(&file))
        cgdt_number(cgdt_line(&file, "PAGES"), "thread_pages", &thread_pages);
}

static void *run_thread(void *argument)
{
    uint32_t me = argument != NULL;

    for (unsigned i = 0; i < WARM_COUNT + count; i++) {
        if (me == 0 && i == WARM_COUNT) {
            count_pages();
            first = mark_now();
        }
        hand_over(me);
    }
    if (me == 0)
        last = mark_now();
    if (mine != WARM_COUNT + count)
        fail("thread %u has handed over %u times of %u", me, mine, WARM_COUNT + count);
    return NULL;
}

int switches(int argc, char **argv)
{
    pthread_t other;

    if (argc < 2 || argc > 3)
        fail("usage: %s SEED [COUNT]", program_name);
    number_of(argv[1]);
    count = (argc == 3 ? (unsigned)number_of(argv[2]) : DEFAULT_COUNT) / 2;
    /* The other one inherits it. */
    pin_to(0);
    if (pthread_create(&other, NULL, run_thread, &turn) != 0)
        fail("pthread_create");
    run_thread(NULL);
    pthread_join(other, NULL);
    if (argc == 3)
        printf("SWITCH name=%s handed_over=%u switches=%ld tsc=%llu thread_pages=%llu\n",
               program_name, 2 * count, last.switches - first.switches, last.ticks - first.ticks,
               thread_pages);
    return EXIT_RIGHT;
}
