/* SPDX-License-Identifier: GPL-2.0-only */
/* PID 1 of a guest of Xen: its vCPUs come and go as dom0 says, and it is saved and restored. */

#ifndef DOMU_H
#define DOMU_H

#include "init.h"

/*
 * mode=domu: the background's programs run, and about once a second every processor that is on is
 * looked at. Says
 *   VERIFIED round=N online=N cycles=N resumes=N failsafe=N failures=N
 * until `xl shutdown` asks for the end.
 */
void mode_domu(struct machine *machine);

/*
 * What main() is to return in a process that is not PID 1: the kernel runs /sbin/poweroff for `xl
 * shutdown`, and that is a link to init.
 */
int domu_shutdown_wanted(void);

#endif
