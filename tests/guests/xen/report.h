/* SPDX-License-Identifier: MIT */
/* The verdict: MAP, HYPERCALLS and RESULT lines. */

#ifndef GUEST_REPORT_H
#define GUEST_REPORT_H

#include <stdbool.h>

#include "args.h"
#include "cgdt/cgdt.h"

/*
 * After bringup: complains about what is wrong in `PROBLEM` lines, and draws the map. Whether all
 * is well but for what the control has broken on purpose.
 */
bool report(const struct args *args, struct cgdt_pool *pool);

/* Which slots are taken, a line for each page. */
void report_map(const struct args *args, struct cgdt_pool *pool);

/* The same as one picture of several (tools/map), with a title: "picture=" and that. */
void report_picture(const struct args *args, struct cgdt_pool *pool, const char *title);

/*
 * The RESULT, of that and of all that has happened since; so_far: all was well. Returns whether it
 * still is.
 */
bool report_result(const struct args *args, bool so_far);

#endif /* GUEST_REPORT_H */
