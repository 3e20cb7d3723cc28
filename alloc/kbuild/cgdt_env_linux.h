/* SPDX-License-Identifier: MIT */
/* What the core takes from its surroundings (cgdt/env.h), as a Linux kernel has it. */
#ifndef CGDT_ENV_LINUX_H
#define CGDT_ENV_LINUX_H

#include <linux/stddef.h>
#include <linux/types.h>

/* Kernels have had this one only since 6.9 or so; saying it twice is C11. */
typedef long intptr_t;

#endif
