/* SPDX-License-Identifier: MIT */
/* Leaving QEMU with a status that a script can trust. */

#include "exit.h"

#include <stdbool.h>

#include "console.h"
#include "hypercall.h"
#include "ring.h"

#define DEBUG_EXIT_PORT 0xf4

/* No port is for a guest that is no dom0: who reads its console has its verdict. */
static _Noreturn void power_off(bool crashed)
{
    const uint32_t reason = crashed ? SHUTDOWN_crash : SHUTDOWN_poweroff;

    ring_flush();
    for (;;)
        (void)xen_sched_op(SCHEDOP_shutdown, &reason);
}

_Noreturn void guest_exit(enum guest_exit value)
{
    if (ring_in_use())
        power_off(value != GUEST_EXIT_PASS && value != GUEST_EXIT_CAUGHT);

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
    console_printf("FATAL: %s: %" PRId64 "\n", what, error);
    guest_exit(GUEST_EXIT_SETUP);
}
