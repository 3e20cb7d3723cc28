/* SPDX-License-Identifier: MIT */
/* Dumps as the tools print them; see write_dump.h. */
#include "write_dump.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct out {
    char *text;
    size_t n;
    size_t room;
};

static void put(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct out *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    out->n += (size_t)vsnprintf(out->text + out->n, out->room - out->n, format, args);
    va_end(args);
    if (out->n >= out->room)
        abort();
}

static uint8_t byte_at(const struct page_text *page, size_t i)
{
    return (uint8_t)(page->descs[i / 8] >> (i % 8 * 8));
}

/* Bytes as characters. */
static void put_text(struct out *out, const struct page_text *page, size_t from, size_t n)
{
    for (size_t i = from; i < from + n; i++) {
        const uint8_t byte = byte_at(page, i);

        put(out, "%c", byte >= 0x20 && byte < 0x7f ? byte : '.');
    }
}

/* Two digits a byte: the first first, or as a number. */
static void put_group(struct out *out, const struct page_text *page, size_t from, size_t n,
                      bool number)
{
    for (size_t i = 0; i < n; i++)
        put(out, "%02x", byte_at(page, from + (number ? n - 1 - i : i)));
}

/* ---- tools with rows ------------------------------------------------------------------------- */

/* Everything in which the tools differ, as arguments of printf() where that is possible. */
struct row_writer {
    const char *name;
    const char *prompt; /* before all, with the numbers and the address; NULL: none */
    const char *address;
    const char *before; /* each group */
    const char *middle; /* before the group in the middle */
    const char *text;   /* before the text column; NULL: none */
    const char *after;  /* it */
    const char *last;   /* an address alone at the end; NULL: none */
    unsigned group;     /* bytes */
    unsigned row;
    bool bytes;
    bool pads;      /* a short row's text stands below the others */
    bool ambiguous; /* see writer_may_be_ambiguous() */
};

