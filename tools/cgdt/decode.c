/* SPDX-License-Identifier: MIT */
/*
 * `cgdt decode`: descriptors in words and fields and, where a profile is given, what it makes of
 * them.
 */
#include "commands.h"
#include "fields.h"
#include "shared.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct decode {
    struct wide_desc *descs; /* n of them, room for more */
    size_t n;
    size_t room;
    const struct cgdt_profile *profile;
    struct hv_start hv_start;
    bool judge;
    bool only_fields;
    bool json;
};

enum {
    KEY_JSON = 256,
    KEY_HV_START,
};

static const struct argp_option options[] = {
    {"fields", 'f', 0, 0, "Only the fields, one line a descriptor, as cgdt encode reads them", 0},
    {"profile", 'p', "PROFILE", 0,
     "Also what xen-pv64, xen-pv32, native64, native64-la48 or native32 makes of each", 0},
    {"hv-start", KEY_HV_START, "ADDRESS", 0, HV_START_DOC, 0},
    {"json", KEY_JSON, 0, 0, "One JSON object on stdout", 0},
    {0},
};

static const char doc[] =
    "What descriptors mean.\v"
    "DESCRIPTOR is a hexadecimal number, 0x or not, of any number of digits but 8, which is half a "
    "descriptor; one of 16 bytes (LDT, TSS, call gate in 64-bit mode) is its two halves with a "
    "comma, low one first: LOW,HIGH. With - they are read from stdin, with white space between "
    "them.\n\n"
    "Exit status: 0 fine, 1 the profile would refuse or rewrite one, 2 wrong use.";

/* For so many more. */
static void make_room(struct decode *decode, const struct argp_state *state, size_t n)
{
    const size_t room = decode->room + n;
    struct wide_desc *more = realloc(decode->descs, room * sizeof(*more));

    if (more == NULL)
        argp_failure(state, EXIT_UNUSABLE, 0, "no memory");
    decode->descs = more;
    decode->room = room;
}

static void add(struct decode *decode, const struct argp_state *state, const char *arg)
{
    parse_why why;

    if (decode->n == decode->room)
        make_room(decode, state, decode->room + 16);
    if (!wide_desc_parse(arg, &decode->descs[decode->n], why))
        argp_failure(state, EXIT_UNUSABLE, 0, "%s", why);
    decode->n++;
}

