/* SPDX-License-Identifier: MIT */
/*
 * The part of mode=neighbours that a 64-bit guest has no ring for: what processes see of the
 * tables. Each vCPU has one descriptor of DPL 3 as user space has TLS, and two call gates, of
 * DPL 3 and of DPL 1.
 */

#ifndef GUEST_PROCESSES_H
#define GUEST_PROCESSES_H

#include "tables.h"

/* vCPU 0: these descriptors into the spare entries of all vCPUs. */
void processes_prepare(const struct args *args, struct cgdt_pool *pool);

/* A process on the calling vCPU looks, and calls through the neighbour's gates. One at a time. */
void processes_look(const struct cpu *viewer, const struct cpu *neighbour);

#endif /* GUEST_PROCESSES_H */
