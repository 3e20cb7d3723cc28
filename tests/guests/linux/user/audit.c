/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /proc/cgdt read with other eyes than the kernel's: the processors that sysfs has as on have a
 * slot each, no two the same one, and as many pages are mapped as they lie in.
 */

#include "init.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    GRACE_PERIODS = 1000
};

/* Where a processor's table lies. */
struct place {
    bool given;
    unsigned long long slot;
    unsigned long long window;
    unsigned long long page;
    unsigned long long color;
    unsigned long long table;
};

static struct cgdt_file file;

static unsigned long long said(struct machine *machine, const char *line, const char *key)
{
    unsigned long long value = 0;

    if (!cgdt_number(line, key, &value))
        machine_failed(machine, "/proc/cgdt says no %s where it should", key);
    return value;
}

static struct place place_of(struct machine *machine, int cpu)
{
    struct place place = {.given = false};
    const char *line = cgdt_line_with(&file, "CPU", "cpu", (unsigned)cpu);
    unsigned long long online = 0;
    char slot[24];

    cgdt_word(line, "slot", slot, sizeof(slot));
    cgdt_number(line, "online", &online);
    if (online != machine->on[cpu])
        machine_failed(machine, "CPU %d: sysfs says online=%d, /proc/cgdt %llu", cpu,
                       machine->on[cpu], online);
    if (!machine->on[cpu]) {
        if (line && strcmp(slot, "-") != 0)
            machine_failed(machine, "CPU %d is off and has slot %s", cpu, slot);
        return place;
    }
    place.given = true;
    place.slot = said(machine, line, "slot");
    place.window = said(machine, line, "window");
    place.page = said(machine, line, "page");
    place.color = said(machine, line, "color");
    place.table = said(machine, line, "table");
    return place;
}

static bool same_page(const struct place *one, const struct place *other)
{
    return one->window == other->window && one->page == other->page;
}

static void compare(struct machine *machine, const struct place *places, int i, int j)
{
    const struct place *one = &places[i];
    const struct place *other = &places[j];
    bool native = machine->host == HOST_LINUX;

    if (one->slot == other->slot || (same_page(one, other) && one->color == other->color))
        machine_failed(machine, "CPUs %d and %d are in one slot", machine->cpus[i],
                       machine->cpus[j]);
    if (native && one->table == other->table)
        machine_failed(machine, "CPUs %d and %d have one table", machine->cpus[i],
                       machine->cpus[j]);
    if (native && same_page(one, other) && one->table >> 12 != other->table >> 12)
        machine_failed(machine, "CPUs %d and %d share a page that lies at two addresses",
                       machine->cpus[i], machine->cpus[j]);
}

static void count_pages(struct machine *machine, const struct place *places)
{
    const char *line = cgdt_line(&file, "PAGES");
    unsigned long long mapped = said(machine, line, "mapped");
    unsigned long long common = machine->host == HOST_LINUX_XEN;
    unsigned long long used = 0;

    for (int i = 0; i < machine->cpu_count; i++) {
        bool first = places[i].given;

        for (int j = 0; j < i && first; j++)
            first = !(places[j].given && same_page(&places[i], &places[j]));
        used += first;
    }
    if (mapped < used)
        machine_failed(machine, "tables lie in %llu pages, and %llu are mapped", used, mapped);
    if (said(machine, line, "gdt_pages") != mapped + common)
        machine_failed(machine, "gdt_pages is not %llu of slots and %llu common", mapped, common);
}

void audit(struct machine *machine)
{
    static struct place places[MAX_CPUS];

    if (!cgdt_file_read(&file))
        return;
    for (int i = 0; i < machine->cpu_count; i++) {
        places[i] = place_of(machine, machine->cpus[i]);
        for (int j = 0; j < i; j++) {
            if (places[i].given && places[j].given)
                compare(machine, places, i, j);
        }
    }
    count_pages(machine, places);
}

static unsigned long long pages_number(const char *key)
{
    unsigned long long value = 0;

    if (cgdt_file_read(&file))
        cgdt_number(cgdt_line(&file, "PAGES"), key, &value);
    return value;
}

/* The kernel frees what a thread had some grace periods of RCU after its end; none are left now. */
void threads_forgotten(struct machine *machine)
{
    for (int i = 0; i < GRACE_PERIODS && pages_number("thread_slots") != 0; i++) {
        if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0)
            machine_failed(machine, "membarrier: %s", strerror(errno));
    }
    kernel_asked(machine, "trim");
    if (pages_number("thread_slots") != 0)
        machine_failed(machine, "%llu slots of threads are left, and no such thread",
                       pages_number("thread_slots"));
}

/* A stock kernel has a page for each. */
unsigned long long pages_held(const struct machine *machine)
{
    unsigned long long pages = (unsigned)machine->cpu_count;

    if (cgdt_file_read(&file))
        cgdt_number(cgdt_line(&file, "PAGES"), "gdt_pages", &pages);
    return pages;
}
