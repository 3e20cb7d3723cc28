/* SPDX-License-Identifier: GPL-2.0-only */
/* Test programs, one by one or four at a time in the background, and how they ended. */

#include "init.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    AT_A_TIME = 4
};

static const char *const names[] = {"tls32",     "tls64",    "thread-area", "ldt32",    "ldt64",
                                    "signals32", "ptrace32", "ptrace64",    "fork32",   "clone32",
                                    "exec32",    "look32",   "look64",      "switch32", "switch64",
                                    "kept32",    "move32",   "move64"};

enum {
    ALL_PROGRAMS = sizeof(names) / sizeof(names[0]),
    PROGRAMS = ALL_PROGRAMS - 3 /* in the background: not the last ones */
};

struct pool {
    struct random random;
    int pids[AT_A_TIME]; /* 0: a free place */
    int programs[AT_A_TIME];
    int order[PROGRAMS]; /* of the first time round, so that each runs once at least */
    int count;           /* of order */
    int started;
};

int program_index(const char *name)
{
    for (int i = 0; i < (int)ALL_PROGRAMS; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    fail("there is no program %s", name);
}

const char *program_at(int index)
{
    return index < (int)ALL_PROGRAMS ? names[index] : NULL;
}

static int start(const char *name, const char *first, const char *second, const char *third)
{
    char path[64];
    char *arguments[] = {path, (char *)first, (char *)second, (char *)third, NULL};
    int pid = fork();

    if (pid != 0)
        return pid;
    snprintf(path, sizeof(path), "/bin/%s", name);
    execv(path, arguments);
    fail("%s: %s", path, strerror(errno));
}

static void record(struct machine *machine, int program, int status)
{
    struct tally *tally = machine->tally;

    __atomic_add_fetch(&tally->runs[program], 1, __ATOMIC_SEQ_CST);
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_RIGHT)
        return;
    __atomic_add_fetch(&tally->failed[program], 1, __ATOMIC_SEQ_CST);
    if (WIFSIGNALED(status))
        printf("FAILED %s: killed by signal %d\n", names[program], WTERMSIG(status));
    else
        printf("FAILED %s: status %d\n", names[program], WEXITSTATUS(status));
}

bool program_run(struct machine *machine, const char *name, const char *second, const char *third)
{
    char seed[24];
    int program = program_index(name);
    unsigned failed = machine->tally->failed[program];
    int status;
    int pid;
    int ended;

    snprintf(seed, sizeof(seed), "%u", random_next(&machine->random));
    pid = start(name, seed, second, third);
    if (pid < 0) {
        machine_failed(machine, "fork for %s: %s", name, strerror(errno));
        return false;
    }
    /* PID 1 is also given the children of those that died. */
    do {
        ended = wait(&status);
        if (ended == machine->background && ended != 0) {
            machine->background = 0;
            machine_failed(machine, "the background's process has ended");
        }
    } while (ended != pid);
    record(machine, program, status);
    return machine->tally->failed[program] == failed;
}

static bool has_an_ldt(int program)
{
    return strncmp(names[program], "ldt", 3) == 0;
}

static bool wanted(const struct machine *machine, const struct pool *pool)
{
    return pool->started < pool->count || !__atomic_load_n(&machine->tally->stop, __ATOMIC_SEQ_CST);
}

/* Under Xen a process with an LDT stays on CPU 0: set_aliased_prot has a bug if it migrates. */
static void fill(const struct machine *machine, struct pool *pool, int place)
{
    char seed[24];
    int place_in_order = pool->started < pool->count
                             ? pool->started
                             : (int)random_below(&pool->random, (uint32_t)pool->count);
    int program = pool->order[place_in_order];
    bool first = host_is_xen(machine->host) && has_an_ldt(program);

    snprintf(seed, sizeof(seed), "%u", random_next(&pool->random));
    pool->programs[place] = program;
    pool->pids[place] = start(names[program], seed, first ? "0" : NULL, NULL);
    if (pool->pids[place] < 0)
        fail("fork for %s: %s", names[program], strerror(errno));
    pool->started++;
}

static void reap(struct machine *machine, struct pool *pool)
{
    int status;
    int pid = wait(&status);

    for (int i = 0; i < AT_A_TIME; i++) {
        if (pool->pids[i] != pid || pid < 0)
            continue;
        pool->pids[i] = 0;
        record(machine, pool->programs[i], status);
    }
}

/* Those of the set, in any order. */
static void choose(struct pool *pool, enum programs set)
{
    for (int i = 0; i < (int)PROGRAMS; i++) {
        int other;

        if (set != PROGRAMS_ALL && has_an_ldt(i) != (set == PROGRAMS_WITH_LDT))
            continue;
        other = (int)random_below(&pool->random, (uint32_t)pool->count + 1);
        pool->order[pool->count++] = pool->order[other];
        pool->order[other] = i;
    }
}

_Noreturn static void run_pool(struct machine *machine, enum programs set)
{
    struct pool pool = {.random = random_from(machine->options.seed ^ 0x5eed)};
    bool busy = true;

    choose(&pool, set);
    while (busy) {
        busy = false;
        for (int i = 0; i < AT_A_TIME; i++) {
            if (pool.pids[i] == 0 && wanted(machine, &pool))
                fill(machine, &pool, i);
            busy = busy || pool.pids[i] != 0;
        }
        if (busy)
            reap(machine, &pool);
    }
    exit(EXIT_RIGHT);
}

void background_start(struct machine *machine, enum programs set)
{
    machine->tally->stop = false;
    fflush(stdout);
    machine->background = fork();
    if (machine->background == 0)
        run_pool(machine, set);
    if (machine->background < 0) {
        machine->background = 0;
        machine_failed(machine, "fork for the background: %s", strerror(errno));
    }
}

void background_stop(struct machine *machine)
{
    int status = 0;

    __atomic_store_n(&machine->tally->stop, true, __ATOMIC_SEQ_CST);
    if (machine->background == 0)
        return;
    while (waitpid(machine->background, &status, 0) < 0 && errno == EINTR)
        continue;
    machine->background = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_RIGHT)
        machine_failed(machine, "the background's process ended with wait status 0x%x", status);
}
