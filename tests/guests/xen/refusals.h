/* SPDX-License-Identifier: MIT */
/* What must be refused while pages are in use, and leave no trace. */

#ifndef GUEST_REFUSALS_H
#define GUEST_REFUSALS_H

#include <stdbool.h>

#include "cgdt/cgdt.h"

/* Prints a line for what was not refused as it had to be. Leaves vCPU 0's slot as it was. */
bool refusals_check(struct cgdt_pool *pool);

#endif /* GUEST_REFUSALS_H */
