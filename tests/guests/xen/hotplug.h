/* SPDX-License-Identifier: MIT */
/*
 * mode=hotplug: several vCPUs bring all others on- and offline through one pool, for some seconds.
 */

#ifndef GUEST_HOTPLUG_H
#define GUEST_HOTPLUG_H

#include "args.h"
#include "cgdt/cgdt.h"

/* From an empty pool to no pool at all. */
_Noreturn void hotplug_run(const struct args *args, struct cgdt_pool *pool);

#endif /* GUEST_HOTPLUG_H */
