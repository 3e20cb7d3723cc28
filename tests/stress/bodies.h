/* SPDX-License-Identifier: MIT */
/*
 * The bodies of the stress tests: plain C, since Criterion cannot start under the thread sanitizer.
 * Each takes what the engine takes (tools/stress/engine.h), says on stderr what is wrong, and
 * returns 0 if nothing.
 */
#ifndef CGDT_TESTS_STRESS_BODIES_H
#define CGDT_TESTS_STRESS_BODIES_H

#include "../../tools/stress/engine.h"

typedef int stress_body(const struct stress_params *params);

/*
 * Runs without a violation, mostly one: as many as it takes until what was asked for has really
 * come about (full pools, trims, faults, CPUs that two threads wanted).
 */
int stress_body_run(const struct stress_params *params);

/* With one thread the seed repeats the run: equal counts. */
int stress_body_repeats(const struct stress_params *params);

/* All threads do the same at once, params->operations times over: exactly one of them succeeds. */
int stress_body_duel_free(const struct stress_params *params); /* free of one handle */
int stress_body_duel_cpu(const struct stress_params *params); /* online, then offline, of one CPU */
int stress_body_duel_last(const struct stress_params *params); /* alloc of the only slot */

/* CPUs of two kinds come near their own: no page has both. */
int stress_body_kinds(const struct stress_params *params);

#endif
