/* SPDX-License-Identifier: MIT */
/* What the subcommands of cgdt share: exit statuses, options, files, output. */
#ifndef CGDT_TOOLS_SHARED_H
#define CGDT_TOOLS_SHARED_H

#include "parse.h"

#include "cgdt/check.h"
#include "cgdt/layout.h"

#include <argp.h>

/* Exit statuses of every subcommand. */
enum {
    EXIT_FINE = 0,
    EXIT_VIOLATION = 1, /* a violation was found */
    EXIT_UNUSABLE = 2,  /* wrong use, or input that cannot be read or understood */
};

/* Wherever argp finds something wrong, it exits with EXIT_UNUSABLE. 0, or the exit status. */
int parse_options(const struct argp *argp, int argc, char **argv, void *input);

/* The value of an option; a line on stderr and EXIT_UNUSABLE where it is out of range. */
uint64_t option_number(const struct argp_state *state, const char *name, const char *arg,
                       uint64_t low, uint64_t high);
const struct cgdt_profile *option_profile(const struct argp_state *state, const char *arg);
uint16_t option_slot_entries(const struct argp_state *state, const char *arg);

const char *profile_name(const struct cgdt_profile *profile);

/*
 * All of a file, "-" for stdin, from malloc(), with room for a byte more. False: a line on stderr,
 * after title, says why it cannot be read, or that it has more than FILE_MAX_BYTES.
 */
#define FILE_MAX_BYTES (64u << 20)
bool read_file(const char *title, const char *path, uint8_t **data, size_t *bytes);

/* What makes a noun's plural of so many: "s", or nothing for one. */
static inline const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

/* A string of JSON: whatever text has, this is valid. */
void print_json_string(const char *text);

#endif
