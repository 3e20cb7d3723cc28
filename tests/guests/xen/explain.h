/* SPDX-License-Identifier: MIT */
/* mode=explain: each known reason for Xen's EINVAL is made, and the port must name it. */

#ifndef GUEST_EXPLAIN_H
#define GUEST_EXPLAIN_H

#include "args.h"

/* The whole run, on vCPU 0, before it has a table. */
_Noreturn void explain_run(const struct args *args);

#endif /* GUEST_EXPLAIN_H */
