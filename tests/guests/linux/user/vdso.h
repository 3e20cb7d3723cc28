/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions that the kernel maps into every process (vdso(7)), without a dynamic linker. */

#ifndef VDSO_H
#define VDSO_H

/* NULL if there is no vDSO or nothing of this name in it. */
void *vdso_function(const char *name);

typedef long vdso_getcpu_fn(unsigned *cpu, unsigned *node, void *unused);

#endif
