/* SPDX-License-Identifier: MIT */
/* Leaving QEMU with a status that a script can trust. */

#include "exit.h"

#include "console.h"
#include "hypercall.h"

#define DEBUG_EXIT_PORT 0xf4
#define SHUTDOWN_crash  3

_Noreturn void guest_exit(enum guest_exit value)
{
    /* The guest's "ring 0" is CPL 3: port access needs an I/O privilege level of its own. */
    const uint32_t iopl = 1;
    const uint32_t reason = SHUTDOWN_crash;

    if (xen_physdev_op(PHYSDEVOP_set_iopl, &iopl) == 0)
        __asm__ volatile("outl %0, %1" : : "a"((uint32_t)value), "N"(DEBUG_EXIT_PORT));
    for (;;)
        (void)xen_sched_op(SCHEDOP_shutdown, &reason);
}

_Noreturn void guest_fatal(const char *what, int64_t error)
{
    console_printf("FATAL: %s: %ld\n", what, error);
    guest_exit(GUEST_EXIT_SETUP);
}
