/* SPDX-License-Identifier: MIT */
/*
 * Dumps. Every grammar that there is reads a text; if several can, they must agree. Nothing here
 * trusts a byte of the input.
 */
#include "dump.h"
#include "bare.h"
#include "lists.h"
#include "rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the grammars have made of a text so far. */
struct readings {
    struct reader best; /* the first that read it all; or the one that came furthest */
    bool found;
    bool tried;
    bool empty; /* one has read all of it, and there was nothing */
    bool ambiguous;
    parse_why why; /* of the ambiguity */
};

/* ---- grammars -------------------------------------------------------------------------------- */

static bool same_contents(const struct filler *a, const struct filler *b, size_t *differs)
{
    const size_t n = a->n < b->n ? a->n : b->n;

    for (*differs = 0; *differs < n; ++*differs) {
        if (a->descs[*differs] != b->descs[*differs])
            return false;
    }
    return a->n == b->n;
}

static bool came_further(const struct reader *a, const struct reader *b)
{
    return a->refused_line > b->refused_line ||
           (a->refused_line == b->refused_line && a->reached > b->reached);
}

static const char *advice(const struct reader *first, const struct reader *second)
{
    if (first->bytes == second->bytes)
        return "print it in another format";
    return first->bytes ? "say --format bytes if the first is right, numbers if the second"
                        : "say --format numbers if the first is right, bytes if the second";
}

/* `other` has read all of it too. */
static void compare(struct readings *readings, const struct reader *other)
{
    const struct filler *const first = &readings->best.fill;
    size_t at;

    if (readings->ambiguous || same_contents(first, &other->fill, &at))
        return;
    readings->ambiguous = true;
    if (at < first->n && at < other->fill.n)
        (void)snprintf(readings->why, sizeof(readings->why),
                       "ambiguous: as %s descriptor %zu is 0x%016" PRIx64 ", as %s 0x%016" PRIx64
                       ": %s",
                       readings->best.format, at, first->descs[at], other->format,
                       other->fill.descs[at], advice(&readings->best, other));
    else
        (void)snprintf(readings->why, sizeof(readings->why),
                       "ambiguous: as %s it has %zu descriptors, as %s %zu: print all rows (-v)",
                       readings->best.format, first->n, other->format, other->fill.n);
}

/* One more reading, which is kept or freed. */
static void consider(struct readings *readings, struct reader *reader, bool good)
{
    const struct gdt_told gdt = readings->best.gdt.known ? readings->best.gdt : reader->gdt;

    readings->empty = readings->empty || (good && fill_bytes(&reader->fill) == 0);
    good = good && fill_bytes(&reader->fill) != 0;
    if (good && readings->found) {
        compare(readings, reader);
        free(reader->fill.descs);
    } else if (good || !readings->tried ||
               (!readings->found && came_further(reader, &readings->best))) {
        free(readings->best.fill.descs);
        readings->best = *reader;
        readings->found = good;
    } else {
        free(reader->fill.descs);
    }
    readings->tried = true;
    readings->best.gdt = gdt;
}

static struct reader begin(const uint8_t *data, size_t bytes)
{
    const char *const text = (const char *)data;

    return (struct reader){
        .text = text, .end = text + bytes, .line_at = text, .line_end = text, .format = ""};
}

static void read_by(struct readings *readings, bool (*read)(struct reader *), const uint8_t *data,
                    size_t bytes)
{
    struct reader reader = begin(data, bytes);
    const bool good = read(&reader);

    consider(readings, &reader, good);
}

static void read_tables(struct readings *readings, const struct row_format *formats,
                        enum dump_format only, const uint8_t *data, size_t bytes)
{
    static const struct row_format end;

    for (; memcmp(formats->names, end.names, sizeof(end.names)) != 0; formats++) {
        struct reader reader = begin(data, bytes);

        /* Groups of two digits are the same either way. */
        if ((only == DUMP_NUMBERS && formats->bytes && formats->names[2] != NULL) ||
            (only == DUMP_BYTES && !formats->bytes))
            continue;
        const bool good = read_rows(formats, &reader);
        consider(readings, &reader, good);
    }
}

