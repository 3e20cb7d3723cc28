/* SPDX-License-Identifier: MIT */
/*
 * Save and restore, as the toolstack wants it of a PV guest. It finds the guest's table of frames
 * (p2m) by three words of shared_info, turns the frames in page tables, in vCPUs' registers and
 * GDT lists and in that table into others, and starts the vCPUs that were up. All else that holds a
 * machine frame is the guest's own to put right.
 */

#ifndef GUEST_SUSPEND_H
#define GUEST_SUSPEND_H

#include <stdbool.h>

#include "xen.h"

/* Says where the p2m is. Once, before the guest can be saved. */
void suspend_init(const struct start_info *info);

/*
 * The calling vCPU is vCPU 0. False: the suspend has been cancelled, and all is as before. True:
 * the guest has been restored. It has another domain's number, frames, event channels and
 * shared_info; no vcpu_info is registered, and vCPUs that were down are not initialised. p2m, page
 * tables and this module are up to date.
 */
bool suspend_now(void);

#endif /* GUEST_SUSPEND_H */
