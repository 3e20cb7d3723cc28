/* SPDX-License-Identifier: MIT */
/*
 * The end of a run: QEMU's isa-debug-exit turns a value v into the exit status (v << 1) | 1. A
 * triple fault ends QEMU with 0, so 0 never means that something went well.
 */

#ifndef GUEST_EXIT_H
#define GUEST_EXIT_H

#include <stdint.h>

enum guest_exit {
    GUEST_EXIT_PASS = 16,    /* QEMU status 33, the only good one of a run without a control */
    GUEST_EXIT_CAUGHT = 20,  /* 41: a negative control was noticed, for the right reason */
    GUEST_EXIT_FAIL = 1,     /* 3: the test's verdict is FAIL */
    GUEST_EXIT_TRAP = 2,     /* 5: unexpected fault */
    GUEST_EXIT_ARGUMENT = 3, /* 7: bad guest argument */
    GUEST_EXIT_SETUP = 4,    /* 9: something that had to work did not, a hypercall perhaps */
};

/*
 * Any CPU may call it. Where the device is missing, Xen's guest asks for a crash and the other
 * halts: never 33.
 */
_Noreturn void guest_exit(enum guest_exit value);

/* Prints "FATAL: what: value" and leaves with GUEST_EXIT_SETUP. */
_Noreturn void guest_fatal(const char *what, int64_t value);

#endif /* GUEST_EXIT_H */