static void read_text(struct readings *readings, enum dump_format format, const uint8_t *data,
                      size_t bytes)
{
    if (bytes >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) { /* a mark of UTF-8 */
        data += 3;
        bytes -= 3;
    }
    if (format != DUMP_BYTES)
        read_by(readings, read_numbers, data, bytes);
    else
        read_by(readings, read_byte_groups, data, bytes);
    read_tables(readings, debugger_formats, format, data, bytes);
    read_tables(readings, listing_formats, format, data, bytes);
    if (format != DUMP_NUMBERS)
        read_by(readings, read_plain, data, bytes);
    if (format == DUMP_BYTES)
        return;
    read_by(readings, read_c_list, data, bytes);
    read_by(readings, read_assembler, data, bytes);
}

/* ---- memory and text ------------------------------------------------------------------------- */

static bool read_raw(struct reader *reader)
{
    reader->format = "raw memory";
    for (const char *at = reader->text; at < reader->end; at++) {
        if (!put_word(reader, at, (uint8_t)*at, 8))
            return false;
    }
    return true;
}

/* What a byte says of the file that it is in. */
enum byte_kind {
    BYTE_TEXT,    /* beyond ASCII too: a comment may have any letters */
    BYTE_ESCAPE,  /* a terminal was to see it */
    BYTE_CONTROL, /* NUL among them: no page of descriptors is without it, no text has it */
};

static enum byte_kind kind_of(uint8_t byte)
{
    if (byte == 0x1b)
        return BYTE_ESCAPE;
    return (byte < ' ' && !parse_is_space((char)byte)) || byte == 0x7f ? BYTE_CONTROL : BYTE_TEXT;
}

/* Memory has zeros, and the access byte of what is present, which no text of ASCII has. */
static bool looks_raw(const uint8_t *data, size_t bytes)
{
    bool zero = false;
    bool other = false;
    bool high = false;

    for (size_t i = 0; i < bytes; i++) {
        zero = zero || data[i] == 0;
        other = other || data[i] != 0;
        high = high || data[i] >= 0x80;
    }
    return zero && (high || !other);
}

/* Not text, though said to be, or like it. Behind a NUL, say, a line's end may be lost. */
static bool refuse_control(const uint8_t *data, size_t at, char *why)
{
    size_t line = 1;
    size_t line_at = 0;

    for (size_t i = 0; i < at; i++) {
        if (data[i] == '\n') {
            line++;
            line_at = i + 1;
        }
    }
    (void)snprintf(why, PARSE_WHY_BYTES,
                   "line %zu, column %zu: byte 0x%02x, which no text has"
                   " (--format raw takes it for memory)",
                   line, at - line_at + 1, data[at]);
    return false;
}

/*
 * AUTO becomes RAW, or stays for any text. False: it is text that cannot be read. In doubt it says
 * no: text that is taken for memory, or the other way round, would be checked and found fine,
 * perhaps.
 */
static bool find_format(const uint8_t *data, size_t bytes, enum dump_format *format, char *why)
{
    bool escapes = false;

    if (bytes >= 2 && (data[0] ^ data[1]) == 1 && data[0] >= 0xfe) {
        (void)snprintf(why, PARSE_WHY_BYTES, "it is text in UTF-16: convert it");
        return false;
    }
    for (size_t i = 0; i < bytes; i++) {
        if (kind_of(data[i]) == BYTE_CONTROL) {
            if (*format != DUMP_AUTO || !looks_raw(data, bytes))
                return refuse_control(data, i, why);
            *format = DUMP_RAW;
            return true;
        }
        escapes = escapes || kind_of(data[i]) == BYTE_ESCAPE;
    }
    if (escapes)
        (void)snprintf(why, PARSE_WHY_BYTES,
                       "a terminal's escape codes are in it: keep the rows of numbers alone");
    return !escapes;
}

/* ---- pages ----------------------------------------------------------------------------------- */

