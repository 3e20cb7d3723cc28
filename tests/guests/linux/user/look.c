/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * look SEED [CPU | all | on]: what a program sees of its processor's table: where it lies and how
 * long it is (SGDT; UMIP must be off), which entries can be read (LAR, LSL), the task register.
 * Without a second argument four processors are taken at random, with "on" each that is on, and
 * those that go off meanwhile are left out.
 *
 * Native: nothing but the sixteen entries of this processor can be seen, and no neighbour's. On
 * Xen the tables share frames, so neighbours can be seen; there it is checked that there is
 * nothing else.
 */

#include "check.h"
#include "host.h"
#include "programs.h"
#include "segment.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum {
    RANDOM_CPUS = 4,
    ALL_ENTRIES = 8192,
    FIRST_XEN_ENTRY = 14 * 512, /* xen/include/public/arch-x86/xen.h: FIRST_RESERVED_GDT_ENTRY */
    ENTRIES_OF_A_PAGE = 512,
    SCAN_ENTRIES = 64,
    TASK_SELECTOR = 0x40,
    NUMBER_RIGHTS = 0x40f500
};

/* What one processor showed while the thread stayed on it. */
struct sight {
    struct table_register gdtr;
    uint32_t task_register;
    uint32_t limits[TABLE_ENTRIES];
    uint32_t rights[TABLE_ENTRIES];
    bool readable[TABLE_ENTRIES];
    unsigned long long number_selector; /* 0: nothing is known of it */
    bool number_readable;
    uint32_t number;
    uint32_t number_rights;
    struct cgdt_file file;
};

struct scan {
    uint32_t first;
    bool readable[SCAN_ENTRIES];
    uint32_t rights[SCAN_ENTRIES];
};

static enum host host;

static void find_number_selector(struct sight *sight, int cpu)
{
    sight->number_selector = host == HOST_LINUX_XEN_STOCK ? 0 : NUMBER_SELECTOR;
    if (!cgdt_file_read(&sight->file))
        return;
    if (!cgdt_number(cgdt_line_with(&sight->file, "CPU", "cpu", (unsigned)cpu), "selector",
                     &sight->number_selector))
        sight->number_selector = 0;
}

static void see(void *what, int cpu)
{
    struct sight *sight = what;

    find_number_selector(sight, cpu);
    sight->gdtr = stored_gdtr();
    sight->task_register = stored_task_register();
    for (uint32_t i = 0; i < TABLE_ENTRIES; i++) {
        sight->readable[i] = segment_rights(gdt_selector(i), &sight->rights[i]);
        segment_limit(gdt_selector(i), &sight->limits[i]);
    }
    sight->number_readable = segment_limit((uint32_t)sight->number_selector, &sight->number);
    segment_rights((uint32_t)sight->number_selector, &sight->number_rights);
}

static void see_scan(void *what, int cpu)
{
    struct scan *scan = what;

    (void)cpu;
    for (uint32_t i = 0; i < SCAN_ENTRIES; i++)
        scan->readable[i] = segment_rights(gdt_selector(scan->first + i), &scan->rights[i]);
}

static void check_number(const struct sight *sight, int cpu)
{
    if (host == HOST_LINUX_XEN_STOCK)
        return; /* it writes the entry on its first processor only */
    if (sight->number_selector == 0)
        fail("CPU %d: /proc/cgdt has no selector for it", cpu);
    if (!sight->number_readable || (sight->number & 0xfff) != (uint32_t)cpu)
        fail("CPU %d: LSL of 0x%llx says %s %u", cpu, sight->number_selector,
             sight->number_readable ? "CPU" : "nothing,", sight->number & 0xfff);
    if (sight->number_rights != NUMBER_RIGHTS)
        fail("CPU %d: LAR of 0x%llx says 0x%x", cpu, sight->number_selector, sight->number_rights);
}

static void check_entry(const struct sight *sight, int cpu, uint32_t entry, uint32_t rights)
{
    bool expected = rights != 0;

    if (sight->readable[entry] == expected && sight->rights[entry] == rights)
        return;
    fail("CPU %d: LAR of entry %u says %s 0x%x, not 0x%x", cpu, entry,
         sight->readable[entry] ? "there is" : "nothing,", sight->rights[entry], rights);
}

