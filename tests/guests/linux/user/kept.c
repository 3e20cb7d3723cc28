/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kept32 SEED: what would happen if TLS lay in the slots of the processors: a thread loads its TLS
 * by the selector of the processor it runs on, keeps it, goes elsewhere and loads it again. Where
 * no slot has TLS, so on every kernel but the one with cgdt_control=kept-selector, there is
 * nothing to keep, and that is right. Else it is counted how often the kept selector gives another
 * thread's base, which nothing announces.
 */

#include "check.h"
#include "host.h"
#include "programs.h"
#include "segment.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>

enum {
    THREADS = 4,
    ROUNDS = 200,
    NUMBER_BEHIND_TLS = (ENTRY_NUMBER - ENTRY_TLS) * 8
};

struct thread {
    uint64_t seed;
    int cpus[MAX_CPUS];
    int cpu_count;
    unsigned loads;
    unsigned others;
    unsigned faults;
};

/* A segment register's load, and what was behind it. */
struct load {
    uint32_t selector;
    uint32_t word;
    bool readable;
};

static enum host host;
static __thread sigjmp_buf after_fault;

static void on_fault(int signal)
{
    (void)signal;
    siglongjmp(after_fault, 1);
}

/* By the selector of this processor; readable if the descriptor there is this thread's. */
static void load_here(void *what, int cpu)
{
    struct load *load = what;
    struct cgdt_file file;
    unsigned long long number;
    uint32_t rights;

    load->readable = false;
    if (!cgdt_file_read(&file) ||
        !cgdt_number(cgdt_line_with(&file, "CPU", "cpu", (unsigned)cpu), "selector", &number))
        return;
    load->selector = (uint32_t)number - NUMBER_BEHIND_TLS;
    load->readable = segment_rights(load->selector, &rights);
    if (!load->readable)
        return;
    set_fs(load->selector);
    load->word = word_in_fs(0);
    set_fs(0);
}

static void load_again(struct thread *thread, const struct load *load, uint32_t base)
{
    uint32_t word;

    thread->loads++;
    if (sigsetjmp(after_fault, 1) != 0) {
        thread->faults++;
        return;
    }
    set_fs(load->selector);
    word = word_in_fs(0);
    set_fs(0);
    thread->others += word != base;
}

static void *run_thread(void *argument)
{
    struct thread *thread = argument;
    struct random random = random_from(thread->seed);
    uint32_t base = word_in_gs(0);

    for (int round = 0; round < ROUNDS; round++) {
        struct load load = {.readable = false};

        if (sigsetjmp(after_fault, 1) != 0)
            continue; /* gone between the look and the load */
        steady_observe(load_here, &load);
        if (!load.readable)
            continue;
        if (load.word != base)
            fail("selector 0x%x is this processor's, and gives base 0x%x, not 0x%x", load.selector,
                 load.word, base);
        disturb(&random, thread->cpus, thread->cpu_count);
        load_again(thread, &load, base);
    }
    return NULL;
}

static struct thread run_all(uint64_t seed)
{
    static struct thread threads[THREADS];
    struct thread sum = {.loads = 0};
    pthread_t ids[THREADS];

    for (int i = 0; i < THREADS; i++) {
        threads[i].seed = seed + (uint64_t)i;
        threads[i].cpu_count = cpus_online(threads[i].cpus);
        if (pthread_create(&ids[i], NULL, run_thread, &threads[i]) != 0)
            fail("pthread_create of thread %d", i);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(ids[i], NULL);
        sum.loads += threads[i].loads;
        sum.others += threads[i].others;
        sum.faults += threads[i].faults;
    }
    return sum;
}

int kept(int argc, char **argv)
{
    struct thread sum;

    if (argc != 2)
        fail("usage: kept32 SEED");
    host = host_find();
    if (host != HOST_LINUX_XEN) {
        printf("KEPT loads=0 others=0 faults=0\n");
        return EXIT_RIGHT;
    }
    signal(SIGSEGV, on_fault);
    sum = run_all(number_of(argv[1]));
    printf("KEPT loads=%u others=%u faults=%u\n", sum.loads, sum.others, sum.faults);
    fflush(stdout);
    if (sum.others != 0)
        fail("%u of %u loads of a kept selector gave another thread's base", sum.others, sum.loads);
    return EXIT_RIGHT;
}
