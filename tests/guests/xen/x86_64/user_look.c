/* SPDX-License-Identifier: MIT */
/* The kernel of a 64-bit guest is in the ring of processes: what it finds is what they find. */

#include "user_look.h"

void user_look_init(const void *from, uintptr_t bytes)
{
    (void)from;
    (void)bytes;
}

void user_look(uint32_t user, struct user_look *look)
{
    (void)user;
    (void)look;
}
