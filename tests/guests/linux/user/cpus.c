/* SPDX-License-Identifier: GPL-2.0-only */
/* Processors off and on by sysfs; commands to /proc/cgdt; what is checked after. */

#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* 0 or an error number. */
static int write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int error = 0;

    if (fd < 0)
        return errno;
    if (write(fd, text, strlen(text)) < 0)
        error = errno;
    close(fd);
    return error;
}

void cpus_find(struct machine *machine)
{
    int online[MAX_CPUS];
    int count = cpus_online(online);

    machine->cpu_count = cpus_in("/sys/devices/system/cpu/present", machine->cpus);
    memset(machine->on, 0, sizeof(machine->on));
    for (int i = 0; i < count; i++)
        machine->on[online[i]] = true;
}

int cpus_on(const struct machine *machine)
{
    int count = 0;

    for (int i = 0; i < machine->cpu_count; i++)
        count += machine->on[machine->cpus[i]];
    return count;
}

int cpu_switch(struct machine *machine, int cpu, bool on)
{
    char path[64];
    int error;

    snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
    error = write_file(path, on ? "1" : "0");
    if (error == 0)
        machine->on[cpu] = on;
    return error;
}

bool cpu_must_switch(struct machine *machine, int cpu, bool on)
{
    int error = cpu_switch(machine, cpu, on);

    if (error)
        machine_failed(machine, "CPU %d does not go %s: %s", cpu, on ? "on" : "off",
                       strerror(error));
    return error == 0;
}

/* CPU 0 stays on. */
void cpus_all(struct machine *machine, bool on)
{
    for (int i = 0; i < machine->cpu_count; i++) {
        int cpu = machine->cpus[i];

        if (cpu != 0 && machine->on[cpu] != on)
            cpu_must_switch(machine, cpu, on);
    }
}

/* One that is on goes off, or one that is off goes on: so the slots are taken in any order. */
void cpu_toggle_one(struct machine *machine)
{
    int cpu = machine->cpus[1 + random_below(&machine->random, (uint32_t)machine->cpu_count - 1)];
    bool on = !machine->on[cpu];

    if (cpu_must_switch(machine, cpu, on))
        machine->cycles += on;
}

bool kernel_asked(struct machine *machine, const char *command)
{
    int error;

    if (!host_has_cgdt(machine->host))
        return true;
    error = write_file("/proc/cgdt", command);
    if (error)
        machine_failed(machine, "%s: %s", command, strerror(error));
    return error == 0;
}

void machine_round(struct machine *machine)
{
    kernel_asked(machine, "verify");
    audit(machine);
    program_run(machine, "look64", "all", NULL);
    program_run(machine, "look32", "all", NULL);
}

void machine_verify(struct machine *machine)
{
    bool asked = kernel_asked(machine, "verify");

    audit(machine);
    machine->verified = 0;
    for (int i = 0; i < machine->cpu_count; i++) {
        char cpu[16];
        bool right;

        if (!machine->on[machine->cpus[i]])
            continue;
        snprintf(cpu, sizeof(cpu), "%d", machine->cpus[i]);
        right = program_run(machine, "look64", cpu, NULL);
        right = program_run(machine, "look32", cpu, NULL) && right;
        machine->verified += right && asked;
    }
}
