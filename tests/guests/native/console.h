/* SPDX-License-Identifier: MIT */
/* Lines on the first serial port. */

#ifndef GUEST_CONSOLE_H
#define GUEST_CONSOLE_H

/*
 * %s %u %d %x, %lx for uintptr_t, %llx for uint64_t; a number before the letter pads with zeros. A
 * call's text is not mixed with other CPUs'. Not for NMI handlers, but before the end of the run.
 */
void console_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The lock is taken no more: somebody who held it may be stopped for good. */
void console_force(void);

#endif /* GUEST_CONSOLE_H */
