/* SPDX-License-Identifier: GPL-2.0-only */
/* getcpu() where LSL finds no CPU number at the selector that user space knows: on Xen. */
#ifndef _ASM_X86_CGDT_VDSO_H
#define _ASM_X86_CGDT_VDSO_H

#include <asm/unistd.h>

static __always_inline long cgdt_vdso_getcpu(unsigned int *cpu, unsigned int *node)
{
	long result;

#ifdef __x86_64__
	asm volatile("syscall"
		     : "=a" (result)
		     : "0" ((long)__NR_getcpu), "D" (cpu), "S" (node), "d" (0L)
		     : "rcx", "r11", "memory");
#else /* 6.12 has this function in the vDSO of 32-bit programs, too */
	asm volatile("int $0x80"
		     : "=a" (result)
		     : "0" ((long)__NR_getcpu), "b" (cpu), "c" (node), "d" (0L)
		     : "memory");
#endif
	return result;
}

#endif
