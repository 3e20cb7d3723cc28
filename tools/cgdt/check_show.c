/* SPDX-License-Identifier: MIT */
/* What `cgdt check` says beside violations: what the text was taken for, descriptors, notes. */
#include "check_show.h"
#include "fields.h"
#include "notes.h"
#include "shared.h"

#include <inttypes.h>
#include <stdio.h>

/* Entries in one line of notes; more are counted. */
#define LISTED_MAX 16u

void show_read_as(const struct dump *dump, bool json)
{
    if (json) {
        printf("\"read_as\": {\"format\": ");
        print_json_string(dump->format);
        printf(", \"descriptors\": %zu", dump->n);
    } else {
        printf("read as: %s, %zu descriptor%s", dump->format, dump->n, dump->n == 1 ? "" : "s");
    }
    if (dump->has_address)
        printf(json ? ", \"address\": \"0x%" PRIx64 "\"" : " from 0x%" PRIx64, dump->address);
    if (dump->gdt.known)
        printf(json ? ", \"gdt_base\": \"0x%" PRIx64 "\", \"gdt_limit\": %" PRIu32
                    : "; GDT at 0x%" PRIx64 ", limit 0x%" PRIx32,
               dump->gdt.base, dump->gdt.limit);
    fputs(json ? "}, " : "\n", stdout);
}

/* "page 0, color 1, entry 5", or the members that say so. */
static void show_place(const struct check_rules *rules, size_t i, bool json)
{
    const size_t at = i % CGDT_PAGE_ENTRIES;

    printf(json ? "\"page\": %zu, \"color\": %zu, \"entry\": %zu"
                : "page %zu, color %zu, entry %zu",
           i / CGDT_PAGE_ENTRIES, at / rules->slot_entries, at % rules->slot_entries);
}

static void show_descriptor(const struct check_rules *rules, size_t i, const struct wide_desc *desc,
                            bool json)
{
    char words[WORDS_BYTES];

    desc_words(desc, words);
    fputs(json ? "{" : "", stdout);
    show_place(rules, i, json);
    printf(json ? ", \"descriptor\": \"0x%016" PRIx64 "\"" : ": 0x%016" PRIx64, desc->desc[0]);
    if (desc->wide)
        printf(json ? ", \"high\": \"0x%016" PRIx64 "\"" : ",0x%016" PRIx64, desc->desc[1]);
    printf(json ? ", \"words\": \"%s\"}" : ": %s\n", words);
}

void show_descriptors(const struct check_rules *rules, const struct dump *dump, bool json)
{
    const char *separator = "";

    for (size_t i = 0; i < dump->pages * CGDT_PAGE_ENTRIES; i++) {
        const cgdt_desc_t *const page = dump->descs + i / CGDT_PAGE_ENTRIES * CGDT_PAGE_ENTRIES;
        const size_t first = i;
        struct wide_desc desc = {.desc = {dump->descs[i]}};

        if (desc.desc[0] == 0)
            continue;
        if (is_pair(rules, page, i % CGDT_PAGE_ENTRIES)) {
            desc.desc[1] = dump->descs[++i];
            desc.wide = true;
        }
        fputs(separator, stdout);
        show_descriptor(rules, first, &desc, json);
        separator = json ? ", " : "";
    }
}

/* ---- notes ----------------------------------------------------------------------------------- */

static enum note note_at(const struct check_rules *rules, const struct dump *dump, size_t i,
                         unsigned *least)
{
    return note_of(rules, dump->descs + i / CGDT_PAGE_ENTRIES * CGDT_PAGE_ENTRIES,
                   i % CGDT_PAGE_ENTRIES, least);
}

static unsigned limit_of(cgdt_desc_t desc)
{
    struct cgdt_desc_fields fields;

    cgdt_desc_decode(desc, &fields);
    return fields.last_offset;
}

/* "2 entries are not zero and not present: 3, 4" */
static void show_not_present(const struct check_rules *rules, const struct dump *dump)
{
    const size_t n = dump->pages * CGDT_PAGE_ENTRIES;
    size_t found = 0;
    size_t shown = 0;
    size_t last = 0;
    unsigned least;

    for (size_t i = 0; i < n; i++) {
        if (note_at(rules, dump, i, &least) == NOTE_NOT_PRESENT) {
            found++;
            last = i;
        }
    }
    if (found == 0)
        return;
    /* Of one page and one slot the entry is enough. */
    const bool one_slot = dump->pages == 1 && last / rules->slot_entries == 0;
    printf("note: %zu entr%s not zero and not present: ", found, found == 1 ? "y is" : "ies are");
    for (size_t i = 0; i <= last && shown < LISTED_MAX; i++) {
        if (note_at(rules, dump, i, &least) != NOTE_NOT_PRESENT)
            continue;
        fputs(shown++ == 0 ? "" : one_slot ? ", " : "; ", stdout);
        if (one_slot)
            printf("%zu", i);
        else
            show_place(rules, i, false);
    }
    if (shown < found)
        printf("; and %zu more", found - shown);
    putchar('\n');
}

static void show_tss_limits(const struct check_rules *rules, const struct dump *dump)
{
    for (size_t i = 0; i < dump->pages * CGDT_PAGE_ENTRIES; i++) {
        unsigned least;

        if (note_at(rules, dump, i, &least) != NOTE_TSS_LIMIT)
            continue;
        printf("note: ");
        show_place(rules, i, false);
        printf(": TSS limit 0x%x is below 0x%x: the CPU raises #TS when it reads a stack pointer "
               "behind it (%s)\n",
               limit_of(dump->descs[i]), least, note_section(least));
    }
}

static void show_notes_json(const struct check_rules *rules, const struct dump *dump)
{
    const char *separator = "";

    printf("\"notes\": [");
    for (size_t i = 0; i < dump->pages * CGDT_PAGE_ENTRIES; i++) {
        unsigned least = 0;
        const enum note note = note_at(rules, dump, i, &least);

        if (note == NOTE_NONE)
            continue;
        printf("%s{", separator);
        show_place(rules, i, true);
        if (note == NOTE_NOT_PRESENT)
            printf(", \"note\": \"not present\"}");
        else
            printf(", \"note\": \"TSS limit\", \"limit\": %u, \"least\": %u}",
                   limit_of(dump->descs[i]), least);
        separator = ", ";
    }
    printf("], ");
}

void show_notes(const struct check_rules *rules, const struct dump *dump, bool json)
{
    if (json) {
        show_notes_json(rules, dump);
        return;
    }
    show_not_present(rules, dump);
    show_tss_limits(rules, dump);
}

/* ---- violations ------------------------------------------------------------------------------ */

void show_violation(const struct check_rules *rules, const cgdt_desc_t *page,
                    const struct cgdt_violation *violation, char text[SHOW_VIOLATION_BYTES])
{
    const size_t length = cgdt_violation_text(violation, text, SHOW_VIOLATION_BYTES);
    const cgdt_desc_t found = violation->found;
    char *const end = text + length;
    const size_t room = SHOW_VIOLATION_BYTES - length;
    const size_t at = (size_t)violation->color * rules->slot_entries + violation->entry;

    if ((found & CGDT_DESC_SEGMENT) != 0)
        return;
    if (violation->reason == CGDT_BAD_HIGH_HALF && is_cut_pair(rules, page, at))
        (void)snprintf(end, room,
                       " (%s; what follows in the next slot looks like its second half: is "
                       "--slot-entries right?)",
                       system_type_name(cgdt_desc_type(found)));
    else
        (void)snprintf(end, room, " (type 0x%x: %s)", cgdt_desc_type(found),
                       system_type_name(cgdt_desc_type(found)));
}
