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

/* --hv-start: the rules of a 32-bit guest in whose domain Xen begins elsewhere. */
struct hv_start {
    const struct cgdt_profile *profile; /* in room; NULL: the option was not given */
    struct cgdt_profile_room room;
    uint32_t address;
};

/* What argp says of the option; its argument is an ADDRESS. */
#define HV_START_DOC                                                                               \
    "xen-pv32: where Xen begins in the domain's address space, a hexadecimal number; "             \
    "f5800000 unless a dom0 has the ELF note HV_START_LOW"

void option_hv_start(const struct argp_state *state, const char *arg, struct hv_start *hv_start);

/* When all options have been seen: the profile that --profile and --hv-start ask for together. */
const struct cgdt_profile *option_profile_at(const struct argp_state *state,
                                             const struct cgdt_profile *profile,
                                             const struct hv_start *hv_start);

/* The name that --profile has for it; of hv_start's, too. */
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
