/* SPDX-License-Identifier: MIT */
/*
 * A second opinion on dumps as text, in another way than tools/cgdt/dump*.c: strtok(), strtoull(),
 * regexec().
 */
#ifndef CGDT_TESTS_FUZZ_REFERENCE_DUMP_H
#define CGDT_TESTS_FUZZ_REFERENCE_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a listing's repeated lines make more than this, no opinion is held. */
#define REFERENCE_DUMP_BYTES (256u << 10)
#define REFERENCE_UNKNOWN    (-2L)

/*
 * The bytes of descriptors in a text without NUL; -1: it is no dump. `bytes` has room for
 * REFERENCE_DUMP_BYTES and for the text.
 */
long reference_numbers(const char *data, size_t size, uint8_t *bytes);
long reference_listing(const char *data, size_t size, uint8_t *bytes);

/* Whether text would be taken for a listing. */
bool reference_is_listing(const char *data, size_t size);

#endif
