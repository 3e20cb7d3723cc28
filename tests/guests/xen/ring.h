/* SPDX-License-Identifier: MIT */
/*
 * The console of a guest that is no dom0: a page that it shares with dom0's xenconsoled. Ring and
 * event channel are looked up in start_info each time, as both are others after a restore.
 */

#ifndef GUEST_RING_H
#define GUEST_RING_H

#include <stdbool.h>

#include "xen.h"

/* From now on console_printf() goes there, if the guest is no dom0. */
void ring_init(const struct start_info *info);

/* Whether it does. */
bool ring_in_use(void);

/* Until dom0 has read all of it. */
void ring_flush(void);

#endif /* GUEST_RING_H */