static const struct row_writer rows[] = {
    {"gdb x/gx", "(gdb) x/%zugx 0x%" PRIx64 "\n", "0x%" PRIx64 ":", "\t0x", NULL, NULL, "", NULL, 8,
     16, false, false, false},
    {"gdb x/wx", "(gdb) x/%zuwx 0x%" PRIx64 "\n", "0x%" PRIx64 " <gdt+8>:", "\t0x", NULL, NULL, "",
     NULL, 4, 16, false, false, false},
    {"gdb x/bx", "(gdb) x/%zubx 0x%" PRIx64 "\n", "0x%" PRIx64 ":", "\t0x", NULL, NULL, "", NULL, 1,
     8, false, false, false},
    {"QEMU xp /gx", "(qemu) x /%zugx 0x%" PRIx64 "\n", "%016" PRIx64 ":", " 0x", NULL, NULL, "",
     NULL, 8, 16, false, false, false},
    {"QEMU xp /wx", "(qemu) x /%zuwx 0x%" PRIx64 "\n", "%016" PRIx64 ":", " 0x", NULL, NULL, "",
     NULL, 4, 16, false, false, false},
    {"QEMU x /bx", "(qemu) x /%zubx 0x%" PRIx64 "\n", "%08" PRIx64 ":", " 0x", NULL, NULL, "", NULL,
     1, 8, false, false, false},
    {"crash rd -64", NULL, "%16" PRIx64 ": ", " ", NULL, "   ", "", NULL, 8, 16, false, true,
     false},
    {"crash rd -32", NULL, "%16" PRIx64 ": ", " ", NULL, "   ", "", NULL, 4, 16, false, true,
     false},
    {"U-Boot md.l", NULL, "%08" PRIx64 ":", " ", NULL, "    ", "", NULL, 4, 16, false, false,
     false},
    {"U-Boot md.q", NULL, "%08" PRIx64 ":", " ", NULL, "    ", "", NULL, 8, 16, false, false,
     false},
    {"kdb md", NULL, "0x%016" PRIx64, " ", NULL, "   ", "", NULL, 8, 16, false, true, false},
    {"WinDbg dd", NULL, "%08" PRIx64 " ", " ", NULL, NULL, "", NULL, 4, 16, false, false, false},
    {"WinDbg db", NULL, "%08" PRIx64 " ", " ", "-", "  ", "", NULL, 1, 16, true, true, false},
    {"xxd", NULL, "%08" PRIx64 ":", " ", NULL, "  ", "", NULL, 2, 16, true, true, true},
    {"xxd -e -g2", NULL, "%08" PRIx64 ":", " ", NULL, "  ", "", NULL, 2, 16, false, true, true},
    {"xxd -g1", NULL, "%08" PRIx64 ":", " ", NULL, "  ", "", NULL, 1, 16, true, true, false},
    {"xxd -g4", NULL, "%08" PRIx64 ":", " ", NULL, "  ", "", NULL, 4, 16, true, true, true},
    {"xxd -g8", NULL, "%08" PRIx64 ":", " ", NULL, "  ", "", NULL, 8, 16, true, true, true},
    {"xxd -e", NULL, "%08" PRIx64 ":", " ", NULL, "  ", "", NULL, 4, 16, false, true, true},
    {"xxd -e -g8", NULL, "%08" PRIx64 ":", " ", NULL, "  ", "", NULL, 8, 16, false, true, true},
    {"hexdump -C", NULL, "%08" PRIx64 " ", " ", "  ", "  |", "|", "%08" PRIx64, 1, 16, true, true,
     false},
    {"hexdump", NULL, "%07" PRIx64, " ", NULL, NULL, "", "%07" PRIx64, 2, 16, false, false, false},
    {"od -tx8", NULL, "%07" PRIo64, " ", NULL, NULL, "", "%07" PRIo64, 8, 16, false, false, false},
    {"od -tx4", NULL, "%07" PRIo64, " ", NULL, NULL, "", "%07" PRIo64, 4, 16, false, false, false},
    {"od -tx1", NULL, "%07" PRIo64, " ", NULL, NULL, "", "%07" PRIo64, 1, 16, false, false, false},
    {"od -tx8z", NULL, "%07" PRIo64, " ", NULL, "  >", "<", "%07" PRIo64, 8, 16, false, true,
     false},
    {"od -Ax -tx8z", NULL, "%06" PRIx64, " ", NULL, "  >", "<", "%06" PRIx64, 8, 16, false, true,
     false},
    {"od -Ax -tx1", NULL, "%06" PRIx64, " ", NULL, NULL, "", "%06" PRIx64, 1, 16, false, false,
     false},
    {"od -Ad -tx1", NULL, "%07" PRIu64, " ", NULL, NULL, "", "%07" PRIu64, 1, 16, false, false,
     false},
    {"od -Ax -tx2", NULL, "%06" PRIx64, " ", NULL, NULL, "", "%06" PRIx64, 2, 16, false, false,
     false},
    {"od -Ad -tx2", NULL, "%07" PRIu64, " ", NULL, NULL, "", "%07" PRIu64, 2, 16, false, false,
     false},
    {"od -Ax -tx4", NULL, "%06" PRIx64, " ", NULL, NULL, "", "%06" PRIx64, 4, 16, false, false,
     false},
    {"od -Ad -tx4", NULL, "%07" PRIu64, " ", NULL, NULL, "", "%07" PRIu64, 4, 16, false, false,
     false},
    {"od -Ax -tx8", NULL, "%06" PRIx64, " ", NULL, NULL, "", "%06" PRIx64, 8, 16, false, false,
     false},
    {"od -Ad -tx8", NULL, "%07" PRIu64, " ", NULL, NULL, "", "%07" PRIu64, 8, 16, false, false,
     false},
    {"od -tx2", NULL, "%07" PRIo64, " ", NULL, NULL, "", "%07" PRIo64, 2, 16, false, false, false},
    {"numbers of 4 bytes behind addresses", NULL, "%08" PRIx64, " ", NULL, NULL, "", NULL, 4, 16,
     false, false, false},
    {"numbers of 4 bytes with 0x behind addresses", NULL, "0x%" PRIx64, " 0x", NULL, NULL, "", NULL,
     4, 16, false, false, false},
    {"kdb md4 of 32 bits", NULL, "0x%08" PRIx64, " ", NULL, "   ", "", NULL, 4, 16, false, true,
     false},
    {"numbers of 8 bytes behind addresses", NULL, "%08" PRIx64, " ", NULL, NULL, "", NULL, 8, 16,
     false, false, false},
    {"numbers of 8 bytes with 0x behind addresses", NULL, "0x%" PRIx64, " 0x", NULL, NULL, "", NULL,
     8, 16, false, false, false},
    {"kdb md8 of 32 bits", NULL, "0x%08" PRIx64, " ", NULL, "   ", "", NULL, 8, 16, false, true,
     false},
    {"kdb md1", NULL, "0x%016" PRIx64, " ", NULL, "   ", "", NULL, 1, 16, false, true, false},
    {"kdb md4", NULL, "0x%016" PRIx64, " ", NULL, "   ", "", NULL, 4, 16, false, true, false},
    {"crash rd -8", NULL, "%16" PRIx64 ": ", " ", NULL, "   ", "", NULL, 1, 16, false, true, false},
    {"U-Boot md.b", NULL, "%08" PRIx64 ":", " ", NULL, "    ", "", NULL, 1, 16, false, false,
     false},
    {"od -An -v -tx8", NULL, "", " ", NULL, NULL, "", NULL, 8, 16, false, false, false},
    {"od -An -v -tx4", NULL, "", " ", NULL, NULL, "", NULL, 4, 16, false, false, false},
    {"od -An -v -tx1", NULL, "", " ", NULL, NULL, "", NULL, 1, 16, false, false, false},
};

