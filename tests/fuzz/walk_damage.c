/* SPDX-License-Identifier: MIT */
/* What happens to text on its way from a tool to cgdt. */
#include "walk_dump.h"

void text_replace(struct text *text, size_t from, size_t length, const char *with, size_t n)
{
    MUST(text->n - length + n < TEXT_MAX, "no room");
    memmove(text->at + from + n, text->at + from + length, text->n - from - length);
    memcpy(text->at + from, with, n);
    text->n = text->n - length + n;
}

/* The line that has `at`, its newline included. */
static void line_of(const struct text *text, size_t at, size_t *from, size_t *length)
{
    size_t end = at;

    while (at > 0 && text->at[at - 1] != '\n')
        at--;
    while (end < text->n && text->at[end] != '\n')
        end++;
    *from = at;
    *length = end - at + (end < text->n);
}

static void lose_line(struct text *text)
{
    size_t from;
    size_t length;

    line_of(text, walk_below(text->n), &from, &length);
    text_replace(text, from, length, "", 0);
}

static void double_line(struct text *text)
{
    static char copy[TEXT_MAX];
    size_t from;
    size_t length;

    line_of(text, walk_below(text->n), &from, &length);
    memcpy(copy, text->at + from, length);
    text_replace(text, from, 0, copy, length);
}

/* A line goes to where another one is. */
static void move_line(struct text *text)
{
    static char copy[TEXT_MAX];
    size_t from;
    size_t length;

    line_of(text, walk_below(text->n), &from, &length);
    memcpy(copy, text->at + from, length);
    text_replace(text, from, length, "", 0);
    if (text->n > 0) {
        size_t to;
        size_t other;

        line_of(text, walk_below(text->n), &to, &other);
        text_replace(text, to, 0, copy, length);
    }
}

static void cut_line(struct text *text)
{
    size_t from;
    size_t length;
    const size_t at = walk_below(text->n);

    line_of(text, at, &from, &length);
    if (length > 1 && text->at[from + length - 1] == '\n')
        text_replace(text, at, from + length - 1 - at, "", 0);
}

static void cut_end(struct text *text)
{
    text->n = walk_below(text->n) + 1;
}

static void join_lines(struct text *text)
{
    const size_t from = walk_below(text->n);
    char *const newline = memchr(text->at + from, '\n', text->n - from);

    if (newline != NULL)
        text_replace(text, (size_t)(newline - text->at), 1, " ", walk_below(3) != 0);
}

bool text_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* Two words of a line change places. */
static void swap_words(struct text *text)
{
    static char copy[TEXT_MAX];
    size_t begin[64];
    size_t end[64];
    size_t from;
    size_t length;
    size_t n = 0;

    line_of(text, walk_below(text->n), &from, &length);
    for (size_t i = from; i < from + length && n < COUNT_OF(begin);) {
        for (; i < from + length && text_is_blank(text->at[i]); i++)
            continue;
        begin[n] = i;
        for (; i < from + length && !text_is_blank(text->at[i]); i++)
            continue;
        end[n] = i;
        n += end[n] > begin[n];
    }
    if (n < 2)
        return;
    const size_t a = walk_below(n - 1);
    const size_t b = a + 1 + walk_below(n - 1 - a);
    const size_t length_a = end[a] - begin[a];
    const size_t length_b = end[b] - begin[b];

    memcpy(copy, text->at + begin[b], length_b);
    memcpy(copy + length_b, text->at + begin[a], length_a);
    text_replace(text, begin[b], length_b, copy + length_b, length_a);
    text_replace(text, begin[a], length_a, copy, length_b);
}

static void change_character(struct text *text)
{
    static const char characters[] = "0123456789abcdef0123456789abcdef  :,-xg.|<>`'\n";
    const size_t at = walk_below(text->n);

    switch (walk_below(3)) {
    case 0:
        text->at[at] = characters[walk_below(sizeof(characters) - 1)];
        break;
    case 1:
        text_replace(text, at, 1, "", 0);
        break;
    default:
        text_replace(text, at, 0, &characters[walk_below(sizeof(characters) - 1)], 1);
    }
}

/* As a form or a mailer does it: one blank for many. */
static void squeeze_blanks(struct text *text)
{
    for (size_t i = 1; i < text->n;) {
        if (text->at[i] == ' ' && text->at[i - 1] == ' ')
            text_replace(text, i, 1, "", 0);
        else
            i++;
    }
}

void damage(struct text *text)
{
    static void (*const ways[])(struct text *) = {
        lose_line,  double_line,      move_line,        cut_line,         cut_end,       join_lines,
        swap_words, change_character, change_character, change_character, squeeze_blanks};

    if (text->n > 0)
        ways[walk_below(COUNT_OF(ways))](text);
}
