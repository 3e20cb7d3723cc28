/* SPDX-License-Identifier: MIT */
/*
 * A guest that is no dom0: dom0's xl says which vCPUs are online, and saves and restores it; every
 * vCPU that is online goes on looking at its table meanwhile. Each change ends with a line
 * "VERIFIED round=N online=N verified=N failures=N saves=N gdt_pages=N", "xl shutdown" the run.
 */

#ifndef GUEST_DOMU_H
#define GUEST_DOMU_H

#include "args.h"
#include "cgdt/cgdt.h"
#include "xen.h"

_Noreturn void domu_run(const struct start_info *info, const struct args *args,
                        struct cgdt_pool *pool);

#endif /* GUEST_DOMU_H */
