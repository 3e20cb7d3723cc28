/* SPDX-License-Identifier: MIT */
/* Text to Xen's console. */

#ifndef GUEST_CONSOLE_H
#define GUEST_CONSOLE_H

#include <stdint.h>

/* Formats of 64 bits, with the names that C has for them in a header of hosted compilers. */
#ifdef __x86_64__
#define PRId64  "ld"
#define PRIu64  "lu"
#define PRIx64  "lx"
#define PRIuPTR "lu"
#else
#define PRId64  "lld"
#define PRIu64  "llu"
#define PRIx64  "llx"
#define PRIuPTR "u"
#endif

/*
 * Knows %s %c %d %u %x, these with l and ll, %p %%, a width, and a zero in front of it. Each call
 * is one console_io (two when longer than 255 characters), without any shared buffer: every vCPU
 * may call it, and a call with a whole line is never torn.
 */
void console_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Where text goes instead, on any vCPU. */
void console_redirect(void (*to)(const char *text, uint32_t length));

#endif /* GUEST_CONSOLE_H */
