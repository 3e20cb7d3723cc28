/* SPDX-License-Identifier: MIT */
/*
 * `cgdt check`: a dump of GDT pages by the rules of a profile. What is wrong comes from
 * check_pages.c.
 */
#include "check_show.h"
#include "commands.h"
#include "shared.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check {
    const char *path;
    const char *owned; /* as given */
    struct hv_start hv_start;
    struct check_rules rules;
    enum dump_format format;
    bool pad;
    bool all;
    bool decode;
    bool json;

    const struct dump *dump;
    uint64_t *owned_of; /* of each page */
    bool too_many_colors;
    uint64_t violations;
};

enum {
    KEY_JSON = 256,
    KEY_PAD,
    KEY_READ_ONLY,
    KEY_NO_BUSY_TSS,
    KEY_NULL_ENTRY,
    KEY_REWRITE_OK,
    KEY_HV_START,
};

static const struct argp_option options[] = {
    {"profile", 'p', "PROFILE", 0,
     "xen-pv64 (default), xen-pv32, native64, native64-la48 or native32", 0},
    {"hv-start", KEY_HV_START, "ADDRESS", 0, HV_START_DOC, 0},
    {"slot-entries", 's', "N", 0, "Descriptors in a slot: 8, 16, 32 (default) .. 512", 0},
    {"owned", 'o', "HEX", 0,
     "Colors that have an owner, bit c for color c; others must be zero. One for every page, or "
     "one a page with commas. Default: all are owned",
     0},
    {"format", 'f', "FORMAT", 0, "raw, numbers, bytes or auto (default: by what is in it)", 0},
    {"pad", KEY_PAD, 0, 0, "What is missing of the last page is zero", 0},
    {"all", 'a', 0, 0, "All violations, not only the first", 0},
    {"decode", 'd', 0, 0, "Each descriptor that is not zero in words", 0},
    {"read-only", KEY_READ_ONLY, 0, 0,
     "native profiles: the CPU reads the pages through a read-only mapping, so no segment may lack "
     "the accessed bit",
     0},
    {"no-busy-tss", KEY_NO_BUSY_TSS, 0, 0,
     "native profiles: LTR is still to come, so no TSS may be busy; in a table that is in use the "
     "TSS is",
     0},
    {"null-entry", KEY_NULL_ENTRY, 0, 0, "Entry 0 of every slot must be zero", 0},
    {"rewrite-ok", KEY_REWRITE_OK, 0, 0,
     "Do not report what is accepted, but stored in another form", 0},
    {"json", KEY_JSON, 0, 0, "One JSON object on stdout", 0},
    {0},
};

static const char doc[] =
    "Check a dump of GDT pages by the rules of a hypervisor or CPU.\v"
    "FILE (default: stdin, also -) holds whole pages of 512 descriptors, at most 64 MiB: raw "
    "memory, or what gdb, QEMU's monitor, crash, kdb, U-Boot, WinDbg, xxd, od or hexdump print of "
    "it; hexadecimal numbers all of 16 digits (descriptors), 8 (halves, low one first) or 2 "
    "(bytes); a list of C, Rust or an assembler. cgdt(1) has a table. The first line of the answer "
    "says what it was taken for; what cannot be read whole, or in two ways, is refused.\n\n"
    "The page in a report is the page's place in the dump, from 0.\n\n"
    "Exit status: 0 no violation, 1 a violation, 2 wrong use, or not such a file.";

static void set_format(struct check *check, const struct argp_state *state, const char *arg)
{
    static const char *const names[] = {[DUMP_AUTO] = "auto",
                                        [DUMP_RAW] = "raw",
                                        [DUMP_NUMBERS] = "numbers",
                                        [DUMP_BYTES] = "bytes"};
    parse_quoted quoted;

    for (unsigned i = 0; i < DUMP_FORMATS; i++) {
        if (strcmp(arg, names[i]) == 0) {
            check->format = (enum dump_format)i;
            return;
        }
    }
    argp_failure(state, EXIT_UNUSABLE, 0, "--format must be raw, numbers, bytes or auto, not %s",
                 parse_quote(quoted, arg, strlen(arg)));
}

