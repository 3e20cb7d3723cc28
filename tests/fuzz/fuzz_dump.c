/* SPDX-License-Identifier: MIT */
/*
 * What the cgdt command makes of input: dumps, fields by name, and pages with everything that is
 * wrong in them.
 *
 * Input: what (1), then by `what`: how (1) and a dump; fields, each ended by a newline; descriptors
 * (16 each) and text; or a page: profile and rules (1), slot size (1), owned (8), then entry (2)
 * and descriptor (8), repeated.
 */
#define _POSIX_C_SOURCE 200809L /* strnlen() */
#include "../support/profiles.h"
#include "../../tools/cgdt/check_pages.h"
#include "../../tools/cgdt/dump/dump.h"
#include "../../tools/cgdt/fields.h"
#include "fuzz.h"
#include "reference.h"
#include "reference_dump.h"

#include <ctype.h>

/* What is shown to people: one line, not empty, nothing that a terminal would obey. */
static void check_line(const char *text, size_t room)
{
    const size_t length = strnlen(text, room);

    MUST(length > 0 && length < room, "%zu bytes", length);
    for (size_t i = 0; i < length; i++)
        MUST(text[i] >= ' ' && text[i] <= '~', "byte %zu is 0x%02x", i, (unsigned char)text[i]);
}

static void check_against(const struct dump *dump, bool good, const uint8_t *bytes, long n,
                          bool pad)
{
    const size_t pages = (size_t)(n + 4095) / 4096;
    const bool wanted = n > 0 && (pad || n % 4096 == 0);

    MUST(good == wanted, "%ld bytes", n);
    if (!good) {
        MUST(dump->descs == NULL && dump->pages == 0, "something is left");
        return;
    }
    MUST(dump->pages == pages, "%zu pages, not %zu", dump->pages, pages);
    MUST(dump->n == (size_t)(n + 7) / 8, "%zu descriptors", dump->n);
    for (size_t i = 0; i < pages * 4096; i++)
        MUST((uint8_t)(dump->descs[i / 8] >> (i % 8 * 8)) == ((long)i < n ? bytes[i] : 0),
             "byte %zu", i);
}

