/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tls64 SEED: threads of a 64-bit process. Each must find its own variables and base after every
 * yield and on every processor, and the three ways to ask for the processor's number without a
 * system call (vDSO, rseq, LSL of the number entry) must say what the system call says.
 */

#include "check.h"
#include "host.h"
#include "programs.h"
#include "segment.h"
#include "vdso.h"

#include <asm/prctl.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>

enum {
    THREADS = 4,
    ROUNDS = 100,
    WORDS = 16
};

struct thread {
    int index;
    uint64_t seed;
    int cpus[MAX_CPUS];
    int cpu_count;
};

struct numbers {
    unsigned vdso;
    int rseq;
    bool readable;
    bool known;
    uint32_t entry;
};

static __thread uint32_t own_words[WORDS];
static enum host host;
static vdso_getcpu_fn *vdso_getcpu;

static unsigned long fs_base(void)
{
    unsigned long base = 0;

    if (syscall(SYS_arch_prctl, ARCH_GET_FS, &base) != 0)
        fail("arch_prctl(ARCH_GET_FS) is refused");
    return base;
}

static unsigned long word_at_fs(void)
{
    unsigned long word;

    __asm__ volatile("mov %%fs:0, %0" : "=r"(word));
    return word;
}

static void ask_numbers(void *what, int cpu)
{
    struct numbers *numbers = what;
    struct cgdt_file file;
    unsigned long long selector = NUMBER_SELECTOR;

    numbers->known = host != HOST_LINUX_XEN_STOCK;
    if (host == HOST_LINUX_XEN && cgdt_file_read(&file))
        numbers->known =
            cgdt_number(cgdt_line_with(&file, "CPU", "cpu", (unsigned)cpu), "selector", &selector);
    numbers->readable = segment_limit((uint32_t)selector, &numbers->entry);
    numbers->rseq = sched_getcpu();
    numbers->vdso = ~0u;
    vdso_getcpu(&numbers->vdso, NULL, NULL);
}

static void check_numbers(int index)
{
    struct numbers numbers;
    int cpu = steady_observe(ask_numbers, &numbers);

    if (numbers.rseq != cpu)
        fail("thread %d on CPU %d: sched_getcpu says %d", index, cpu, numbers.rseq);
    if (host == HOST_LINUX_XEN_STOCK)
        return; /* its secondary processors have no number entry, and its vDSO reads that */
    if (numbers.vdso != (unsigned)cpu)
        fail("thread %d on CPU %d: the vDSO says %u", index, cpu, numbers.vdso);
    if (!numbers.known)
        fail("thread %d on CPU %d: /proc/cgdt has no selector", index, cpu);
    if (!numbers.readable || (numbers.entry & 0xfff) != (uint32_t)cpu)
        fail("thread %d on CPU %d: LSL of the number entry says %s %u", index, cpu,
             numbers.readable ? "CPU" : "nothing,", numbers.entry & 0xfff);
}

static void *run_thread(void *argument)
{
    const struct thread *thread = argument;
    struct random random = random_from(thread->seed + (uint64_t)thread->index);
    unsigned long base = fs_base();

    for (int round = 0; round < ROUNDS; round++) {
        uint32_t mark = random_next(&random);

        for (uint32_t i = 0; i < WORDS; i++)
            own_words[i] = mark + i;
        disturb(&random, thread->cpus, thread->cpu_count);
        __asm__ volatile("" : : : "memory");
        for (uint32_t i = 0; i < WORDS; i++) {
            if (own_words[i] != mark + i)
                fail("thread %d round %d: word %u is 0x%x, not 0x%x", thread->index, round, i,
                     own_words[i], mark + i);
        }
        /* glibc's thread control block begins with its own address. */
        if (word_at_fs() != base || fs_base() != base)
            fail("thread %d round %d: base 0x%lx, word there 0x%lx, not 0x%lx", thread->index,
                 round, fs_base(), word_at_fs(), base);
        check_numbers(thread->index);
    }
    return NULL;
}

int tls64(int argc, char **argv)
{
    static struct thread threads[THREADS];
    pthread_t ids[THREADS];

    if (argc != 2)
        fail("usage: tls64 SEED");
    host = host_find();
    vdso_getcpu = (vdso_getcpu_fn *)vdso_function("__vdso_getcpu");
    if (!vdso_getcpu)
        fail("there is no __vdso_getcpu");
    for (int i = 0; i < THREADS; i++) {
        threads[i].index = i;
        threads[i].seed = number_of(argv[1]);
        threads[i].cpu_count = cpus_online(threads[i].cpus);
        if (i < THREADS - 1 && pthread_create(&ids[i], NULL, run_thread, &threads[i]) != 0)
            fail("pthread_create of thread %d", i);
    }
    run_thread(&threads[THREADS - 1]);
    for (int i = 0; i < THREADS - 1; i++)
        pthread_join(ids[i], NULL);
    return EXIT_RIGHT;
}
