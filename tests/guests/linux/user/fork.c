/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fork32 SEED: a 32-bit thread with two TLS entries forks, from the process's first thread and from
 * another. The child begins with the same entries; what it makes of them is its own affair.
 */

#include "check.h"
#include "programs.h"
#include "segment.h"

#include <pthread.h>
#include <sched.h>

enum {
    ROUNDS = 10,
    YIELDS = 10,
    OWN_ENTRY = ENTRY_TLS + 1
};

struct parent {
    int index;
    uint64_t seed;
    uint32_t parents_word;
    uint32_t childs_word;
};

static __thread uint32_t mark;

static void point_at(const uint32_t *word)
{
    struct user_desc desc = flat_data(OWN_ENTRY, address32(word));
    int error = set_thread_area(&desc);

    if (error)
        fail("set_thread_area of entry %u: %s", OWN_ENTRY, strerror(-error));
}

static void check_own(const char *whose, const uint32_t *word, uint32_t value)
{
    struct user_desc desc;

    set_fs(gdt_selector(OWN_ENTRY));
    if (word_in_fs(0) != value)
        fail("%s: the word at %%fs:0 is 0x%x, not 0x%x", whose, word_in_fs(0), value);
    if (get_thread_area(OWN_ENTRY, &desc) != 0 || desc.base_addr != address32(word))
        fail("%s: get_thread_area says base 0x%x, not 0x%x", whose, desc.base_addr,
             address32(word));
    if (get_gs() != GLIBC_SELECTOR)
        fail("%s: %%gs is 0x%x", whose, get_gs());
}

static void in_child(const struct parent *parent, uint32_t expected)
{
    if (get_fs() != gdt_selector(OWN_ENTRY))
        fail("child: begins with %%fs 0x%x", get_fs());
    if (word_in_fs(0) != parent->parents_word)
        fail("child: begins with 0x%x at %%fs:0", word_in_fs(0));
    check_own("child", &parent->parents_word, parent->parents_word);
    if (mark != expected)
        fail("child: its thread variable is 0x%x, not 0x%x", mark, expected);
    mark = ~expected;
    point_at(&parent->childs_word);
    for (int i = 0; i < YIELDS; i++) {
        check_own("child, changed", &parent->childs_word, parent->childs_word);
        sched_yield();
    }
    _exit(mark == ~expected ? EXIT_RIGHT : EXIT_WRONG);
}

static void *run_thread(void *argument)
{
    struct parent *parent = argument;
    struct random random = random_from(parent->seed + (uint64_t)parent->index);

    parent->parents_word = random_next(&random);
    parent->childs_word = ~parent->parents_word;
    point_at(&parent->parents_word);
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t expected = random_next(&random);
        int pid;

        mark = expected;
        set_fs(gdt_selector(OWN_ENTRY));
        pid = fork();
        if (pid < 0)
            fail("fork: %s", strerror(errno));
        if (pid == 0)
            in_child(parent, expected);
        for (int i = 0; i < YIELDS; i++) {
            check_own("parent", &parent->parents_word, parent->parents_word);
            sched_yield();
        }
        wait_for(pid, "child");
        check_own("parent, after", &parent->parents_word, parent->parents_word);
        if (mark != expected)
            fail("parent: its thread variable is 0x%x, not 0x%x", mark, expected);
    }
    return NULL;
}

int fork_areas(int argc, char **argv)
{
    static struct parent parents[2];
    pthread_t id;

    if (argc != 2)
        fail("usage: fork32 SEED");
    for (int i = 0; i < 2; i++) {
        parents[i].index = i;
        parents[i].seed = number_of(argv[1]);
    }
    if (pthread_create(&id, NULL, run_thread, &parents[1]) != 0)
        fail("pthread_create");
    run_thread(&parents[0]);
    pthread_join(id, NULL);
    return EXIT_RIGHT;
}