#define ROW_WRITERS (sizeof(rows) / sizeof(rows[0]))

/* How the groups of a row are printed depends on their place alone. */
static void put_row(struct out *out, const struct row_writer *writer, const struct page_text *page,
                    size_t from, size_t n, unsigned row)
{
    for (size_t i = 0; i < row; i += writer->group) {
        const char *const before =
            writer->middle != NULL && i == row / 2 ? writer->middle : writer->before;

        if (i < n) {
            put(out, "%s", before);
            put_group(out, page, from + i, writer->group, !writer->bytes);
        } else if (writer->pads && writer->text != NULL) {
            put(out, "%*s", (int)(strlen(before) + 2 * writer->group), "");
        }
    }
    if (writer->text == NULL || page->textless)
        return;
    put(out, "%s", writer->text);
    put_text(out, page, from, n);
    put(out, "%s", writer->after);
}

/* The formats of a row_writer are constants of the table above. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Wformat-security"
#endif
static void put_address(struct out *out, const char *format, uint64_t address)
{
    out->n += (size_t)snprintf(out->text + out->n, out->room - out->n, format, address);
}

static void put_prompt(struct out *out, const char *format, size_t n, uint64_t address)
{
    out->n += (size_t)snprintf(out->text + out->n, out->room - out->n, format, n, address);
}
#pragma GCC diagnostic pop

/* WinDbg's dq: a tick in each number of 16 digits. */
static void put_windbg(struct out *out, const struct page_text *page, bool wide)
{
    for (size_t i = 0; i < page->n; i++) {
        const uint64_t address = page->address + i * 8;

        if (i % 2 == 0 && wide)
            put(out, "%s%08x`%08x ", i == 0 ? "" : "\n", (unsigned)(address >> 32),
                (unsigned)address);
        else if (i % 2 == 0)
            put(out, "%s%08x ", i == 0 ? "" : "\n", (unsigned)address);
        put(out, " %08x`%08x", (unsigned)(page->descs[i] >> 32), (unsigned)page->descs[i]);
    }
    put(out, "\n");
}

static void put_windbg_dq(struct out *out, const struct page_text *page)
{
    put_windbg(out, page, true);
}

static void put_windbg_dq32(struct out *out, const struct page_text *page)
{
    put_windbg(out, page, false);
}

