/* SPDX-License-Identifier: MIT */
/*
 * What a kernel with shared pages puts right after a restore, in this order: its vcpu_info, the
 * frames of the table that it has loaded, and every page of the pool, which the new Xen has never
 * seen as a GDT unless a vCPU came with it. vCPU 0 calls all but restore_self().
 */

#ifndef GUEST_RESTORE_H
#define GUEST_RESTORE_H

#include <stdbool.h>

#include "args.h"
#include "cgdt/cgdt.h"

void restore_init(const struct args *args, struct cgdt_pool *pool);

/* Just before the save; control kept-frame is armed. */
void restore_prepare(void);

/* Just after suspend_now(). Ends the run when Xen refuses something. */
void restore_all(void);

/* Any other vCPU, now and then: registers its vcpu_info anew, once after each restore. */
void restore_self(uint32_t vcpu);

/* Whether VCPUOP_up is enough: a vCPU that was down at the save is not initialised any more. */
bool restore_has_context(uint32_t vcpu);
void restore_began(uint32_t vcpu); /* it has been initialised */

#endif /* GUEST_RESTORE_H */
