/* SPDX-License-Identifier: MIT */
/* Whether a page is what a text says: whether a tool, given the page, prints the text. */
#include "walk_dump.h"

#include <ctype.h>

#define FOLDED_MAX 5000u /* descriptors; more would not be printed into such a text */

/* db behind db, and dw behind dw: the numbers of two directives are those of one. */
static size_t drop_repeated(char *to, size_t n)
{
    char last = 0;
    size_t length = 0;

    for (size_t i = 0; i < n; i++) {
        const bool word = i + 3 <= n && (i == 0 || to[i - 1] == ' ') && to[i] == 'd' &&
                          (to[i + 1] == 'b' || to[i + 1] == 'w') && to[i + 2] == ' ';

        if (word && to[i + 1] == last) {
            i += 2;
            continue;
        }
        last = word ? to[i + 1] : last;
        to[length++] = to[i];
    }
    return length;
}

/* Of a name that begins here: a word that is neither a number nor one that means something. */
static size_t name_length(const char *at, size_t n)
{
    static const char *const kept[] = {"db", "dw", "quad", "u64", "GDT_ENTRY_INIT"};
    size_t length = 0;
    bool name = false;

    for (; length < n && (isalnum((unsigned char)at[length]) || at[length] == '_'); length++)
        name = name || !isxdigit((unsigned char)at[length]);
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        name = name && (strlen(kept[i]) != length || memcmp(at, kept[i], length) != 0);
    name = name && isalpha((unsigned char)*at);
    return name || (length < n && at[length] == ':') ? length : 0;
}

/* Of <...> before a colon. */
static size_t symbol_length(const char *at, size_t n)
{
    size_t length = 1;

    while (length + 1 < n && at[length] != '>' && at[length] != '\n')
        length++;
    return length + 1 < n && at[length] == '>' && at[length + 1] == ':' ? length + 1 : 0;
}

/* Without what a reader has to skip: blanks, and in a list commas, comments and names. */
static size_t plain(char *to, const char *from, size_t n, bool list)
{
    const char *const declared = list ? memchr(from, '=', n) : NULL;
    size_t length = 0;
    bool number = false; /* one begins here */

    /* How a list is called is nobody's affair: "u64 gdt[] =", "gdt:" */
    for (size_t i = declared != NULL ? (size_t)(declared - from) + 1 : 0; i < n; i++) {
        char c = from[i];

        /* gdb's <symbol>, and the blank before it */
        if (!list && c == '<' && symbol_length(from + i, n - i) > 0) {
            i += symbol_length(from + i, n - i);
            length -= length > 0 && to[length - 1] == ' ';
            c = from[i];
        }
        if (list && strchr("'_UL", c) != NULL)
            continue;
        if (list && (i == 0 || !isalnum((unsigned char)from[i - 1]))) {
            i += name_length(from + i, n - i);
            if (i == n)
                break;
            c = from[i];
        }
        if (list && c == ':')
            continue;
        if (list && (c == '#' || c == ';')) {
            while (i < n && from[i] != '\n')
                i++;
            c = ' ';
        } else if (list && c == '/' && i + 1 < n && from[i + 1] == '*') {
            for (i += 2; i + 1 < n && !(from[i] == '*' && from[i + 1] == '/'); i++)
                continue;
            i++;
            c = ' ';
        }
        if (text_is_blank(c) || (list && (c == ',' || strchr("{}[]", c) != NULL)))
            c = ' ';
        /* As many zeros before a number as there may be, and 0 for 0x0. */
        if (list && c != ' ' && length > 1 && to[length - 1] == ' ' &&
            !(isalnum((unsigned char)c) && isalnum((unsigned char)to[length - 2])))
            length--;
        number = number || length == 0 || strchr(" (,)=.", to[length - 1]) != NULL;
        if (list && number && c == '0' && i + 1 < n &&
            (from[i + 1] == 'x' || from[i + 1] == '_' || from[i + 1] == '\'' ||
             isxdigit((unsigned char)from[i + 1])))
            continue;
        if (list && number && c == 'x')
            continue;
        number = false;
        if (c != ' ' || (length > 0 && to[length - 1] != ' '))
            to[length++] = c;
    }
    length -= length > 0 && to[length - 1] == ' ';
    return list ? drop_repeated(to, length) : length;
}

static size_t line_length(const char *at, const char *end)
{
    const char *const newline = memchr(at, '\n', (size_t)(end - at));

    return newline != NULL ? (size_t)(newline - at) + 1 : (size_t)(end - at);
}

/* Blanks around lines and empty lines, which every reader skips; and the last line gets its end. */
void text_trim_lines(struct text *text)
{
    static char copy[TEXT_MAX];
    size_t n = 0;

    text_replace(text, text->n, 0, "\n", 1);
    for (const char *at = text->at; at < text->at + text->n;) {
        const char *const next = at + line_length(at, text->at + text->n);
        const char *end = next;

        while (end > at && text_is_blank(end[-1]))
            end--;
        while (at < end && text_is_blank(*at))
            at++;
        memcpy(copy + n, at, (size_t)(end - at));
        n += (size_t)(end - at);
        copy[n] = '\n';
        n += end > at;
        at = next;
    }
    memcpy(text->at, copy, n);
    text->n = n;
}

/*
 * The text with the rows for which it has a '*', out of `written`, which has them all. They go on
 * to the line that follows the '*'; that they repeat the one before, the caller's page says.
 */
