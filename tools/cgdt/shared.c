/* SPDX-License-Identifier: MIT */
/* What the subcommands of cgdt share. */
#include "shared.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int parse_options(const struct argp *argp, int argc, char **argv, void *input)
{
    argp_err_exit_status = EXIT_UNUSABLE;
    return argp_parse(argp, argc, argv, 0, NULL, input) == 0 ? 0 : EXIT_UNUSABLE;
}

uint64_t option_number(const struct argp_state *state, const char *name, const char *arg,
                       uint64_t low, uint64_t high)
{
    parse_quoted quoted;
    uint64_t value = 0;

    if (!parse_number(arg, &value) || value < low || value > high)
        argp_failure(state, EXIT_UNUSABLE, 0, "--%s must be %" PRIu64 " .. %" PRIu64 ", not %s",
                     name, low, high, parse_quote(quoted, arg, strlen(arg)));
    return value;
}

static const struct {
    const struct cgdt_profile *profile;
    const char *name;
} profiles[] = {
    {CGDT_PROFILE_XEN_PV64, "xen-pv64"}, {CGDT_PROFILE_XEN_PV32, "xen-pv32"},
    {CGDT_PROFILE_NATIVE64, "native64"}, {CGDT_PROFILE_NATIVE64_LA48, "native64-la48"},
    {CGDT_PROFILE_NATIVE32, "native32"},
};

#define PROFILES (sizeof(profiles) / sizeof(profiles[0]))

const char *profile_name(const struct cgdt_profile *profile)
{
    const char *name = "xen-pv32"; /* one that option_hv_start() made */

    for (size_t i = 0; i < PROFILES; i++)
        if (profiles[i].profile == profile)
            name = profiles[i].name;
    return name;
}

const struct cgdt_profile *option_profile(const struct argp_state *state, const char *arg)
{
    parse_quoted quoted;

    for (size_t i = 0; i < PROFILES; i++) {
        if (strcmp(profiles[i].name, arg) == 0)
            return profiles[i].profile;
    }
    argp_failure(state, EXIT_UNUSABLE, 0,
                 "--profile must be xen-pv64, xen-pv32, native64, native64-la48 or native32, "
                 "not %s",
                 parse_quote(quoted, arg, strlen(arg)));
    return CGDT_PROFILE_XEN_PV64;
}

void option_hv_start(const struct argp_state *state, const char *arg, struct hv_start *hv_start)
{
    parse_quoted quoted;
    uint64_t address = 0;

    if (parse_hex(arg, &address) && address <= UINT32_MAX) {
        hv_start->address = (uint32_t)address;
        hv_start->profile = cgdt_profile_xen_pv32_from(&hv_start->room, hv_start->address);
    }
    if (hv_start->profile == NULL || hv_start->address != address)
        argp_failure(state, EXIT_UNUSABLE, 0,
                     "--hv-start must be the address of a page from %x to fffff000, not %s",
                     CGDT_XEN_PV32_START, parse_quote(quoted, arg, strlen(arg)));
}

const struct cgdt_profile *option_profile_at(const struct argp_state *state,
                                             const struct cgdt_profile *profile,
                                             const struct hv_start *hv_start)
{
    if (hv_start->profile == NULL)
        return profile;
    if (profile != CGDT_PROFILE_XEN_PV32)
        argp_failure(state, EXIT_UNUSABLE, 0,
                     "--hv-start is for xen-pv32: Xen raises no limit of other guests");
    return hv_start->profile;
}

uint16_t option_slot_entries(const struct argp_state *state, const char *arg)
{
    const uint64_t value =
        option_number(state, "slot-entries", arg, CGDT_MIN_SLOT_ENTRIES, CGDT_MAX_SLOT_ENTRIES);

    if ((value & (value - 1)) != 0)
        argp_failure(state, EXIT_UNUSABLE, 0,
                     "--slot-entries must be 8, 16, 32, 64, 128, 256 or 512, not %" PRIu64, value);
    return (uint16_t)value;
}

/*
 * Up to FILE_MAX_BYTES and one more, which tells that there are more. The block doubles as it
 * fills.
 */
static bool read_all(FILE *file, uint8_t **data, size_t *bytes)
{
    size_t room = 64u << 10;

    *data = NULL;
    *bytes = 0;
    for (;;) {
        uint8_t *more = realloc(*data, room + 1);

        if (more == NULL) {
            errno = ENOMEM;
            return false;
        }
        *data = more;
        *bytes += fread(*data + *bytes, 1, room + 1 - *bytes, file);
        if (*bytes <= room || room == FILE_MAX_BYTES)
            return ferror(file) == 0;
        room *= 2;
    }
}

bool read_file(const char *title, const char *path, uint8_t **data, size_t *bytes)
{
    const bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "rb");
    bool good = false;

    *data = NULL;
    if (file != NULL) {
        good = read_all(file, data, bytes);
        if (!good)
            fprintf(stderr, "%s: %s: %s\n", title, path, strerror(errno));
        if (!is_stdin)
            (void)fclose(file);
    } else {
        fprintf(stderr, "%s: %s: %s\n", title, path, strerror(errno));
    }
    if (good && *bytes > FILE_MAX_BYTES) {
        fprintf(stderr, "%s: %s: more than %u MiB\n", title, path, FILE_MAX_BYTES >> 20);
        good = false;
    }
    if (!good) {
        free(*data);
        *data = NULL;
    }
    return good;
}

void print_json_string(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < ' ' || c > '~') /* an odd byte is not UTF-8 by itself: as Latin-1 */
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}
