/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tls32 SEED: threads of a 32-bit process, each with a TLS descriptor of its own behind the same
 * selector. A thread must find its own variables and its own base after every yield and on every
 * processor, and its %gs must not change: user space keeps selectors. Where the vDSO has a getcpu()
 * of 32 bits, it must say what the system call says.
 */

#include "check.h"
#include "host.h"
#include "programs.h"
#include "segment.h"
#include "vdso.h"

#include <pthread.h>
#include <stddef.h>

enum {
    THREADS = 4,
    ROUNDS = 200,
    WORDS = 16
};

struct thread {
    int index;
    uint64_t seed;
    int cpus[MAX_CPUS];
    int cpu_count;
};

static __thread uint32_t own_words[WORDS];
static vdso_getcpu_fn *vdso_getcpu; /* NULL: an older kernel */

static void check_base(const struct thread *thread, int round, const uint32_t *words, uint32_t base)
{
    struct user_desc desc;
    uint32_t rights;

    if (get_gs() != GLIBC_SELECTOR)
        fail("thread %d round %d: %%gs is 0x%x", thread->index, round, get_gs());
    /* glibc's thread control block begins with its own address. */
    if (word_in_gs(0) != base)
        fail("thread %d round %d: the word at %%gs:0 is 0x%x, not 0x%x", thread->index, round,
             word_in_gs(0), base);
    if (own_words != words)
        fail("thread %d round %d: its variables have moved", thread->index, round);
    if (get_thread_area(ENTRY_TLS, &desc) != 0 || desc.base_addr != base)
        fail("thread %d round %d: get_thread_area says base 0x%x, not 0x%x", thread->index, round,
             desc.base_addr, base);
    if (!segment_rights(GLIBC_SELECTOR, &rights) || rights != rights_of(&desc))
        fail("thread %d round %d: LAR of 0x63 says 0x%x", thread->index, round, rights);
}

static void ask_number(void *what, int cpu)
{
    unsigned *number = what;

    (void)cpu;
    *number = ~0u;
    vdso_getcpu(number, NULL, NULL);
}

static void check_number(const struct thread *thread, int round)
{
    unsigned number;
    int cpu = steady_observe(ask_number, &number);

    if (number != (unsigned)cpu)
        fail("thread %d round %d on CPU %d: the vDSO says %u", thread->index, round, cpu, number);
}

static void *run_thread(void *argument)
{
    const struct thread *thread = argument;
    struct random random = random_from(thread->seed + (uint64_t)thread->index);
    uint32_t base = word_in_gs(0);
    const uint32_t *words = own_words;

    check_base(thread, -1, words, base);
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t mark = random_next(&random);

        for (uint32_t i = 0; i < WORDS; i++)
            own_words[i] = mark + i;
        disturb(&random, thread->cpus, thread->cpu_count);
        /* The compiler must not remember what it has just stored. */
        __asm__ volatile("" : : : "memory");
        for (uint32_t i = 0; i < WORDS; i++) {
            if (own_words[i] != mark + i)
                fail("thread %d round %d: word %u is 0x%x, not 0x%x", thread->index, round, i,
                     own_words[i], mark + i);
        }
        check_base(thread, round, words, base);
        if (vdso_getcpu)
            check_number(thread, round);
    }
    return NULL;
}

int tls32(int argc, char **argv)
{
    static struct thread threads[THREADS];
    pthread_t ids[THREADS];

    if (argc != 2)
        fail("usage: tls32 SEED");
    /* Secondary processors of a stock kernel on Xen have no number entry, which its vDSO reads. */
    if (host_find() != HOST_LINUX_XEN_STOCK)
        vdso_getcpu = (vdso_getcpu_fn *)vdso_function("__vdso_getcpu");
    for (int i = 0; i < THREADS; i++) {
        threads[i].index = i;
        threads[i].seed = number_of(argv[1]);
        threads[i].cpu_count = cpus_online(threads[i].cpus);
        /* The process's first thread is the last of them. */
        if (i < THREADS - 1 && pthread_create(&ids[i], NULL, run_thread, &threads[i]) != 0)
            fail("pthread_create of thread %d", i);
    }
    run_thread(&threads[THREADS - 1]);
    for (int i = 0; i < THREADS - 1; i++)
        pthread_join(ids[i], NULL);
    return EXIT_RIGHT;
}