/* All that stdin has; each of its bytes is of a descriptor or between two. */
static void add_stdin(struct decode *decode, const struct argp_state *state)
{
    const size_t before = decode->n;
    uint8_t *data;
    size_t bytes;

    if (!read_file(state->name, "-", &data, &bytes))
        exit(EXIT_UNUSABLE);
    data[bytes] = '\0'; /* read_file() leaves room for that */
    if (strlen((char *)data) != bytes)
        argp_failure(state, EXIT_UNUSABLE, 0, "-: this is no text");
    for (char *at = (char *)data; *at != '\0';) {
        char *const item = at;

        while (*at != '\0' && !parse_is_space(*at))
            at++;
        const bool more = *at != '\0';
        *at = '\0';
        if (at != item)
            add(decode, state, item);
        at += more;
    }
    free(data);
    if (decode->n == before)
        argp_failure(state, EXIT_UNUSABLE, 0, "-: no descriptor there");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct decode *decode = state->input;

    switch (key) {
    case 'f':
        decode->only_fields = true;
        return 0;
    case 'p':
        decode->profile = option_profile(state, arg);
        decode->judge = true;
        return 0;
    case KEY_HV_START:
        option_hv_start(state, arg, &decode->hv_start);
        return 0;
    case KEY_JSON:
        decode->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (strcmp(arg, "-") == 0)
            add_stdin(decode, state);
        else
            add(decode, state, arg);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_failure(state, EXIT_UNUSABLE, 0, "which descriptor? (try '%s --help')", state->name);
        return 0;
    case ARGP_KEY_END:
        if (decode->only_fields && (decode->json || decode->judge))
            argp_failure(state, EXIT_UNUSABLE, 0, "--fields goes with no other option");
        decode->profile = option_profile_at(state, decode->profile, &decode->hv_start);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    .options = options, .parser = parse, .args_doc = "DESCRIPTOR...", .doc = doc};

/*
 * Halves that are wide by their own word are judged as a pair, others alone: where the CPU wants 16
 * bytes, one alone is none.
 */
static enum cgdt_reason judge(const struct cgdt_profile *profile, const struct wide_desc *desc,
                              cgdt_desc_t *stored)
{
    const enum cgdt_reason reason = cgdt_check_descriptor(profile, desc->desc[0], stored);

    const bool native64 = profile == CGDT_PROFILE_NATIVE64 || profile == CGDT_PROFILE_NATIVE64_LA48;
    const bool half = native64 && cgdt_desc_wide64(desc->desc[0]);

    if (reason != CGDT_FINE || (!desc->wide && !half))
        return reason;
    return cgdt_check_slot(profile, 0, desc->desc, desc->wide ? 2 : 1, NULL);
}

static const char *text_of(const struct wide_desc *desc, enum cgdt_reason reason)
{
    return reason == CGDT_BAD_HIGH_HALF && !desc->wide
               ? "16 bytes in 64-bit mode, and this is one half: give LOW,HIGH"
               : cgdt_reason_text(reason);
}

static void print_fields_json(const struct fields *fields)
{
    const char *separator = "";

    for (unsigned f = 0; f < FIELDS; f++) {
        if ((fields->given >> f & 1u) == 0)
            continue;
        printf(field_is_hex((enum field)f) ? "%s\"%s\": \"0x%" PRIx64 "\"" : "%s\"%s\": %" PRIu64,
               separator, field_name((enum field)f), fields->value[f]);
        separator = ", ";
    }
}

static void print_json(const struct decode *decode, const struct wide_desc *desc,
                       enum cgdt_reason reason, cgdt_desc_t stored)
{
    char words[WORDS_BYTES];
    struct fields fields;

    desc_words(desc, words);
    fields_of(desc, &fields);
    printf("{\"descriptor\": \"0x%016" PRIx64 "\", ", desc->desc[0]);
    if (desc->wide)
        printf("\"high\": \"0x%016" PRIx64 "\", ", desc->desc[1]);
    printf("\"words\": \"%s\", \"fields\": {", words);
    print_fields_json(&fields);
    putchar('}');
    if (decode->judge)
        printf(", \"profile\": \"%s\", \"fine\": %s, \"reason\": \"%s\", "
               "\"stored\": \"0x%016" PRIx64 "\"",
               profile_name(decode->profile), reason == CGDT_FINE ? "true" : "false",
               text_of(desc, reason), stored);
    putchar('}');
}

static void print_text(const struct decode *decode, const struct wide_desc *desc,
                       enum cgdt_reason reason, cgdt_desc_t stored)
{
    char words[WORDS_BYTES];
    char text[FIELDS_TEXT_BYTES];
    struct fields fields;

    fields_of(desc, &fields);
    fields_text(&fields, text);
    if (decode->only_fields) {
        puts(text);
        return;
    }
    desc_words(desc, words);
    printf("0x%016" PRIx64, desc->desc[0]);
    if (desc->wide)
        printf(",0x%016" PRIx64, desc->desc[1]);
    printf("  %s\n    %s\n", words, text);
    if (decode->judge) {
        printf("    %s: %s", profile_name(decode->profile), text_of(desc, reason));
        if (cgdt_reason_effect(reason) == CGDT_REWRITTEN)
            printf(" (stored: 0x%016" PRIx64 ")", stored);
        putchar('\n');
    }
}

int decode_command(int argc, char **argv)
{
    struct decode decode = {0};
    int status = EXIT_FINE;

    if (parse_options(&argp, argc, argv, &decode) != 0) {
        free(decode.descs);
        return EXIT_UNUSABLE;
    }
    if (decode.json)
        printf("{\"descriptors\": [");
    for (size_t i = 0; i < decode.n; i++) {
        cgdt_desc_t stored = decode.descs[i].desc[0];
        const enum cgdt_reason reason =
            decode.judge ? judge(decode.profile, &decode.descs[i], &stored) : CGDT_FINE;

        if (reason != CGDT_FINE)
            status = EXIT_VIOLATION;
        if (decode.json) {
            fputs(i == 0 ? "" : ", ", stdout);
            print_json(&decode, &decode.descs[i], reason, stored);
        } else {
            print_text(&decode, &decode.descs[i], reason, stored);
        }
    }
    if (decode.json)
        puts("]}");
    free(decode.descs);
    return status;
}
