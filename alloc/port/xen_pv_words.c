/* SPDX-License-Identifier: MIT */
/*
 * What Xen refuses, in words; a file of its own, so that a linker leaves it out where nobody asks.
 */
#include "cgdt/port/xen_pv.h"

const char *cgdt_xen_pv_cause_text(enum cgdt_xen_pv_cause cause)
{
    switch (cause) {
    case CGDT_XEN_PV_NO_CAUSE:
        return "Xen takes these frames as a GDT: what it refused is something else";
    case CGDT_XEN_PV_TOO_MANY_ENTRIES:
        return "more entries than a guest has: those from 7168 on are Xen's";
    case CGDT_XEN_PV_NOT_OURS:
        return "not a frame of this domain";
    case CGDT_XEN_PV_STILL_WRITABLE:
        return "the page is still mapped writable";
    case CGDT_XEN_PV_BAD_DESCRIPTOR:
        return "a descriptor that Xen refuses is on the page";
    case CGDT_XEN_PV_OTHER_USE:
        return "the frame is in another use: writable at another address, a page table, ...";
    case CGDT_XEN_PV_NOT_LOOKED_AT:
        return "Xen refuses the frame; what is on it or maps it was not looked at (mfn_to_virt, "
               "is_writable)";
    case CGDT_XEN_PV_CANNOT_TELL:
        return "nothing is wrong that can be seen from here";
    }
    return "unknown cause";
}

/* The core's own formatter is none of what libcgdt.so exports. */
struct line {
    char *buffer;
    size_t size;
    size_t length;
};

static void put_char(struct line *line, char c)
{
    if (line->length + 1 < line->size)
        line->buffer[line->length] = c;
    line->length++;
}

static void put_words(struct line *line, const char *words)
{
    for (; *words != '\0'; words++)
        put_char(line, *words);
}

static void put_digits(struct line *line, const char *digits, unsigned n)
{
    while (n > 0)
        put_char(line, digits[--n]);
}

static void put_decimal(struct line *line, uint32_t number)
{
    char digits[10]; /* 2^32-1 has ten */
    unsigned n = 0;

    do {
        digits[n++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    put_digits(line, digits, n);
}

/* By shifts: a 32-bit kernel has no division of 64 bits. */
static void put_hex(struct line *line, uint64_t number)
{
    char digits[16];
    unsigned n = 0;

    do {
        digits[n++] = "0123456789abcdef"[number & 15];
        number >>= 4;
    } while (number != 0);
    put_digits(line, digits, n);
}

static void put_frame(struct line *line, const struct cgdt_xen_pv_refusal *refusal)
{
    if (refusal->page == CGDT_XEN_PV_NO_PAGE) {
        put_words(line, "frame ");
        put_decimal(line, refusal->position);
        put_words(line, " of the list");
    } else if (refusal->page == CGDT_COMMON_PAGE) {
        put_words(line, "the common page");
    } else {
        put_words(line, "page ");
        put_decimal(line, refusal->page);
        put_words(line, " of the pool");
    }
    put_words(line, " (0x");
    put_hex(line, refusal->frame);
    put_words(line, "): ");
}

static void put_descriptor(struct line *line, const struct cgdt_violation *violation)
{
    put_words(line, "entry ");
    put_decimal(line, violation->entry);
    put_words(line, ", 0x");
    put_hex(line, violation->found);
    put_words(line, ": ");
    put_words(line, cgdt_reason_text(violation->reason));
}

size_t cgdt_xen_pv_refusal_text(const struct cgdt_xen_pv_refusal *refusal, char *buffer,
                                size_t size)
{
    struct line line = {buffer, size, 0};

    if (refusal->frame != 0)
        put_frame(&line, refusal);
    if (refusal->frame == 0 && refusal->page != CGDT_XEN_PV_NO_PAGE)
        put_words(&line, "nothing was refused");
    else if (refusal->cause == CGDT_XEN_PV_BAD_DESCRIPTOR)
        put_descriptor(&line, &refusal->violation);
    else
        put_words(&line, cgdt_xen_pv_cause_text(refusal->cause));
    if (size != 0)
        buffer[line.length < size ? line.length : size - 1] = '\0';
    return line.length;
}
