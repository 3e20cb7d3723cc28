/* SPDX-License-Identifier: MIT */
/*
 * mode=checker: Xen and the library's checker are asked about the same descriptors, one by one and
 * by the page, and must agree on the verdict and on what is stored.
 */

#ifndef GUEST_CHECKER_H
#define GUEST_CHECKER_H

#include "args.h"

/* The whole run, on vCPU 0, before it has a table. */
_Noreturn void checker_run(const struct args *args);

#endif /* GUEST_CHECKER_H */