static size_t unfold(const struct text *text, const char *written, size_t n, char *to)
{
    const char *const end = text->at + text->n;
    const char *const all = written + n;
    size_t length = 0;

    for (const char *at = text->at; at < end;) {
        const size_t line = line_length(at, end);
        const bool star = line == 2 && *at == '*';
        const char *const next = at + line;
        const size_t behind = star ? line_length(next, end) : 0;

        for (; star && written < all && behind > 0; written += line_length(written, all)) {
            if (line_length(written, all) == behind && memcmp(written, next, behind) == 0)
                break;
            MUST(length < TEXT_MAX - 256, "no room");
            memcpy(to + length, written, line_length(written, all));
            length += line_length(written, all);
        }
        if (!star) {
            MUST(length + line < TEXT_MAX, "no room");
            memcpy(to + length, at, line);
            length += line;
            written += line_length(written, all);
        }
        at = next;
    }
    return length;
}

/* Whether what lies behind a '*' repeats the row before it, as written without one. */
static bool repeats_rightly(const struct text *text, const char *written, size_t n)
{
    const char *const end = text->at + text->n;
    const char *const all = written + n;
    const char *before = NULL;

    for (const char *at = text->at; at < end; at += line_length(at, end)) {
        const bool star = line_length(at, end) == 2 && *at == '*';
        const char *const next = at + line_length(at, end);

        while (star && before != NULL && written < all &&
               (line_length(written, all) != line_length(next, end) ||
                memcmp(written, next, line_length(next, end)) != 0)) {
            const char *const a = memchr(before, ' ', line_length(before, all));
            const char *const b = memchr(written, ' ', line_length(written, all));

            if (a == NULL || b == NULL || line_length(a, all) != line_length(b, all) ||
                memcmp(a, b, line_length(a, all)) != 0)
                return false;
            written += line_length(written, all);
        }
        if (!star && written < all) {
            before = written;
            written += line_length(written, all);
        }
    }
    return true;
}

/* Of the first line, if it has digits alone. */
static unsigned plain_bytes(const struct text *text)
{
    unsigned n = 0;

    while (n < text->n && isxdigit((unsigned char)text->at[n]))
        n++;
    return n > 16 ? n / 2 : 0;
}

/* Whether a tool prints the page as this text. */
static bool prints(unsigned writer, struct page_text page, const struct text *text)
{
    static struct text written_text;
    static char unfolded[TEXT_MAX];
    static char a[TEXT_MAX];
    static char b[TEXT_MAX];
    const bool list = writer_is_list(writer);

    page.unfolded = true;
    page.row_bytes = plain_bytes(text);

    for (unsigned variant = 0; variant < 16; variant++) {
        page.prompt = (variant & 1u) != 0;
        page.headed = (variant & 2u) != 0;
        page.textless = (variant & 4u) != 0;
        page.narrow = (variant & 8u) != 0;
        struct text *const trimmed = &written_text;

        trimmed->n = write_dump(writer, &page, trimmed->at, sizeof(trimmed->at) - 1);
        text_trim_lines(trimmed);
        const char *const written = trimmed->at;
        const size_t n = trimmed->n;
        const size_t all = unfold(text, written, n, unfolded);
        const size_t bytes = plain(b, unfolded, all, list);
        if (plain(a, written, n, list) == bytes && memcmp(a, b, bytes) == 0 &&
            repeats_rightly(text, written, n))
            return true;
    }
    return false;
}

/* A command of which nobody can tell what it asked for. */
static void drop_odd_command(struct text *text)
{
    unsigned n;
    char unit[2];
    char more[2];
    uint64_t address;
    char end;

    for (size_t i = 5; i < 7 && i < text->n; i++) { /* no blank behind the prompt */
        if (text->at[0] == '(' && text->at[i - 1] == ')' && text->at[i] != ' ')
            text_replace(text, i, 0, " ", 1);
    }
    if (text->n > 10 && memcmp(text->at, "(qemu) xp /", 11) == 0)
        text_replace(text, 8, 1, "", 0); /* virtual or not: the rows are the same */
    const size_t length = line_length(text->at, text->at + text->n);
    if (text->at[0] != '(' || text->n >= TEXT_MAX - 1)
        return;
    text->at[length - 1] = '\0';
    const bool odd = sscanf(text->at, "(gdb) x/%u%1[bhwg]%1[x] 0x%" SCNx64 "%c", &n, unit, more,
                            &address, &end) != 4 &&
                     sscanf(text->at, "(qemu) x /%u%1[bhwg]%1[x] 0x%" SCNx64 "%c", &n, unit, more,
                            &address, &end) != 4;
    text->at[length - 1] = '\n';
    if (odd)
        text_replace(text, 0, length, "", 0);
}

bool is_true(unsigned writer, const struct dump *dump, struct text *text)
{
    const struct page_text page = {.descs = dump->descs, .n = dump->n, .address = dump->address};

    drop_odd_command(text);
    /* An address behind a '*' is another one: too many rows to print. */
    if (dump->n > FOLDED_MAX)
        return memchr(text->at, '*', text->n) != NULL;
    if (prints(writer, page, text))
        return true;
    for (unsigned other = 0; other < WRITERS; other++) {
        if (prints(other, page, text))
            return true;
    }
    return false;
}
