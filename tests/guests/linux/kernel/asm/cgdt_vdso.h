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
#else /* the vDSO of 32 bits, where it has a getcpu() too */
	asm volatile("call __kernel_vsyscall"
		     : "=a" (result)
		     : "0" (__NR_getcpu), "b" (cpu), "c" (node), "d" (0)
		     : "memory");
#endif
	return result;
}

#endif
