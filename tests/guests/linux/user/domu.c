/* SPDX-License-Identifier: GPL-2.0-only */

#include "domu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The kernel runs this program for an orderly power-off, and takes its good end for success. */
#define POWEROFF_PATH "/sbin/poweroff"
#define WORD_PATH     "/shutdown-wanted"

/* What init runs itself goes before the background: dom0 waits for it, one processor for all. */
enum {
    PACE_SECONDS = 1,
    FOREGROUND_NICE = -15
};

int domu_shutdown_wanted(void)
{
    int fd = open(WORD_PATH, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return EXIT_WRONG;
    close(fd);
    return EXIT_RIGHT;
}

static void listen_for_shutdown(struct machine *machine)
{
    mkdir("/sbin", 0755);
    if (symlink("/init", POWEROFF_PATH) != 0)
        machine_failed(machine, POWEROFF_PATH ": %s", strerror(errno));
}

/*
 * `xl vcpu-set` makes the kernel register a processor, and its user space has to bring it up. One
 * that goes while it is asked for is no failure.
 */
static void bring_up(struct machine *machine)
{
    cpus_find(machine);
    for (int i = 0; i < machine->cpu_count; i++) {
        int cpu = machine->cpus[i];
        int error;

        if (cpu == 0 || machine->on[cpu])
            continue;
        error = cpu_switch(machine, cpu, true);
        if (error == 0)
            machine->cycles++;
        else if (error != ENODEV && error != ENOENT)
            machine_failed(machine, "CPU %d does not go on: %s", cpu, strerror(error));
    }
}

/*
 * Processors go off whenever dom0 says so, and go on only in bring_up(): where the same ones are on
 * before and after, they were so between.
 */
static void audit_undisturbed(struct machine *machine)
{
    bool on[MAX_CPUS];
    unsigned failures;
    bool disturbed;

    do {
        failures = machine->failures;
        cpus_find(machine);
        memcpy(on, machine->on, sizeof(on));
        audit(machine);
        cpus_find(machine);
        disturbed = memcmp(on, machine->on, sizeof(on)) != 0;
        if (disturbed && machine->failures != failures)
            printf("DISTURBED: a processor went off meanwhile, once more\n");
        if (disturbed)
            machine->failures = failures;
    } while (disturbed);
}

/* There is never a moment without 32-bit threads, whatever the background has chosen. */
static int start_threads(struct machine *machine)
{
    int pid = fork();

    if (pid < 0)
        machine_failed(machine, "fork for threads: %s", strerror(errno));
    if (pid != 0)
        return pid;
    machine->background = 0;
    while (!__atomic_load_n(&machine->tally->stop, __ATOMIC_SEQ_CST))
        program_run(machine, "tls32", NULL, NULL);
    _exit(EXIT_RIGHT);
}

static unsigned failures_of(const struct machine *machine)
{
    unsigned failures = machine->failures;

    for (int i = 0; program_at(i); i++)
        failures += machine->tally->failed[i];
    return failures;
}

static void say_verified(const struct machine *machine, unsigned round)
{
    static struct cgdt_file file;
    unsigned long long resumes = 0;
    unsigned long long failsafe = 0;

    if (cgdt_file_read(&file)) {
        cgdt_number(cgdt_line(&file, "COUNTS"), "resumes", &resumes);
        cgdt_number(cgdt_line(&file, "COUNTS"), "failsafe", &failsafe);
    }
    printf("VERIFIED round=%u online=%d cycles=%u resumes=%llu failsafe=%llu failures=%u\n", round,
           cpus_on(machine), machine->cycles, resumes, failsafe, failures_of(machine));
}

void mode_domu(struct machine *machine)
{
    int threads;

    listen_for_shutdown(machine);
    background_start(machine, PROGRAMS_ALL);
    threads = start_threads(machine);
    setpriority(PRIO_PROCESS, 0, FOREGROUND_NICE);
    for (unsigned round = 1; access(WORD_PATH, F_OK) != 0; round++) {
        bring_up(machine);
        kernel_asked(machine, "verify");
        program_run(machine, "look64", "on", NULL);
        program_run(machine, "look32", "on", NULL);
        audit_undisturbed(machine);
        say_verified(machine, round);
        sleep(PACE_SECONDS);
    }
    background_stop(machine);
    if (threads > 0)
        waitpid(threads, NULL, 0);
    bring_up(machine);
    kernel_asked(machine, "trim");
    machine_verify(machine);
}