/* TLS: none in a 64-bit process, glibc's one in a 32-bit one. */
static void check_entries(const struct sight *sight, int cpu)
{
    struct user_desc glibc = flat_data(ENTRY_TLS, 0);

    for (uint32_t i = ENTRY_FREE; i < ENTRY_TLS; i++)
        check_entry(sight, cpu, i, 0);
    check_entry(sight, cpu, ENTRY_TLS, sizeof(long) == 4 ? rights_of(&glibc) : 0);
    check_entry(sight, cpu, ENTRY_TLS + 1, 0);
    check_entry(sight, cpu, ENTRY_TLS_LAST, 0);
    if (host == HOST_LINUX_XEN)
        check_entry(sight, cpu, ENTRY_NUMBER, 0);
    if (host_is_xen(host))
        return;
    /* The kernel's own are of ring 0, so they cannot be read. */
    for (uint32_t i = 0; i < ENTRY_USER32_CS; i++)
        check_entry(sight, cpu, i, 0);
    check_entry(sight, cpu, ENTRY_USER32_CS, 0xc0fb00);
    check_entry(sight, cpu, ENTRY_USER_DS, 0xc0f300);
    check_entry(sight, cpu, ENTRY_USER_CS, 0xa0fb00);
    check_entry(sight, cpu, ENTRY_NUMBER, NUMBER_RIGHTS);
}

static unsigned long long told(const struct sight *sight, int cpu, const char *key)
{
    unsigned long long value;

    if (!cgdt_number(cgdt_line_with(&sight->file, "CPU", "cpu", (unsigned)cpu), key, &value))
        fail("CPU %d: /proc/cgdt does not say its %s", cpu, key);
    return value;
}

/* `exact`: nothing has gone off or on since the kernel looked itself. */
static void check_table(const struct sight *sight, int cpu, bool exact)
{
    unsigned long base = sight->gdtr.base;
    uint32_t limit = sight->gdtr.limit;
    unsigned long offset = 0;

    if (limit == 0)
        fail("CPU %d: SGDT says limit 0: boot with -umip", cpu);
    if (host_is_xen(host)) {
        /* The hypervisor's area of this processor: the guest's entries, then its own. */
        if (limit < FIRST_XEN_ENTRY * 8)
            fail("CPU %d: SGDT says limit 0x%x", cpu, limit);
        return;
    }
    if (limit != TABLE_ENTRIES * 8 - 1)
        fail("CPU %d: SGDT says limit %u", cpu, limit);
    if (host_has_cgdt(host))
        offset = (unsigned long)told(sight, cpu, "color") * TABLE_ENTRIES * 8;
    if ((base & 4095) != offset)
        fail("CPU %d: SGDT says base 0x%lx, not at 0x%lx of a page", cpu, base, offset);
    if (host_has_cgdt(host) && exact && base != (unsigned long)told(sight, cpu, "table"))
        fail("CPU %d: SGDT says base 0x%lx, /proc/cgdt says 0x%llx", cpu, base,
             told(sight, cpu, "table"));
    if (sight->task_register != TASK_SELECTOR)
        fail("CPU %d: STR says 0x%x", cpu, sight->task_register);
}

/* What may be seen at positions beyond the table: on Xen the number entries of slots. */
static bool may_be_readable(uint32_t entry, uint32_t rights)
{
    return host == HOST_LINUX_XEN && entry >= ENTRIES_OF_A_PAGE &&
           entry % TABLE_ENTRIES == ENTRY_NUMBER && rights == NUMBER_RIGHTS;
}

static void scan_beyond(int cpu)
{
    uint32_t last = host_is_xen(host) ? FIRST_XEN_ENTRY : ALL_ENTRIES;
    struct scan scan;

    for (scan.first = TABLE_ENTRIES; scan.first < last; scan.first += SCAN_ENTRIES) {
        steady_observe(see_scan, &scan);
        for (uint32_t i = 0; i < SCAN_ENTRIES && scan.first + i < last; i++) {
            if (scan.readable[i] && !may_be_readable(scan.first + i, scan.rights[i]))
                fail("CPU %d: entry %u can be read, LAR says 0x%x", cpu, scan.first + i,
                     scan.rights[i]);
        }
    }
}

static void look_at(int cpu, bool exact)
{
    static struct sight sight;
    int seen;

    if (!pin_to(cpu)) {
        if (exact)
            fail("CPU %d is off", cpu);
        return;
    }
    seen = steady_observe(see, &sight);
    if (exact && seen != cpu)
        fail("pinned to CPU %d, and on CPU %d", cpu, seen);
    check_table(&sight, seen, exact);
    check_entries(&sight, seen);
    check_number(&sight, seen);
    scan_beyond(seen);
}

int look(int argc, char **argv)
{
    int cpus[MAX_CPUS];
    int count = cpus_online(cpus);
    struct random random;

    if (argc < 2 || argc > 3 || count == 0)
        fail("usage: %s SEED [CPU | all | on]", program_name);
    host = host_find();
    random = random_from(number_of(argv[1]));
    if (argc == 2) {
        for (int i = 0; i < RANDOM_CPUS; i++)
            look_at(cpus[random_below(&random, (uint32_t)count)], false);
    } else if (strcmp(argv[2], "all") == 0 || strcmp(argv[2], "on") == 0) {
        for (int i = 0; i < count; i++)
            look_at(cpus[i], strcmp(argv[2], "all") == 0);
    } else {
        look_at((int)number_of(argv[2]), true);
    }
    return EXIT_RIGHT;
}
