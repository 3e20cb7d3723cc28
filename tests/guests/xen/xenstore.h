/* SPDX-License-Identifier: MIT */
/*
 * A client of dom0's xenstored, for a guest that is no dom0; vCPU 0 alone calls it. Paths are below
 * the domain's own. Watches are lost in a save: watch again.
 */

#ifndef GUEST_XENSTORE_H
#define GUEST_XENSTORE_H

#include <stdbool.h>

#include "xen.h"

/* After clock_init(). on_event gets the path that has changed, from within any of these calls. */
void xenstore_init(const struct start_info *info, void (*on_event)(const char *path));

/* The value with a zero at its end. False: there is none, or none that fits. */
bool xenstore_read(const char *path, char *value, uint32_t size);

/* Each ends the run if xenstored says no. A watch's first event comes at once. */
void xenstore_write(const char *path, const char *value);
void xenstore_watch(const char *path);

/* Takes what events there are, without waiting for one. */
void xenstore_poll(void);

#endif /* GUEST_XENSTORE_H */
