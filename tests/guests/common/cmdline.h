/* SPDX-License-Identifier: MIT */
/*
 * key=value words of the guest's command line (start_info.cmd_line). Of several words with one
 * key the first counts.
 */

#ifndef GUEST_CMDLINE_H
#define GUEST_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The value of `key` and its length, or NULL. The value ends at a space or the end of the line. */
const char *cmdline_find(const char *line, const char *key, size_t *length);

/* An absent key leaves *value alone and is fine; false for anything but a decimal uint32_t. */
bool cmdline_u32(const char *line, const char *key, uint32_t *value);

/* Index of the value among `words`; `otherwise` when the key is absent; -1 for an unknown word. */
int cmdline_choice(const char *line, const char *key, const char *const words[], int nr_words,
                   int otherwise);

#endif /* GUEST_CMDLINE_H */