/* Whether it is memory: -1 says that it is neither that nor text. */
static int is_memory(const struct input *input)
{
    const char *const text = (const char *)input->data;
    bool raw = false;
    bool escapes = false;

    for (size_t i = 0; i < input->left; i++) {
        escapes = escapes || text[i] == '\033';
        raw = raw || (strchr("\t\n\v\f\r\033", text[i]) == NULL && iscntrl(input->data[i])) ||
              text[i] == '\0';
    }
    if (input->left > 1 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
        return -1;
    return raw ? 1 : escapes ? -1 : 0;
}

/*
 * Text: what is read as numbers or bytes alone is what the reference reads there, and nothing else;
 * and no text at all gives more bytes than it has digits for, but for rows that are left out.
 */
static void check_text(const struct input *input, const struct dump *dump)
{
    const char *const text = (const char *)input->data;
    uint8_t *const bytes = malloc(input->left + REFERENCE_DUMP_BYTES);
    size_t digits = 0;

    for (size_t i = 0; i < input->left; i++)
        digits += isxdigit(input->data[i]) != 0;
    if (memchr(text, '*', input->left) == NULL && strchr(dump->format, '-') == NULL &&
        strstr(dump->format, "kdb") == NULL && strstr(dump->format, "list") == NULL &&
        strstr(dump->format, "INIT") == NULL && strstr(dump->format, "directives") == NULL)
        MUST(dump->n * 16 <= digits, "%zu descriptors of %zu digits", dump->n, digits);
    if (strncmp(dump->format, "numbers of", 10) == 0 || strcmp(dump->format, "bytes") == 0) {
        const long n = reference_numbers(text, input->left, bytes);

        MUST(n == REFERENCE_UNKNOWN || n == (long)dump->n * 8, "%ld bytes", n);
        for (long i = 0; i < n; i++)
            MUST((uint8_t)(dump->descs[i / 8] >> (i % 8 * 8)) == bytes[i], "byte %ld", i);
    }
    free(bytes);
}

static void check_dump(struct input *input)
{
    const uint8_t how = take8(input);
    const enum dump_format format = (enum dump_format)(how % DUMP_FORMATS);
    const bool pad = (how & 4u) != 0;
    struct dump dump;
    parse_why why;

    const bool good = dump_parse(input->data, input->left, format, pad, &dump, why);
    if (!good)
        check_line(why, sizeof(why));
    const int memory = format == DUMP_RAW ? 1 : is_memory(input);
    if (format == DUMP_RAW || (format == DUMP_AUTO && memory == 1 && input->left % 4096 == 0))
        check_against(&dump, good, input->data, (long)input->left, pad);
    else if (memory != 0)
        MUST(!good, "read, though it is neither text nor whole pages");
    else if (good)
        check_text(input, &dump);
    dump_free(&dump);
}

/* Its fields, as text, make the same descriptor again. */
static void check_round_trip(const struct wide_desc *desc)
{
    char text[FIELDS_TEXT_BYTES];
    char words[WORDS_BYTES];
    struct fields fields;
    struct fields again = {0};
    struct wide_desc made;
    parse_why why;

    fields_of(desc, &fields);
    fields_text(&fields, text);
    check_line(text, sizeof(text));
    desc_words(desc, words);
    check_line(words, sizeof(words));
    for (const char *item = strtok(text, " "); item != NULL; item = strtok(NULL, " "))
        MUST(fields_add(&again, item, why), "'%s': %s", item, why);
    MUST(memcmp(&again, &fields, sizeof(fields)) == 0, "fields are read as others");
    MUST(fields_encode(&again, &made, why), "%s", why);
    MUST(made.wide == desc->wide && made.desc[0] == desc->desc[0] && made.desc[1] == desc->desc[1],
         "0x%016" PRIx64 ",0x%016" PRIx64 " became 0x%016" PRIx64 ",0x%016" PRIx64, desc->desc[0],
         desc->desc[1], made.desc[0], made.desc[1]);
}

static void check_fields(struct input *input)
{
    char *text = malloc(input->left + 1);
    struct fields fields = {0};
    struct fields made;
    struct wide_desc desc;
    parse_why why;

    memcpy(text, input->data, input->left);
    text[input->left] = '\0';
    for (char *item = text, *next; item != NULL; item = next) {
        next = strchr(item, '\n');
        if (next != NULL)
            *next++ = '\0';
        if (!fields_add(&fields, item, why)) {
            check_line(why, sizeof(why));
            free(text);
            return;
        }
    }
    free(text);
    if (!fields_encode(&fields, &desc, why)) {
        check_line(why, sizeof(why));
        return;
    }
    /* What was asked for is in it. */
    fields_of(&desc, &made);
    for (unsigned f = 0; f < FIELDS; f++)
        MUST((fields.given >> f & 1u) == 0 || f == FIELD_LAST || fields.value[f] == made.value[f],
             "%s is 0x%" PRIx64 ", not 0x%" PRIx64, field_name((enum field)f), made.value[f],
             fields.value[f]);
    check_round_trip(&desc);
}

static void check_descriptors(struct input *input)
{
    struct wide_desc desc = {.desc = {take64(input), 0}};
    parse_why why;
    char *text;

    check_round_trip(&desc);
    if ((desc.desc[0] & CGDT_DESC_SEGMENT) == 0) {
        desc.wide = true;
        desc.desc[1] = take64(input);
        check_round_trip(&desc);
    }
    text = malloc(input->left + 1);
    memcpy(text, input->data, input->left);
    text[input->left] = '\0';
    if (wide_desc_parse(text, &desc, why))
        check_round_trip(&desc);
    else
        check_line(why, sizeof(why));
    free(text);
}

struct seen {
    struct cgdt_violation first;
    uint32_t n;
    uint32_t last; /* entry of the page */
    uint32_t slot_entries;
    const uint64_t *page;
};

static void see(void *ctx, const struct cgdt_violation *violation)
{
    struct seen *seen = ctx;
    const uint32_t entry = violation->color * seen->slot_entries + violation->entry;

    MUST(violation->position == 7, "page %u", violation->position);
    MUST(entry < 512 && (seen->n == 0 || entry > seen->last), "entry %u", entry);
    MUST(violation->found == seen->page[entry], "entry %u", entry);
    MUST(violation->reason != CGDT_FINE, "entry %u is fine", entry);
    if (seen->n++ == 0)
        seen->first = *violation;
    seen->last = entry;
}

/* On Xen each descriptor stands for itself, so that all that is wrong can be counted one by one. */
static uint32_t reference_count(const struct check_rules *rules, const uint64_t *page,
                                uint64_t owned)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < 512; i++) {
        const bool has_owner = (owned >> (i / rules->slot_entries) & 1u) != 0;
        uint64_t stored;
        const enum cgdt_reason reason = reference_descriptor(rules->profile, page[i], &stored);
        const bool refused = reference_refuses(reason);
        const bool told = refused || (rules->rules & CGDT_RULE_REWRITE_IS_OK) == 0;
        const bool first = i % rules->slot_entries == 0 && (rules->rules & CGDT_RULE_NULL_ENTRY);

        n += page[i] != 0 && (!has_owner || first || (reason != CGDT_FINE && told));
    }
    return n;
}

/* The first of all that is wrong is what the library says is the first. */
static void check_pages(struct input *input)
{
    static uint64_t page[512];
    const uint8_t how = take8(input);
    const struct check_rules rules = {nth_profile(how), how >> 2 & 15u, 8u << take8(input) % 7};
    const uint64_t owned = take64(input);
    struct seen seen = {.slot_entries = rules.slot_entries, .page = page};
    struct cgdt_violation first;

    memset(page, 0, sizeof(page));
    while (input->left > 0) {
        const uint16_t entry = take16(input) % 512;

        page[entry] = take64(input);
    }
    const enum cgdt_reason reason =
        cgdt_check_page(rules.profile, rules.rules, page, rules.slot_entries, owned, &first);
    const uint32_t n = check_whole_page(&rules, page, 7, owned, see, &seen);
    MUST(n == seen.n && (n == 0) == (reason == CGDT_FINE), "%u, reason %d", n, reason);
    if (rules.profile == CGDT_PROFILE_XEN_PV64 || rules.profile == CGDT_PROFILE_XEN_PV32)
        MUST(n == reference_count(&rules, page, owned), "%u", n);
    if (n == 0)
        return;
    MUST(seen.first.reason == reason && seen.first.color == first.color &&
             seen.first.entry == first.entry && seen.first.effect == first.effect &&
             seen.first.stored == first.stored,
         "color %u, entry %u, reason %d; the library: color %u, entry %u, reason %d",
         seen.first.color, seen.first.entry, seen.first.reason, first.color, first.entry, reason);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};

    switch (take8(&input) % 4) {
    case 0:
        check_dump(&input);
        break;
    case 1:
        check_fields(&input);
        break;
    case 2:
        check_descriptors(&input);
        break;
    default:
        check_pages(&input);
    }
    return 0;
}
