/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ptrace32, ptrace64 SEED: a tracer of either size and a 32-bit thread with TLS. The tracer
 * reads the thread's entries and selectors, sets others while it is stopped, and leaves a note
 * of them in the thread's memory; the thread then compares. "ptrace32 tracee" is the other side.
 */

#include "check.h"
#include "programs.h"
#include "segment.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

enum {
    ROUNDS = 20,
    BLOCK_WORDS = 16,
    PATH_BYTES = 256,
    SET_ENTRY = ENTRY_TLS + 1,
    SPARE_ENTRY
};

/* Not in the headers of either size. */
enum {
    GET_AREA = 25,
    SET_AREA = 26
};

#ifdef __i386__
#define OFFSET_FS offsetof(struct user, regs.xfs)
#define OFFSET_GS offsetof(struct user, regs.xgs)
#else
#define OFFSET_FS offsetof(struct user, regs.fs)
#define OFFSET_GS offsetof(struct user, regs.gs)
#endif

/* In the tracee's memory, 32 bits each: the tracer's note, then words to point descriptors at. */
struct note {
    uint32_t selector;
    uint32_t word;
    uint32_t block[BLOCK_WORDS];
};

#ifdef __i386__
static void *run_tracee(void *argument)
{
    static struct note note;
    struct user_desc desc = flat_data(SET_ENTRY, address32(&note));

    (void)argument;
    for (uint32_t i = 0; i < BLOCK_WORDS; i++)
        note.block[i] = 0x7ace0000u + i;
    note.selector = gdt_selector(SET_ENTRY);
    note.word = note.selector; /* what stands where the descriptor begins */
    if (set_thread_area(&desc) != 0)
        fail("set_thread_area is refused");
    set_fs(note.selector);
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        fail("PTRACE_TRACEME: %s", strerror(errno));
    for (int round = 0; round < ROUNDS; round++) {
        syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGSTOP);
        if (get_fs() != note.selector)
            fail("tracee round %d: %%fs is 0x%x, not 0x%x", round, get_fs(), note.selector);
        if (word_in_fs(0) != note.word)
            fail("tracee round %d: the word at %%fs:0 is 0x%x, not 0x%x", round, word_in_fs(0),
                 note.word);
        sched_yield();
        set_fs(note.selector);
        if (word_in_fs(0) != note.word || get_gs() != GLIBC_SELECTOR)
            fail("tracee round %d: after a load the word is 0x%x, not 0x%x, %%gs 0x%x", round,
                 word_in_fs(0), note.word, get_gs());
    }
    return NULL;
}

static int tracee(void)
{
    pthread_t id;

    program_name = "ptrace32 tracee";
    if (pthread_create(&id, NULL, run_tracee, NULL) != 0)
        fail("pthread_create");
    pthread_join(id, NULL);
    return EXIT_RIGHT;
}
#endif

static uint32_t word_of(int tid, uint32_t address)
{
    long word;

    errno = 0;
    word = ptrace(PTRACE_PEEKDATA, tid, (void *)(uintptr_t)address, NULL);
    if (errno)
        fail("PTRACE_PEEKDATA at 0x%x: %s", address, strerror(errno));
    return (uint32_t)word;
}

/* A word of the tracer's size, of which the lower 32 bits are for the tracee. */
static void put_word(int tid, uint32_t address, uint32_t value)
{
    unsigned long word = value;

    if (sizeof(word) == 8)
        word |= (unsigned long)word_of(tid, address + 4) << (sizeof(word) * 4);
    if (ptrace(PTRACE_POKEDATA, tid, (void *)(uintptr_t)address, word) != 0)
        fail("PTRACE_POKEDATA at 0x%x: %s", address, strerror(errno));
}

static uint32_t register_of(int tid, size_t offset)
{
    errno = 0;
    return (uint16_t)ptrace(PTRACE_PEEKUSER, tid, (void *)offset, NULL);
}

static struct user_desc area_of(int tid, uint32_t entry)
{
    struct user_desc desc;

    memset(&desc, 0, sizeof(desc));
    if (ptrace(PTRACE_GET_THREAD_AREA, tid, (void *)(uintptr_t)entry, &desc) != 0)
        fail("PTRACE_GET_THREAD_AREA of entry %u: %s", entry, strerror(errno));
    return desc;
}

