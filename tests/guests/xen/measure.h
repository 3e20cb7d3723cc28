/* SPDX-License-Identifier: MIT */
/*
 * mode=measure: what it costs to bring vCPUs online and to switch TLS, under QEMU's -icount; one
 * line of figures.
 */

#ifndef GUEST_MEASURE_H
#define GUEST_MEASURE_H

#include "args.h"

/* The whole run, on vCPU 0, before there is a pool. */
_Noreturn void measure_run(const struct args *args);

#endif /* GUEST_MEASURE_H */
