/* SPDX-License-Identifier: MIT */
/*
 * A pool on the native port: "physical memory" of some pages, with a writable and a read-only map
 * of it. The template is null and a data segment. Any failure is the test's.
 */
#ifndef CGDT_TESTS_NATIVE_SETUP_H
#define CGDT_TESTS_NATIVE_SETUP_H

#include <cgdt/cgdt.h>
#include <cgdt/port/native.h>

#define NATIVE_PAGES   4u
#define NATIVE_BYTES   (NATIVE_PAGES * 4096u)
#define NATIVE_ENTRIES 32u /* 16 slots to a page */
#define NATIVE_DATA0   0x00cf93000000ffffull

struct cgdt_native native_two_maps(void);

/* One pool at a time; sealed or not. */
struct cgdt_pool *native_open_with(const struct cgdt_port *port, struct cgdt_native *native,
                                   bool sealed);
struct cgdt_pool *native_open(struct cgdt_native *native, bool sealed);

cgdt_slot_t native_alloc(struct cgdt_pool *pool);
struct cgdt_pseudo_descriptor native_gdtr_of(struct cgdt_pool *pool, cgdt_slot_t slot);

#endif
