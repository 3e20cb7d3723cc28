/* SPDX-License-Identifier: MIT */
/*
 * The faulty port, with a place before and after each operation where a CPU can die: by a longjmp
 * out of mortal_step().
 */
#ifndef CGDT_TESTS_MORTAL_PORT_H
#define CGDT_TESTS_MORTAL_PORT_H

#include "faulty_port.h"

extern void (*mortal_step)(void);

/* Its ctx is the faulty port's. */
extern const struct cgdt_port mortal_port;

#endif
