/* SPDX-License-Identifier: MIT */
/* The kernel's arguments, key=value words; args.c has their names. */

#ifndef GUEST_ARGS_H
#define GUEST_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_DRIVERS 16u

enum control {
    CONTROL_NONE,
    CONTROL_SHARED_SLOT,    /* a slot is given to two CPUs */
    CONTROL_WIPE_NEIGHBOUR, /* a free wipes the next slot too */
    CONTROL_EARLY_WIPE,     /* a slot is freed while its CPU is on it, which looks on */
    CONTROL_LATE_USER,      /* the same, and the CPU takes an NMI: the end of the machine */
    CONTROL_PARKED_ON_SLOT, /* a CPU parks in HLT without leaving its slot: likewise */
    CONTROL_CLEAR_ACCESSED, /* a descriptor with A = 0 is loaded from the read-only map */
    CONTROL_LTR_ALIAS,      /* LTR through the read-only map */
    CONTROL_BUSY_TSS,       /* a slot is used again with the TSS as its last user left it */
    CONTROL_WIDE_LIMIT      /* a limit that goes beyond the slot */
};

enum mode {
    MODE_BRINGUP, /* all CPUs on, looked at, off */
    MODE_HOTPLUG, /* in between, several CPUs bring others off and on */
    MODE_ACPI,    /* CPUs come and go as QEMU is told to */
    MODE_MOVE     /* most go off, the others move together; several times */
};

struct args {
    const char *layout_name;
    uint32_t slot_entries;
    uint32_t window_pages;
    enum control control;
    const char *control_name;
    enum mode mode;
    bool pae;
    uint32_t spare;   /* slots that there are more than CPUs */
    uint32_t cycles;  /* hotplug: how often a CPU goes off and on, all together */
    uint32_t drivers; /* hotplug: CPUs 0 .. drivers-1 do it */
    uint32_t seed;    /* hotplug: of the order in which they do it */
    bool quiet; /* hotplug: no NMIs, and no interrupts but for orders: what is lost stays lost */
    uint32_t block;   /* acpi: I/O port of the hotplug block */
    uint32_t changes; /* acpi: CPUs that are added, and then removed; move: rounds */
};

/*
 * Which loader it was: kernel_main()'s arguments. Ends the run with one line if an argument is
 * wrong.
 */
void args_parse(uint32_t magic, const void *info, struct args *args);

#endif /* GUEST_ARGS_H */
