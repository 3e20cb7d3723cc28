/* SPDX-License-Identifier: MIT */
/* CPUs that QEMU adds and removes. */

#ifndef GUEST_ACPI_H
#define GUEST_ACPI_H

#include "args.h"

/*
 * Until args->changes CPUs have been added and as many removed, each of them on its slot in
 * between. Says READY, ADDED and REMOVED, for run-hotplug to go on.
 */
void acpi_run(const struct args *args, uint32_t nr);

#endif /* GUEST_ACPI_H */