static bool not_whole(size_t bytes, const char *of, const char *advice, char *why)
{
    (void)snprintf(why, PARSE_WHY_BYTES,
                   "%zu bytes of %s are not whole pages of %u: the last has %zu (%s)", bytes, of,
                   CGDT_PAGE_BYTES, bytes % CGDT_PAGE_BYTES, advice);
    return false;
}

/*
 * Whole pages, or what is missing filled with zeros; what was only guessed to be raw must be whole.
 */
static bool close_pages(struct reader *reader, bool raw, bool guessed, bool pad, char *why)
{
    const size_t bytes = fill_bytes(&reader->fill);
    const size_t pages = (bytes + CGDT_PAGE_BYTES - 1) / CGDT_PAGE_BYTES;

    if (bytes > DUMP_MAX_BYTES) {
        (void)snprintf(why, PARSE_WHY_BYTES, "more than %u MiB", DUMP_MAX_BYTES >> 20);
        return false;
    }
    if (bytes != pages * CGDT_PAGE_BYTES && raw && (guessed || !pad))
        return not_whole(bytes, "memory", "--format raw --pad fills it", why);
    if (bytes != pages * CGDT_PAGE_BYTES && !pad)
        return not_whole(bytes, "descriptors", "--pad fills it", why);
    while (reader->fill.filled != 0 || reader->fill.n < pages * CGDT_PAGE_ENTRIES) {
        if (!fill_word(&reader->fill, 0, 8)) {
            (void)snprintf(why, PARSE_WHY_BYTES, "no memory for %zu pages", pages);
            return false;
        }
    }
    return true;
}

/* Why the text was refused, or that there is nothing in it. */
static bool say_refusal(const struct readings *readings, char *why)
{
    const struct reader *const best = &readings->best;

    if (readings->ambiguous)
        memcpy(why, readings->why, PARSE_WHY_BYTES);
    else if (best->refused_line != 0 && !readings->empty)
        (void)snprintf(why, PARSE_WHY_BYTES, "line %zu, column %zu: %.*s", best->refused_line,
                       best->refused_column, (int)PARSE_WHY_BYTES - 60, best->why);
    else if (best->gdt.known)
        (void)snprintf(why, PARSE_WHY_BYTES,
                       "QEMU's registers: GDT at 0x%" PRIx64 ", limit 0x%" PRIx32
                       "; no descriptor in it (x /%" PRIu32 "gx 0x%" PRIx64 " prints them)",
                       best->gdt.base, best->gdt.limit, (best->gdt.limit + 1) / 8, best->gdt.base);
    else
        (void)snprintf(why, PARSE_WHY_BYTES, "no descriptor in it");
    return false;
}

bool dump_parse(const uint8_t *data, size_t bytes, enum dump_format format, bool pad,
                struct dump *dump, parse_why why)
{
    const bool guessed = format == DUMP_AUTO;
    struct readings readings = {.found = false};
    struct reader *const best = &readings.best;

    *dump = (struct dump){0};
    if (bytes == 0) {
        (void)snprintf(why, PARSE_WHY_BYTES, "it is empty");
        return false;
    }
    if (format != DUMP_RAW && !find_format(data, bytes, &format, why))
        return false;
    if (format == DUMP_RAW)
        read_by(&readings, read_raw, data, bytes);
    else
        read_text(&readings, format, data, bytes);
    const size_t n = best->fill.n + (best->fill.filled != 0);
    const bool good = readings.found && !readings.ambiguous
                          ? close_pages(best, format == DUMP_RAW, guessed, pad, why)
                          : say_refusal(&readings, why);
    if (!good) {
        free(best->fill.descs);
        dump->gdt = best->gdt;
        return false;
    }
    *dump = (struct dump){.descs = best->fill.descs,
                          .pages = best->fill.n / CGDT_PAGE_ENTRIES,
                          .n = n,
                          .format = best->format,
                          .has_address = best->has_address,
                          .address = best->address,
                          .gdt = best->gdt};
    return true;
}

void dump_free(struct dump *dump)
{
    free(dump->descs);
    *dump = (struct dump){0};
}
