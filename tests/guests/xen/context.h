/* SPDX-License-Identifier: MIT */
/* What a new vCPU begins with, as far as that is another for each width. */

#ifndef GUEST_CONTEXT_H
#define GUEST_CONTEXT_H

#include "xen.h"

/* Once, for all vCPUs. */
void context_begin(struct vcpu_guest_context *context);

/* For the next one: vcpu_entry of head.S finds `argument` where it looks for it. */
void context_enter(struct vcpu_guest_context *context, uintptr_t entry, uintptr_t stack,
                   uintptr_t argument, uint16_t cs, uint16_t ss);

#endif /* GUEST_CONTEXT_H */
