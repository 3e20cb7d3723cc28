/* SPDX-License-Identifier: MIT */
/* Counting what the CPUs recorded, looking at the pool, and saying it. */

#ifndef GUEST_REPORT_H
#define GUEST_REPORT_H

#include "args.h"

/* What is wrong is printed, and remembered for the verdict. */
void report_unless(const char *what, uint32_t got, uint32_t wanted);

/* Everything, while CPUs 0 .. nr-1 and no others are online and have nothing to do. */
void report_look(const struct args *args, uint32_t nr, uint32_t slots);

/* The map at this moment, as one picture of several (tools/map). */
void report_picture(const struct args *args, uint32_t slots, const char *title);

/* While CPU 0 alone is online: all other slots must be zero, also by the guest's own look. */
void report_empty(uint32_t slots);

/* The last line; whether it is PASS. */
bool report_result(const struct args *args, uint32_t nr);

#endif /* GUEST_REPORT_H */