static error_t set_flag(struct check *check, int key)
{
    switch (key) {
    case 'a':
        check->all = true;
        return 0;
    case 'd':
        check->decode = true;
        return 0;
    case KEY_PAD:
        check->pad = true;
        return 0;
    case KEY_JSON:
        check->json = true;
        return 0;
    case KEY_READ_ONLY:
        check->rules.rules |= CGDT_RULE_READ_ONLY_ALIAS;
        return 0;
    case KEY_NO_BUSY_TSS:
        check->rules.rules |= CGDT_RULE_NO_BUSY_TSS;
        return 0;
    case KEY_NULL_ENTRY:
        check->rules.rules |= CGDT_RULE_NULL_ENTRY;
        return 0;
    case KEY_REWRITE_OK:
        check->rules.rules |= CGDT_RULE_REWRITE_IS_OK;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

#define NATIVE_RULES (CGDT_RULE_READ_ONLY_ALIAS | CGDT_RULE_NO_BUSY_TSS)

static bool is_xen(const struct cgdt_profile *profile)
{
    return profile == CGDT_PROFILE_XEN_PV64 || profile == CGDT_PROFILE_XEN_PV32;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct check *check = state->input;

    switch (key) {
    case 'p':
        check->rules.profile = option_profile(state, arg);
        return 0;
    case KEY_HV_START:
        option_hv_start(state, arg, &check->hv_start);
        return 0;
    case 's':
        check->rules.slot_entries = option_slot_entries(state, arg);
        return 0;
    case 'o':
        check->owned = arg;
        return 0;
    case 'f':
        set_format(check, state, arg);
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_failure(state, EXIT_UNUSABLE, 0, "one file at a time");
        check->path = arg;
        return 0;
    case ARGP_KEY_END:
        if (is_xen(check->rules.profile) && (check->rules.rules & NATIVE_RULES) != 0)
            argp_failure(
                state, EXIT_UNUSABLE, 0,
                "--read-only and --no-busy-tss are for native profiles: Xen writes accessed "
                "bits by itself, and takes no TSS");
        check->rules.profile = option_profile_at(state, check->rules.profile, &check->hv_start);
        return 0;
    default:
        return set_flag(check, key);
    }
}

static const struct argp argp = {
    .options = options, .parser = parse, .args_doc = "[FILE]", .doc = doc};

/* Masks with commas, one for all pages or one for each. */
static bool spread_owned(struct check *check, size_t pages)
{
    const char *text = check->owned != NULL ? check->owned : "ffffffffffffffff";
    const unsigned colors = CGDT_PAGE_ENTRIES / check->rules.slot_entries;
    uint64_t *masks = calloc(pages, sizeof(*masks));
    bool more = masks != NULL;
    size_t n = 0;

    check->owned_of = masks;
    while (more) {
        const size_t length = strcspn(text, ",");
        char mask[20] = "";

        if (length < sizeof(mask))
            memcpy(mask, text, length);
        if (n == pages || !parse_hex(mask, &masks[n]))
            return false;
        if (check->owned != NULL && colors < 64 && masks[n] >> colors != 0) {
            check->too_many_colors = true;
            return false;
        }
        n++;
        more = text[length] == ',';
        text += length + more;
    }
    if (n != 1 && n != pages)
        return false;
    for (size_t page = n; page < pages; page++)
        masks[page] = masks[0];
    return masks != NULL;
}

static void report(void *ctx, const struct cgdt_violation *violation)
{
    static const char *const effects[] = {[CGDT_ACCEPTED] = "accepted",
                                          [CGDT_REWRITTEN] = "rewritten",
                                          [CGDT_REFUSED] = "refused",
                                          [CGDT_HOUSE] = "house"};
    struct check *check = ctx;
    char text[SHOW_VIOLATION_BYTES];

    check->violations++;
    show_violation(&check->rules,
                   check->dump->descs + (size_t)violation->position * CGDT_PAGE_ENTRIES, violation,
                   text);
    if (!check->json) {
        puts(text);
        return;
    }
    printf("%s{\"page\": %" PRIu32 ", \"color\": %" PRIu32 ", \"entry\": %" PRIu32
           ", \"effect\": \"%s\", \"found\": \"0x%016" PRIx64 "\", \"stored\": \"0x%016" PRIx64
           "\", \"text\": ",
           check->violations > 1 ? ", " : "", violation->position, violation->color,
           violation->entry, effects[violation->effect], violation->found, violation->stored);
    print_json_string(text);
    putchar('}');
}

static void check_pages(struct check *check, const struct dump *dump)
{
    const struct check_rules *rules = &check->rules;
    struct cgdt_violation violation;

    for (uint32_t i = 0; i < dump->pages && (check->all || check->violations == 0); i++) {
        const cgdt_desc_t *page = dump->descs + (size_t)i * CGDT_PAGE_ENTRIES;

        if (check->all) {
            (void)check_whole_page(rules, page, i, check->owned_of[i], report, check);
        } else if (cgdt_check_page(rules->profile, rules->rules, page, rules->slot_entries,
                                   check->owned_of[i], &violation) != CGDT_FINE) {
            violation.position = i;
            report(check, &violation);
        }
    }
}

static void print_text(struct check *check, const struct dump *dump)
{
    show_read_as(dump, false);
    if (check->decode)
        show_descriptors(&check->rules, dump, false);
    check_pages(check, dump);
    show_notes(&check->rules, dump, false);
    printf("%zu page%s by %s, ", dump->pages, dump->pages == 1 ? "" : "s",
           profile_name(check->rules.profile));
    if (check->hv_start.profile != NULL)
        printf("Xen from 0x%" PRIx32 ", ", check->hv_start.address);
    printf("slots of %" PRIu32 ": ", check->rules.slot_entries);
    if (check->violations == 0)
        puts("fine");
    else if (check->all)
        printf("%" PRIu64 " violation%s\n", check->violations, check->violations == 1 ? "" : "s");
    else
        puts("not fine (--all shows everything)");
}

static void print_json(struct check *check, const struct dump *dump)
{
    printf("{\"pages\": %zu, \"profile\": \"%s\", \"slot_entries\": %" PRIu32 ", ", dump->pages,
           profile_name(check->rules.profile), check->rules.slot_entries);
    if (check->hv_start.profile != NULL)
        printf("\"hv_start\": \"0x%" PRIx32 "\", ", check->hv_start.address);
    show_read_as(dump, true);
    if (check->decode) {
        printf("\"descriptors\": [");
        show_descriptors(&check->rules, dump, true);
        printf("], ");
    }
    show_notes(&check->rules, dump, true);
    printf("\"violations\": [");
    check_pages(check, dump);
    printf("], \"fine\": %s}\n", check->violations == 0 ? "true" : "false");
}

/* Why spread_owned() would not. */
static void say_owned(const struct check *check, const char *name, size_t pages)
{
    fprintf(stderr, "%s: --owned", name);
    if (check->too_many_colors)
        fprintf(stderr, ": with slots of %u the last color is %u\n", check->rules.slot_entries,
                CGDT_PAGE_ENTRIES / check->rules.slot_entries - 1);
    else if (pages > 1)
        fprintf(stderr, " must be one hexadecimal number, or %zu with commas\n", pages);
    else
        fputs(" must be one hexadecimal number\n", stderr);
}

int check_command(int argc, char **argv)
{
    struct check check = {.path = "-",
                          .rules = {.profile = CGDT_PROFILE_XEN_PV64, .slot_entries = 32}};
    int status = EXIT_UNUSABLE;
    struct dump dump = {0};
    uint8_t *data;
    size_t bytes;
    parse_why why;

    if (parse_options(&argp, argc, argv, &check) != 0 ||
        !read_file(argv[0], check.path, &data, &bytes))
        return EXIT_UNUSABLE;
    if (!dump_parse(data, bytes, check.format, check.pad, &dump, why)) {
        fprintf(stderr, "%s: %s: %s\n", argv[0], check.path, why);
    } else if (!spread_owned(&check, dump.pages)) {
        say_owned(&check, argv[0], dump.pages);
    } else {
        check.dump = &dump;
        check.json ? print_json(&check, &dump) : print_text(&check, &dump);
        status = check.violations == 0 ? EXIT_FINE : EXIT_VIOLATION;
    }
    free(check.owned_of);
    dump_free(&dump);
    free(data);
    return status;
}
