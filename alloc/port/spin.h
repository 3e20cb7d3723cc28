/* SPDX-License-Identifier: MIT */
/*
 * The spin lock of ports whose kernel gives none: for short waits on any CPU. Private to
 * alloc/port/.
 */
#ifndef CGDT_PORT_SPIN_H
#define CGDT_PORT_SPIN_H

#include "cgdt/env.h"

#pragma GCC diagnostic ignored "-Winline" /* of kernels' own flags; here inline is a wish */

static inline void cgdt_spin_lock_(uint32_t *locked)
{
    /* Pairs with the release in cgdt_spin_unlock_(). */
    while (__atomic_exchange_n(locked, 1u, __ATOMIC_ACQUIRE) != 0)
        __builtin_ia32_pause();
}

static inline void cgdt_spin_unlock_(uint32_t *locked)
{
    /* Pairs with the acquire in cgdt_spin_lock_(). */
    __atomic_store_n(locked, 0u, __ATOMIC_RELEASE);
}

#endif
