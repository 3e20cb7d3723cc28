/* SPDX-License-Identifier: MIT */
/* The verdict: MAP, HYPERCALLS and RESULT lines. */

#ifndef GUEST_REPORT_H
#define GUEST_REPORT_H

#include <stdbool.h>

#include "args.h"
#include "cgdt/cgdt.h"

/*
 * Complains about what is wrong in `PROBLEM` lines; the caller's findings are in `so_far`. Whether all is well
 * but for what the control has broken on purpose.
 */
bool report(const struct args *args, struct cgdt_pool *pool, bool so_far);

#endif /* GUEST_REPORT_H */
