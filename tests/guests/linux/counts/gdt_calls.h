/* SPDX-License-Identifier: GPL-2.0-only */
/* What is asked of Xen for GDTs; see gdt_calls.c. */
#ifndef ASM_GDT_CALLS_H
#define ASM_GDT_CALLS_H

extern unsigned int gdt_calls_failsafes;
void gdt_calls_set_gdt(const unsigned long *frames, int entries);
void gdt_calls_update_descriptor(void);
void gdt_calls_batch(const void *calls, unsigned int n);

#endif
