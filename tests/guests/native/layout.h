/* SPDX-License-Identifier: MIT */
/* Selectors and addresses that C and assembly share. */

#ifndef GUEST_LAYOUT_H
#define GUEST_LAYOUT_H

/*
 * The same in every CPU's slot and in the boot table, so that no NMI between two tables finds a
 * stranger.
 */
#define SEL_CODE      0x08
#define SEL_DATA      0x10
#define SEL_USER_CODE 0x1b
#define SEL_USER_DATA 0x23
#define SEL_TSS       0x28
#define SEL_FS        0x38
#define SEL_GS        0x40
#define SEL_COOKIE    0x4b /* for ring 3 too */
#define SEL_CODE32    0x50 /* boot table only: where an x86-64 CPU is for some instructions */

#define VECTOR_BREAKPOINT 3
#define VECTOR_POKE       0x40
#define VECTOR_USER       0x80
#define VECTOR_SPURIOUS   0xff

/* Where a starting CPU begins, below 1 MiB; its number is the startup IPI's vector. */
#define TRAMPOLINE 0x8000

#define MAIN_STACK_SIZE 8192
#define MAX_CPUS        1024 /* APIC ids are below that; without an x2APIC, below 255 */

#define DEBUG_EXIT_PORT 0xf4

/*
 * Maps of the pool's pages: offset + physical address. The kernel itself is mapped where it lies.
 */
#if defined(__x86_64__)
#define MAP_WRITABLE 0xffff888000000000
#define MAP_ALIAS    0xffffc90000000000
#else
#define MAP_WRITABLE 0xc0000000 /* the gigabyte above a 3 GiB user space */
#define MAP_ALIAS    0xe0000000
#endif
#define MAP_BYTES 0x20000000

#endif /* GUEST_LAYOUT_H */
