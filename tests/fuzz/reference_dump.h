/* SPDX-License-Identifier: MIT */
/*
 * A second opinion on numbers without addresses, in another way than tools/cgdt/dump/: strtok() and
 * strtoull(). Of all other formats walk_dump.c has one.
 */
#ifndef CGDT_TESTS_FUZZ_REFERENCE_DUMP_H
#define CGDT_TESTS_FUZZ_REFERENCE_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REFERENCE_DUMP_BYTES (256u << 10)

/* Words are in it that are no numbers: no opinion is held, as prompts and registers may be. */
#define REFERENCE_UNKNOWN (-2L)

/*
 * The bytes of descriptors in a text without NUL; -1: it is no dump. `bytes` has room for the text.
 */
long reference_numbers(const char *data, size_t size, uint8_t *bytes);

#endif