/* Whether hexdump and od leave this row out, as it is the one before again. */
static bool repeats(const struct row_writer *writer, const struct page_text *page, size_t from,
                    unsigned row)
{
    if (writer->last == NULL || page->unfolded || from < row || from + row > page->n * 8)
        return false;
    for (size_t i = from; i < from + row; i++) {
        if (byte_at(page, i) != byte_at(page, i - row))
            return false;
    }
    return true;
}

static void put_rows(struct out *out, const struct row_writer *writer, const struct page_text *page)
{
    const unsigned row =
        page->narrow && writer->row > 8 && writer->middle == NULL ? 8 : writer->row;
    const size_t bytes = page->n * 8;

    if (page->prompt && writer->prompt != NULL)
        put_prompt(out, writer->prompt, bytes / writer->group, page->address);
    for (size_t from = 0; from < bytes; from += row) {
        if (repeats(writer, page, from, row)) {
            put(out, "%s", repeats(writer, page, from - row, row) ? "" : "*\n");
            continue;
        }
        if (writer->address[0] != '\0')
            put_address(out, writer->address, page->address + from);
        put_row(out, writer, page, from, bytes - from < row ? bytes - from : row, row);
        put(out, "\n");
    }
    if (writer->last != NULL && !page->headed) {
        put_address(out, writer->last, page->address + bytes);
        put(out, "\n");
    }
}

/* ---- lists ----------------------------------------------------------------------------------- */

static void put_plain(struct out *out, const struct page_text *page)
{
    const unsigned row = page->row_bytes != 0 ? page->row_bytes : 30;

    for (size_t i = 0; i < page->n * 8; i++)
        put(out, "%02x%s", byte_at(page, i),
            i % row == row - 1 || i + 1 == page->n * 8 ? "\n" : "");
}

static void put_include(struct out *out, const struct page_text *page)
{
    put(out, "unsigned char gdt_bin[] = {\n");
    for (size_t i = 0; i < page->n * 8; i++)
        put(out, "%s0x%02x", i == 0 ? "  " : i % 12 == 0 ? ",\n  " : ", ", byte_at(page, i));
    put(out, "\n};\nunsigned int gdt_bin_len = %zu;\n", page->n * 8);
}

static void put_c(struct out *out, const struct page_text *page)
{
    put(out, "static const unsigned long long gdt[%zu] = {\n", page->n);
    for (size_t i = 0; i < page->n; i++)
        put(out, "    0x%016" PRIx64 "ULL, /* %zu */\n", page->descs[i], i);
    put(out, "};\n");
}

static void put_casts(struct out *out, const struct page_text *page)
{
    put(out, "{\n");
    for (size_t i = 0; i < page->n; i++) {
        if (page->descs[i] != 0 || i + 1 == page->n)
            put(out, "    [%zu] = (u64)0x%" PRIx64 ",\n", i, page->descs[i]);
    }
    put(out, "}\n");
}

static void put_rust(struct out *out, const struct page_text *page)
{
    put(out, "static GDT: [u64; %zu] = [\n", page->n);
    for (size_t i = 0; i < page->n; i++)
        put(out, "    0x%04x_%04x_%04x_%04x,\n", (unsigned)(page->descs[i] >> 48),
            (unsigned)(page->descs[i] >> 32 & 0xffff), (unsigned)(page->descs[i] >> 16 & 0xffff),
            (unsigned)(page->descs[i] & 0xffff));
    put(out, "];\n");
}

static void put_gas(struct out *out, const struct page_text *page)
{
    put(out, "gdt:\n");
    for (size_t i = 0; i < page->n; i++)
        put(out, "\t.quad 0x%016" PRIx64 "\t# %zu\n", page->descs[i], i);
}

