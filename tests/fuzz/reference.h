/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets compare the library with: slow, plain, and built on tests/support/oracle.h.
 * It takes numbers for reasons and errors from the public headers, and calls nothing of the
 * library.
 */
#ifndef CGDT_TESTS_FUZZ_REFERENCE_H
#define CGDT_TESTS_FUZZ_REFERENCE_H

#include <cgdt/check.h>
#include <cgdt/layout.h>

/* The first reason, and what the table would hold. */
enum cgdt_reason reference_descriptor(const struct cgdt_profile *profile, uint64_t raw,
                                      uint64_t *stored);

/* Whether a reason means that the descriptor, or the page, is refused. */
bool reference_refuses(enum cgdt_reason reason);

/* Taken, and what is stored would be stored again unchanged. */
bool reference_kept(const struct cgdt_profile *profile, uint64_t raw);

/* A slot; *bad is the entry of the first reason. */
enum cgdt_reason reference_slot(const struct cgdt_profile *profile, uint32_t rules,
                                const uint64_t *descs, uint32_t entries, uint32_t *bad);

bool reference_is_native64(const struct cgdt_profile *profile);

/* Whether a 16-byte descriptor begins at the entry of a well-formed table. */
bool reference_begins_pair(const uint64_t *descs, uint32_t entry);

/* A page; *bad is the entry of the page, 0 .. 511. */
enum cgdt_reason reference_page(const struct cgdt_profile *profile, uint32_t rules,
                                const uint64_t *page, uint32_t slot_entries, uint64_t owned,
                                uint32_t *bad);

bool reference_layout_is_valid(const struct cgdt_layout *layout);

/*
 * Entries of the window, counted from its first slot page, at which slot `number` begins; *window
 * too.
 */
uint32_t reference_slot_begin(const struct cgdt_layout *layout, uint64_t number, uint64_t *window);

/* What a canonical selector is on a CPU whose slot begins there; and the other way round. */
uint16_t reference_local(const struct cgdt_layout *layout, uint32_t begin, uint16_t canonical);
uint16_t reference_canonical(const struct cgdt_layout *layout, uint32_t begin, uint16_t local);

#endif
