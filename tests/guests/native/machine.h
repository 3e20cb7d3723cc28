/* SPDX-License-Identifier: MIT */
/* What QEMU says of its machine: how many CPUs, and CPUs that come and go. */

#ifndef GUEST_MACHINE_H
#define GUEST_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

/* Once. */
void machine_init(void);

/* CPUs that are there from the beginning, and that there can ever be. Their APIC ids are 0 up. */
uint32_t machine_cpus(void);
uint32_t machine_most_cpus(void);

/* The ACPI CPU hotplug block at I/O port `base` (QEMU docs/specs/acpi_cpu_hotplug.rst). */
void machine_hotplug_init(uint16_t base);

enum machine_event {
    MACHINE_NOTHING,
    MACHINE_ADDED,        /* device_add */
    MACHINE_WANTS_REMOVAL /* device_del: the CPU is there until machine_eject() */
};

/* The next event, of which CPU. An ADDED is told once. */
enum machine_event machine_poll(uint32_t *id);
void machine_eject(uint32_t id);
bool machine_is_enabled(uint32_t id);

#endif /* GUEST_MACHINE_H */
