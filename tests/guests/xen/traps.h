/* SPDX-License-Identifier: MIT */
/* Exceptions. A fault that fault.h does not expect prints itself and ends the run. */

#ifndef GUEST_TRAPS_H
#define GUEST_TRAPS_H

#include "fault.h"
#include "frame.h"
#include "xen.h"

/* head.S; never called from C. */
extern const char event_callback[];
extern const char failsafe_callback[];

/*
 * Trap table and callbacks of the calling vCPU (vCPU 0); other vCPUs get theirs at
 * initialisation, the table through traps_fill_context(). Ends the run on failure.
 */
void traps_init(void);
void traps_fill_context(struct vcpu_guest_context *context);

/* How often Xen could not reload a selector at a context switch; expected to stay 0. */
uint32_t traps_failsafe_count(void);
uint32_t traps_event_count(void);

/*
 * From now on an invalid opcode that fault.h expects is given to this handler first; NULL: to none.
 * For one vCPU at a time.
 */
void traps_on_invalid_opcode(void (*handler)(struct trap_frame *frame));

/* Called by head.S. */
void trap_handle(struct trap_frame *frame);

#endif /* GUEST_TRAPS_H */
