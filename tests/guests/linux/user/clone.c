/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clone32 SEED: clone(CLONE_VM | CLONE_SETTLS) of a 32-bit process: the child begins with the entry
 * that was asked for, both run at once in one address space, and neither sees what the other sets.
 * The child shares glibc's block with its parent, so it calls nothing that sets errno.
 */

#include "check.h"
#include "programs.h"
#include "segment.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>

enum {
    ROUNDS = 20,
    YIELDS = 20,
    OWN_ENTRY = ENTRY_TLS + 1
};

enum wrong {
    WRONG_NOTHING,
    WRONG_FS,
    WRONG_FIRST,
    WRONG_GET,
    WRONG_SET,
    WRONG_SECOND,
    WRONG_GS
};

struct words {
    uint32_t parents;
    uint32_t first;
    uint32_t second;
};

static int call(int number, void *argument)
{
    int result;

    __asm__ volatile("int $0x80" : "=a"(result) : "0"(number), "b"(argument) : "memory");
    return result;
}

static int child(void *argument)
{
    const struct words *words = argument;
    struct user_desc desc = flat_data(OWN_ENTRY, address32(&words->second));
    struct user_desc got = {.entry_number = OWN_ENTRY};

    if (get_fs() != gdt_selector(OWN_ENTRY))
        return WRONG_FS;
    for (int i = 0; i < YIELDS; i++) {
        set_fs(gdt_selector(OWN_ENTRY));
        if (word_in_fs(0) != words->first)
            return WRONG_FIRST;
        call(SYS_sched_yield, NULL);
    }
    if (call(SYS_get_thread_area, &got) != 0 || got.base_addr != address32(&words->first))
        return WRONG_GET;
    if (call(SYS_set_thread_area, &desc) != 0)
        return WRONG_SET;
    for (int i = 0; i < YIELDS; i++) {
        set_fs(gdt_selector(OWN_ENTRY));
        if (word_in_fs(0) != words->second)
            return WRONG_SECOND;
        call(SYS_sched_yield, NULL);
    }
    return get_gs() == GLIBC_SELECTOR ? WRONG_NOTHING : WRONG_GS;
}

static void check_parent(const struct words *words, int round)
{
    struct user_desc desc;

    if (get_fs() != gdt_selector(OWN_ENTRY))
        fail("round %d: the parent's %%fs is 0x%x", round, get_fs());
    set_fs(gdt_selector(OWN_ENTRY));
    if (word_in_fs(0) != words->parents)
        fail("round %d: the parent's word at %%fs:0 is 0x%x, not 0x%x", round, word_in_fs(0),
             words->parents);
    if (get_thread_area(OWN_ENTRY, &desc) != 0 || desc.base_addr != address32(&words->parents))
        fail("round %d: the parent's get_thread_area says base 0x%x, not 0x%x", round,
             desc.base_addr, address32(&words->parents));
}

static void check_refused(void *stack_top)
{
    struct user_desc desc = flat_data(ENTRY_LDT, 0);

    if (clone(child, stack_top, CLONE_VM | CLONE_SETTLS | SIGCHLD, NULL, NULL, &desc, NULL) != -1)
        fail("clone with TLS in entry %d is taken", ENTRY_LDT);
    if (errno != EINVAL)
        fail("clone with TLS in entry %d: %s", ENTRY_LDT, strerror(errno));
}

int clone_areas(int argc, char **argv)
{
    static char stack[THREAD_STACK_BYTES] __attribute__((aligned(16)));
    void *stack_top = stack + sizeof(stack);
    static struct words words;
    struct random random;
    struct user_desc desc;

    if (argc != 2)
        fail("usage: clone32 SEED");
    random = random_from(number_of(argv[1]));
    words = (struct words){random_next(&random), random_next(&random), random_next(&random)};
    desc = flat_data(OWN_ENTRY, address32(&words.parents));
    if (set_thread_area(&desc) != 0)
        fail("set_thread_area of entry %d", OWN_ENTRY);
    set_fs(gdt_selector(OWN_ENTRY));
    check_refused(stack_top);
    for (int round = 0; round < ROUNDS; round++) {
        int pid;

        desc = flat_data(OWN_ENTRY, address32(&words.first));
        pid = clone(child, stack_top, CLONE_VM | CLONE_SETTLS | SIGCHLD, &words, NULL, &desc, NULL);
        if (pid < 0)
            fail("clone: %s", strerror(errno));
        for (int i = 0; i < YIELDS; i++) {
            check_parent(&words, round);
            sched_yield();
        }
        wait_for(pid, "child");
        check_parent(&words, round);
    }
    return EXIT_RIGHT;
}
