/* SPDX-License-Identifier: MIT */
/* `cgdt encode`: a descriptor from fields by name. */
#include "commands.h"
#include "fields.h"
#include "shared.h"

#include <inttypes.h>
#include <stdio.h>

struct encode {
    struct fields fields;
    struct wide_desc desc;
    bool json;
};

enum {
    KEY_JSON = 256
};

static const struct argp_option options[] = {
    {"json", KEY_JSON, 0, 0, "One JSON object on stdout", 0},
    {0},
};

static const char doc[] =
    "A descriptor from its fields.\v"
    "FIELD of a segment, LDT or TSS: base, limit (20 bits) and g, or last (the highest valid byte) "
    "instead of both; avl, l, db. Of a gate: selector, offset, count. Of all: type, s, dpl, p; "
    "wide=1 for 16 bytes, which is taken for granted where the address needs them. VALUE is "
    "decimal "
    "or hexadecimal after 0x. What is not given is 0, but p and s are 1.\n\n"
    "attr stands for type, s, dpl, p, avl, l, db and g, in the 16 bits of VMX's access rights and "
    "of "
    "Linux's GDT_ENTRY_INIT(): attr=0xa09b is 64-bit code of ring 0.\n\n"
    "type may be a name, which says s too: data, data-writable, stack-down, code, code-readable, "
    "code-conforming (all with the accessed bit set), ldt, tss, tss-busy, call-gate, task-gate.\n\n"
    "Exit status: 0 fine, 2 wrong use.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct encode *encode = state->input;
    parse_why why;

    switch (key) {
    case KEY_JSON:
        encode->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (!fields_add(&encode->fields, arg, why))
            argp_failure(state, EXIT_UNUSABLE, 0, "%s", why);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_failure(state, EXIT_UNUSABLE, 0, "which fields? (try '%s --help')", state->name);
        return 0;
    case ARGP_KEY_END:
        if (!fields_encode(&encode->fields, &encode->desc, why))
            argp_failure(state, EXIT_UNUSABLE, 0, "%s", why);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    .options = options, .parser = parse, .args_doc = "FIELD=VALUE...", .doc = doc};

int encode_command(int argc, char **argv)
{
    struct encode encode = {0};
    const cgdt_desc_t *desc = encode.desc.desc;

    if (parse_options(&argp, argc, argv, &encode) != 0)
        return EXIT_UNUSABLE;
    if (encode.json) {
        printf("{\"descriptor\": \"0x%016" PRIx64 "\"", desc[0]);
        if (encode.desc.wide)
            printf(", \"high\": \"0x%016" PRIx64 "\"", desc[1]);
        puts("}");
    } else {
        printf("0x%016" PRIx64, desc[0]);
        if (encode.desc.wide)
            printf(",0x%016" PRIx64, desc[1]);
        putchar('\n');
    }
    return EXIT_FINE;
}
