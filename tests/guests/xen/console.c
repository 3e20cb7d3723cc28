/* SPDX-License-Identifier: MIT */
/* A minimal printf: formats into a buffer on the stack and hands it to Xen in one hypercall. */

#include "console.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "hypercall.h"

struct line {
    uint32_t used;
    char text[256];
};

struct spec {
    uint32_t width;
    char pad;
    uint32_t longs;
};

static void (*write_line)(const char *text, uint32_t length); /* NULL: the hypercall */

void console_redirect(void (*to)(const char *text, uint32_t length))
{
    write_line = to;
}

static void flush(struct line *line)
{
    if (line->used != 0 && write_line != NULL)
        write_line(line->text, line->used);
    else if (line->used != 0)
        (void)xen_console_write(line->text, line->used);
    line->used = 0;
}

static void put(struct line *line, char c)
{
    if (line->used == sizeof(line->text))
        flush(line);
    line->text[line->used++] = c;
}

static void put_text(struct line *line, const char *text, uint32_t length, const struct spec *spec)
{
    for (uint32_t i = length; i < spec->width; i++)
        put(line, spec->pad);
    for (uint32_t i = 0; i < length; i++)
        put(line, text[i]);
}

static void put_number(struct line *line, uint64_t value, uint32_t base, bool negative,
                       const struct spec *spec)
{
    char digits[24];
    uint32_t at = sizeof(digits);

    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    if (negative)
        digits[--at] = '-';
    put_text(line, digits + at, (uint32_t)sizeof(digits) - at, spec);
}

static const char *parse_spec(const char *at, struct spec *spec)
{
    *spec = (struct spec){.width = 0, .pad = ' ', .longs = 0};
    if (*at == '0') {
        spec->pad = '0';
        at++;
    }
    while (*at >= '0' && *at <= '9')
        spec->width = spec->width * 10 + (uint32_t)(*at++ - '0');
    while (*at == 'l') {
        spec->longs++;
        at++;
    }
    return at;
}

/* One conversion; a va_list inside a struct can be passed down portably. */
struct arguments {
    va_list list;
};

static uint64_t next_number(struct arguments *from, const struct spec *spec, bool is_signed)
{
    if (spec->longs >= 2)
        return va_arg(from->list, unsigned long long);
    if (spec->longs == 1)
        return is_signed ? (uint64_t)va_arg(from->list, long) : va_arg(from->list, unsigned long);
    return is_signed ? (uint64_t)va_arg(from->list, int) : va_arg(from->list, unsigned int);
}

static void convert(struct line *line, char kind, const struct spec *spec, struct arguments *from)
{
    if (kind == 's') {
        const char *text = va_arg(from->list, const char *);
        uint32_t length = 0;
        while (text[length] != '\0')
            length++;
        put_text(line, text, length, spec);
    } else if (kind == 'c') {
        put(line, (char)va_arg(from->list, int));
    } else if (kind == 'd') {
        const int64_t value = (int64_t)next_number(from, spec, true);
        uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
        put_number(line, magnitude, 10, value < 0, spec);
    } else if (kind == 'u' || kind == 'x') {
        put_number(line, next_number(from, spec, false), kind == 'u' ? 10 : 16, false, spec);
    } else if (kind == 'p') {
        put_number(line, (uintptr_t)va_arg(from->list, void *), 16, false, spec);
    } else {
        put(line, kind);
    }
}

void console_printf(const char *format, ...)
{
    struct line line;
    struct arguments from;

    line.used = 0;
    va_start(from.list, format);
    for (const char *at = format; *at != '\0'; at++) {
        if (*at != '%') {
            put(&line, *at);
            continue;
        }
        struct spec spec;
        at = parse_spec(at + 1, &spec);
        if (*at == '\0')
            break;
        convert(&line, *at, &spec, &from);
    }
    va_end(from.list);
    flush(&line);
}