static void check_stopped(int tid, uint32_t entry, uint32_t base)
{
    uint32_t glibc_base = area_of(tid, ENTRY_TLS).base_addr;

    if (register_of(tid, OFFSET_GS) != GLIBC_SELECTOR)
        fail("%%gs of the tracee is 0x%x", register_of(tid, OFFSET_GS));
    if (word_of(tid, glibc_base) != glibc_base)
        fail("at the base 0x%x of entry %d there is no thread control block", glibc_base,
             ENTRY_TLS);
    if (register_of(tid, OFFSET_FS) != gdt_selector(entry))
        fail("%%fs of the tracee is 0x%x, not 0x%x", register_of(tid, OFFSET_FS),
             gdt_selector(entry));
    if (area_of(tid, entry).base_addr != base)
        fail("entry %u of the tracee is at 0x%x, not 0x%x", entry, area_of(tid, entry).base_addr,
             base);
}

/* The selector first: setting the area then takes the new base to the register as well. */
static void set_other(int tid, uint32_t note, uint32_t entry, uint32_t base)
{
    struct user_desc desc = flat_data(entry, base);
    struct user_desc wrong = flat_data(ENTRY_LDT, base);

    if (ptrace(PTRACE_POKEUSER, tid, (void *)OFFSET_FS, gdt_selector(entry)) != 0)
        fail("PTRACE_POKEUSER of %%fs: %s", strerror(errno));
    if (ptrace(PTRACE_SET_THREAD_AREA, tid, (void *)(uintptr_t)entry, &desc) != 0)
        fail("PTRACE_SET_THREAD_AREA of entry %u: %s", entry, strerror(errno));
    if (ptrace(PTRACE_SET_THREAD_AREA, tid, (void *)ENTRY_LDT, &wrong) == 0)
        fail("PTRACE_SET_THREAD_AREA of entry %d is taken", ENTRY_LDT);
    put_word(tid, note + offsetof(struct note, selector), gdt_selector(entry));
    put_word(tid, note + offsetof(struct note, word), word_of(tid, base));
}

static void start_tracee(void)
{
    static char path[PATH_BYTES];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 16);
    char *slash;

    if (length < 0)
        fail("readlink of /proc/self/exe: %s", strerror(errno));
    path[length] = '\0';
    slash = strrchr(path, '/');
    strcpy(slash + 1, "programs32");
    execl(path, "ptrace32", "tracee", (char *)NULL);
    fail("%s: %s", path, strerror(errno));
}

/* The next stop of the thread; 0 when it has ended. */
static int next_stop(int pid)
{
    int status;
    int tid = waitpid(-1, &status, __WALL);

    if (tid < 0)
        fail("waitpid: %s", strerror(errno));
    if (WIFSTOPPED(status) && WSTOPSIG(status) != SIGSTOP)
        fail("the tracee stopped for signal %d", WSTOPSIG(status));
    if (WIFSTOPPED(status))
        return tid;
    if (WIFSIGNALED(status))
        fail("the tracee died of signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        fail("the tracee ended with status %d", WEXITSTATUS(status));
    return tid == pid ? 0 : next_stop(pid);
}

static void trace(int pid, struct random *random)
{
    uint32_t entry = SET_ENTRY;
    uint32_t note = 0;
    uint32_t base = 0;
    int stops = 0;
    int tid;

    while ((tid = next_stop(pid)) != 0) {
        if (stops++ == 0)
            note = base = area_of(tid, SET_ENTRY).base_addr;
        check_stopped(tid, entry, base);
        entry = random_below(random, 2) ? SET_ENTRY : SPARE_ENTRY;
        base = note + offsetof(struct note, block) + 4 * random_below(random, BLOCK_WORDS);
        set_other(tid, note, entry, base);
        if (ptrace(PTRACE_CONT, tid, NULL, NULL) != 0)
            fail("PTRACE_CONT: %s", strerror(errno));
    }
    if (stops != ROUNDS)
        fail("the tracee stopped %d times, not %d", stops, ROUNDS);
}

int ptrace_areas(int argc, char **argv)
{
    struct random random;
    int pid;

    if (argc != 2)
        fail("usage: %s SEED", program_name);
#ifdef __i386__
    if (strcmp(argv[1], "tracee") == 0)
        return tracee();
#endif
    random = random_from(number_of(argv[1]));
    pid = fork();
    if (pid < 0)
        fail("fork: %s", strerror(errno));
    if (pid == 0)
        start_tracee();
    trace(pid, &random);
    return EXIT_RIGHT;
}
