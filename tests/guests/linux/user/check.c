/* SPDX-License-Identifier: GPL-2.0-only */

#include "check.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    STEADY_TRIES = 10000
};

const char *program_name = "?";

/* The line leaves in one write, so that those of several processes do not mix. */
_Noreturn void fail(const char *format, ...)
{
    char line[512];
    va_list arguments;
    int length = snprintf(line, sizeof(line), "%s: ", program_name);

    va_start(arguments, format);
    length += vsnprintf(line + length, sizeof(line) - 1 - (size_t)length, format, arguments);
    va_end(arguments);
    if (length > (int)sizeof(line) - 2)
        length = (int)sizeof(line) - 2;
    line[length] = '\n';
    if (write(STDERR_FILENO, line, (size_t)length + 1) < 0)
        _exit(EXIT_WRONG);
    _exit(EXIT_WRONG);
}

/* splitmix64, so that neighbouring seeds do not give neighbouring numbers. */
struct random random_from(uint64_t seed)
{
    return (struct random){seed};
}

uint32_t random_next(struct random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)(z >> 32);
}

uint32_t random_below(struct random *random, uint32_t limit)
{
    return random_next(random) % limit;
}

unsigned long long number_of(const char *text)
{
    char *end;
    unsigned long long number;

    errno = 0;
    number = strtoull(text, &end, 0);
    if (errno || end == text || *end || *text == '-')
        fail("'%s' is not a number", text);
    return number;
}

int cpus_in(const char *path, int cpus[MAX_CPUS])
{
    FILE *file = fopen(path, "re");
    int count = 0;
    int first;
    int last;

    if (!file)
        return 0;
    while (fscanf(file, "%d", &first) == 1) {
        int separator = fgetc(file);

        last = first;
        if (separator == '-' && fscanf(file, "%d", &last) == 1)
            separator = fgetc(file);
        for (int cpu = first; cpu <= last && count < MAX_CPUS; cpu++)
            cpus[count++] = cpu;
        if (separator != ',')
            break;
    }
    fclose(file);
    return count;
}

int cpus_online(int cpus[MAX_CPUS])
{
    return cpus_in("/sys/devices/system/cpu/online", cpus);
}

bool pin_to(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    if (sched_setaffinity(0, sizeof(set), &set) == 0)
        return true;
    if (errno != EINVAL)
        fail("sched_setaffinity to CPU %d: %s", cpu, strerror(errno));
    return false;
}

void unpin(void)
{
    cpu_set_t set;

    memset(&set, 0xff, sizeof(set));
    if (sched_setaffinity(0, sizeof(set), &set) != 0)
        fail("sched_setaffinity to all CPUs: %s", strerror(errno));
}

int cpu_by_system_call(void)
{
    unsigned cpu;

    if (syscall(SYS_getcpu, &cpu, NULL, NULL) != 0)
        fail("getcpu: %s", strerror(errno));
    return (int)cpu;
}

void disturb(struct random *random, const int *cpus, int count)
{
    if (count > 1 && random_below(random, 2) == 0)
        pin_to(cpus[random_below(random, (uint32_t)count)]);
    else
        sched_yield();
}

static long times_switched_out(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_THREAD, &usage) != 0)
        fail("getrusage: %s", strerror(errno));
    return usage.ru_nvcsw + usage.ru_nivcsw;
}

int steady_observe(observe_fn *observe, void *what)
{
    for (int tries = 0; tries < STEADY_TRIES; tries++) {
        long before = times_switched_out();
        int cpu = cpu_by_system_call();

        observe(what, cpu);
        if (times_switched_out() == before)
            return cpu;
    }
    fail("switched out in each of %d observations", STEADY_TRIES);
}

void wait_for(int pid, const char *whose)
{
    int status;

    if (waitpid(pid, &status, __WALL) != pid)
        fail("%s: waitpid: %s", whose, strerror(errno));
    if (WIFSIGNALED(status))
        fail("%s died of signal %d", whose, WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        fail("%s ended with status %d", whose, WEXITSTATUS(status));
}
