/* SPDX-License-Identifier: GPL-2.0-only */
/* How many NMIs a CPU has taken, dead or not: a test waits for one. */
#ifndef _ASM_X86_CGDT_NMI_H
#define _ASM_X86_CGDT_NMI_H

#include <linux/percpu.h>

DECLARE_PER_CPU(unsigned int, cgdt_nmis);

#endif