static void put_nasm(struct out *out, const struct page_text *page)
{
    put(out, "gdt:\n");
    for (size_t i = 0; i < page->n; i++)
        put(out, "    dw 0x%04x, 0x%04x ; %zu\n    db 0x%02x, 0x%02x, 0x%02x, 0x%02x\n",
            (unsigned)(page->descs[i] & 0xffff), (unsigned)(page->descs[i] >> 16 & 0xffff), i,
            byte_at(page, i * 8 + 4), byte_at(page, i * 8 + 5), byte_at(page, i * 8 + 6),
            byte_at(page, i * 8 + 7));
}

static void put_words(struct out *out, const struct page_text *page)
{
    put(out, "gdt:\n");
    for (size_t i = 0; i < page->n * 8; i += 4)
        put(out, "    dw 0x%02x%02x, 0x%02x%02x\n", byte_at(page, i + 1), byte_at(page, i),
            byte_at(page, i + 3), byte_at(page, i + 2));
}

static void put_bytes(struct out *out, const struct page_text *page)
{
    put(out, "gdt:\n");
    for (size_t i = 0; i < page->n * 8; i += 4)
        put(out, "    db 0x%02x, 0x%02x, 0x%02x, 0x%02x\n", byte_at(page, i), byte_at(page, i + 1),
            byte_at(page, i + 2), byte_at(page, i + 3));
}

static void put_macros(struct out *out, const struct page_text *page)
{
    put(out, "{\n");
    for (size_t i = 0; i < page->n; i++) {
        const uint64_t d = page->descs[i];

        put(out, "    GDT_ENTRY_INIT(0x%04x, 0x%08x, 0x%05x),\n", (unsigned)(d >> 40 & 0xf0ff),
            (unsigned)((d >> 16 & 0xffffff) | (d >> 56 << 24)),
            (unsigned)((d & 0xffff) | (d >> 48 & 0xf) << 16));
    }
    put(out, "};\n");
}

static void put_noted(struct out *out, const struct page_text *page)
{
    for (size_t i = 0; i < page->n; i++)
        put(out, "0x%016" PRIx64 "%s", page->descs[i], i % 4 == 3 ? ", # noted\n" : ", ");
    put(out, "\n");
}

static const struct {
    const char *name;
    void (*put)(struct out *out, const struct page_text *page);
    bool addresses;
} others[] = {
    {"WinDbg dq", put_windbg_dq, true},
    {"WinDbg dq of 32 bits", put_windbg_dq32, true},
    {"xxd -p", put_plain, false},
    {"xxd -i", put_include, false},
    {"C", put_c, false},
    {"C with casts", put_casts, false},
    {"Rust", put_rust, false},
    {".quad", put_gas, false},
    {"dw and db", put_nasm, false},
    {"dw", put_words, false},
    {"db", put_bytes, false},
    {"GDT_ENTRY_INIT", put_macros, false},
    {"numbers with notes", put_noted, false},
};

#define OTHERS (sizeof(others) / sizeof(others[0]))

const unsigned WRITERS = ROW_WRITERS + OTHERS;

const char *writer_name(unsigned writer)
{
    return writer < ROW_WRITERS ? rows[writer].name : others[writer - ROW_WRITERS].name;
}

bool writer_may_be_ambiguous(unsigned writer, bool *bytes)
{
    if (writer >= ROW_WRITERS || !rows[writer].ambiguous)
        return false;
    *bytes = rows[writer].bytes;
    return true;
}

bool writer_needs_rows(unsigned writer)
{
    return strstr(writer_name(writer), "behind addresses") != NULL;
}

bool writer_may_hide_radix(unsigned writer)
{
    return writer < ROW_WRITERS && rows[writer].last != NULL &&
           strcmp(rows[writer].name, "hexdump -C") != 0;
}

bool writer_is_list(unsigned writer)
{
    return writer < ROW_WRITERS ? rows[writer].address[0] == '\0'
                                : !others[writer - ROW_WRITERS].addresses;
}

size_t write_dump(unsigned writer, const struct page_text *page, char *text, size_t room)
{
    struct out out = {text, 0, room};

    if (writer < ROW_WRITERS)
        put_rows(&out, &rows[writer], page);
    else
        others[writer - ROW_WRITERS].put(&out, page);
    return out.n;
}
