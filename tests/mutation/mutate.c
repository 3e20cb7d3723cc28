/* SPDX-License-Identifier: MIT */
/*
 * mutate FILE          every single mutation of a C file that is of use here, a line each: number,
 *                      line, kind, and what changes, with tabs between. What changes names no
 *                      line, so that it stays the same while lines move
 * mutate FILE NUMBER   the file with that one
 *
 * It knows tokens, not C: what does not compile is left to the compiler. Comments, strings, lines
 * of the preprocessor and static assertions stay as they are.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_TOKENS 20000u
#define MOST_TEXT   4096u

enum kind {
    KIND_WORD,
    KIND_NUMBER,
    KIND_SIGN,
    KIND_STRING,
    KIND_END
};

struct token {
    enum kind kind;
    const char *at;
    size_t length;
    unsigned line;
    unsigned round;    /* how many ( and [ are open around it */
    unsigned function; /* in whose body it is: the token with the name, or the file's first */
    bool fixed;        /* in a static assertion */
};

static char *text;
static struct token tokens[MOST_TOKENS];
static unsigned count;
static unsigned wanted; /* 0: list */
static unsigned made;

/* ---- tokens ------------------------------------------------------------------------------- */

static bool is(unsigned i, const char *what)
{
    return i < count && tokens[i].kind != KIND_STRING && strlen(what) == tokens[i].length &&
           memcmp(tokens[i].at, what, tokens[i].length) == 0;
}

static bool is_one_of(unsigned i, const char *const *list)
{
    for (; *list != NULL; list++)
        if (is(i, *list))
            return true;
    return false;
}

/* Comments, blanks, and lines of the preprocessor with all that belongs to them. */
static const char *skip(const char *at, bool *fresh)
{
    for (;;) {
        if (*at == '\n') {
            *fresh = true;
            at++;
        } else if (isspace((unsigned char)*at)) {
            at++;
        } else if (strncmp(at, "/*", 2) == 0) {
            const char *end = strstr(at + 2, "*/");
            at = end != NULL ? end + 2 : at + strlen(at);
        } else if (strncmp(at, "//", 2) == 0) {
            at += strcspn(at, "\n");
        } else if (*at == '#' && *fresh) {
            while (*at != '\0' && (*at != '\n' || at[-1] == '\\'))
                at++;
        } else {
            return at;
        }
    }
}

static size_t length_of_sign(const char *at)
{
    static const char *const signs[] = {"<<=", ">>=", "...", "->", "++", "--", "<<", ">>",
                                        "<=",  ">=",  "==",  "!=", "&&", "||", "+=", "-=",
                                        "*=",  "/=",  "%=",  "&=", "|=", "^=", NULL};

    for (const char *const *sign = signs; *sign != NULL; sign++)
        if (strncmp(at, *sign, strlen(*sign)) == 0)
            return strlen(*sign);
    return 1;
}

static size_t length_of_string(const char *at)
{
    size_t n = 1;

    while (at[n] != '\0' && at[n] != *at)
        n += at[n] == '\\' ? 2 : 1;
    return n + 1;
}

static struct token token_at(const char *at)
{
    struct token token = {.at = at};

    if (isalpha((unsigned char)*at) || *at == '_')
        token.kind = KIND_WORD;
    else if (isdigit((unsigned char)*at))
        token.kind = KIND_NUMBER;
    else
        token.kind = *at == '"' || *at == '\'' ? KIND_STRING : KIND_SIGN;
    if (token.kind == KIND_STRING)
        token.length = length_of_string(at);
    else if (token.kind == KIND_SIGN)
        token.length = length_of_sign(at);
    else
        while (isalnum((unsigned char)at[token.length]) || at[token.length] == '_')
            token.length++;
    return token;
}

/* Names of functions: a word before ( outside of all brackets, and then {. */
static void find_functions(void)
{
    unsigned braces = 0;
    unsigned name = 0;
    unsigned function = 0;

    for (unsigned i = 0; i < count; i++) {
        if (braces == 0 && tokens[i].round == 0 && tokens[i].kind == KIND_WORD && is(i + 1, "("))
            name = i;
        if (is(i, "{") && braces++ == 0)
            function = is(i - 1, ")") ? name : 0;
        tokens[i].function = function;
        if (is(i, "}") && braces-- == 1)
            function = 0;
    }
}

static void read_tokens(void)
{
    const char *at = text;
    const char *counted = text;
    unsigned line = 1;
    unsigned round = 0;
    unsigned fixed = 0; /* round brackets inside of which nothing changes, + 1 */
    bool fresh = true;

    for (at = skip(at, &fresh); *at != '\0' && count < MOST_TOKENS - 1; at = skip(at, &fresh)) {
        struct token *token = &tokens[count++];

        *token = token_at(at);
        for (; counted < at; counted++)
            line += *counted == '\n';
        token->line = line;
        if (is(count - 1, ")") || is(count - 1, "]"))
            round--;
        token->round = round;
        if (is(count - 1, "_Static_assert"))
            fixed = round + 1;
        token->fixed = fixed != 0;
        if (fixed != 0 && is(count - 1, ";"))
            fixed = 0;
        if (is(count - 1, "(") || is(count - 1, "["))
            round++;
        at += token->length;
        fresh = false;
    }
    tokens[count] = (struct token){.kind = KIND_END, .at = at, .line = line};
    find_functions();
}

/* ---- one mutation ------------------------------------------------------------------------- */

/* In one line, blanks as one, without what would end a field. */
static void print_flat(const char *from, size_t length)
{
    bool blank = false;

    for (size_t i = 0; i < length; i++) {
        if (isspace((unsigned char)from[i])) {
            blank = true;
            continue;
        }
        if (blank && i != 0)
            (void)putchar(' ');
        blank = false;
        (void)putchar(from[i]);
    }
}

static void list(const struct token *first, const char *end, const char *kind,
                 const char *replacement)
{
    const char *line = first->at;
    size_t indent;

    while (line != text && line[-1] != '\n')
        line--;
    indent = strspn(line, " ");
    (void)printf("%u\t%u\t%s\t%.*s: ", made, first->line, kind, (int)tokens[first->function].length,
                 tokens[first->function].at);
    print_flat(line + indent, strcspn(line + indent, "\n"));
    (void)printf(" @%zu: ", (size_t)(first->at - line) - indent + 1);
    print_flat(first->at, (size_t)(end - first->at));
    (void)printf(" => ");
    print_flat(replacement, strlen(replacement));
    (void)putchar('\n');
}

/* Tokens first to last become something else. */
static void mutate(unsigned first, unsigned last, const char *kind, const char *replacement)
{
    const char *end = tokens[last].at + tokens[last].length;

    if (tokens[first].fixed)
        return;
    made++;
    if (wanted == 0)
        list(&tokens[first], end, kind, replacement);
    else if (wanted == made)
        (void)printf("%.*s%s%s", (int)(tokens[first].at - text), text, replacement, end);
}

/* The text of tokens first to last. */
static const char *span(unsigned first, unsigned last, size_t *length)
{
    *length = (size_t)(tokens[last].at + tokens[last].length - tokens[first].at);
    return tokens[first].at;
}

static unsigned closing(unsigned open)
{
    unsigned i = open + 1;

    while (i < count && tokens[i].round > tokens[open].round)
        i++;
    return i;
}

/* ---- which there are ---------------------------------------------------------------------- */

/* Whether the sign behind this token has an operand on its left. */
static bool ends_operand(unsigned i)
{
    if (is(i, "return") || is(i, "case") || is(i, "sizeof"))
        return false;
    return tokens[i].kind == KIND_WORD || tokens[i].kind == KIND_NUMBER || is(i, ")") || is(i, "]");
}

static void other_sign(unsigned i)
{
    static const struct {
        const char *from;
        const char *to;
        bool binary;
    } others[] = {
        {"<", "<=", true},   {"<=", "<", true},   {">", ">=", true},  {">=", ">", true},
        {"==", "!=", true},  {"!=", "==", true},  {"+", "-", true},   {"-", "+", true},
        {"&", "|", true},    {"|", "&", true},    {"<<", ">>", true}, {">>", "<<", true},
        {"+=", "-=", true},  {"-=", "+=", true},  {"|=", "&=", true}, {"&=", "|=", true},
        {"++", "--", false}, {"--", "++", false}, {"&&", "||", true}, {"||", "&&", true},
        {"%", "/", true},    {"/", "*", true},    {"!", " ", false},  {"~", " ", false},
    };

    for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++)
        if (is(i, others[k].from) && (!others[k].binary || (i > 0 && ends_operand(i - 1))))
            mutate(i, i, "operator", others[k].to);
}

static void other_number(unsigned i)
{
    char more[64];
    char less[64];

    (void)snprintf(more, sizeof(more), "(%.*s + 1)", (int)tokens[i].length, tokens[i].at);
    (void)snprintf(less, sizeof(less), "(%.*s - 1)", (int)tokens[i].length, tokens[i].at);
    mutate(i, i, "constant", more);
    mutate(i, i, "constant", less);
}

static void other_word(unsigned i)
{
    if (is(i, "true"))
        mutate(i, i, "truth", "false");
    else if (is(i, "false"))
        mutate(i, i, "truth", "true");
    else if (is(i, "break"))
        mutate(i, i, "jump", "continue");
    else if (is(i, "continue"))
        mutate(i, i, "jump", "break");
}

/* if and while, and what is returned. */
static void negate(unsigned i)
{
    static const char *const heads[] = {"if", "while", NULL};
    char replacement[MOST_TEXT];
    const char *inside;
    size_t length;
    unsigned end = i + 1;

    if (is_one_of(i, heads) && is(i + 1, "(")) {
        inside = span(i + 1, closing(i + 1), &length);
        (void)snprintf(replacement, sizeof(replacement), "(!%.*s)", (int)length, inside);
        mutate(i + 1, closing(i + 1), "condition", replacement);
    } else if (is(i, "return") && !is(i + 1, ";")) {
        while (end < count && !is(end, ";"))
            end++;
        inside = span(i + 1, end - 1, &length);
        (void)snprintf(replacement, sizeof(replacement), "!(%.*s)", (int)length, inside);
        mutate(i + 1, end - 1, "return", replacement);
    }
}

/* Where an operand of && or || ends, to the left or to the right of it. */
static unsigned operand_end(unsigned sign, int direction)
{
    static const char *const bounds[] = {"&&", "||", "=", "?",      ":", ",",
                                         ";",  "{",  "}", "return", NULL};
    unsigned i = sign;

    for (;;) {
        const unsigned next = direction < 0 ? i - 1 : i + 1;
        if (tokens[next].round < tokens[sign].round || next >= count)
            return i;
        if (tokens[next].round == tokens[sign].round && is_one_of(next, bounds) &&
            !(is(sign, "||") && is(next, "&&")))
            return i;
        if (tokens[next].round == tokens[sign].round && direction < 0 && is(next, "("))
            if (next == 0 || !ends_operand(next - 1))
                if (closing(next) >= sign)
                    return i;
        i = next;
    }
}

static void swap(unsigned i)
{
    char replacement[MOST_TEXT];
    size_t left_length;
    size_t right_length;

    if ((!is(i, "&&") && !is(i, "||")) || i == 0)
        return;
    const unsigned first = operand_end(i, -1);
    const unsigned last = operand_end(i, 1);
    if (first >= i || last <= i)
        return;
    const char *left = span(first, i - 1, &left_length);
    const char *right = span(i + 1, last, &right_length);
    (void)snprintf(replacement, sizeof(replacement), "(%.*s) %.*s (%.*s)", (int)right_length, right,
                   (int)tokens[i].length, tokens[i].at, (int)left_length, left);
    mutate(first, last, "order", replacement);
}

/* A call or an assignment that stands alone. */
static void remove_statement(unsigned i)
{
    static const char *const before[] = {";", "{", "}", ")", "else", NULL};
    static const char *const behind[] = {"(",  "=",  "->", ".",  "[",  "++",  "--",  "+=",
                                         "-=", "|=", "&=", "^=", "*=", "<<=", ">>=", NULL};
    unsigned end = i;

    if (i == 0 || tokens[i].round != 0 || !is_one_of(i - 1, before))
        return;
    const bool begins = (tokens[i].kind == KIND_WORD && is_one_of(i + 1, behind)) || is(i, "*") ||
                        (is(i, "(") && is(i + 1, "void")) || is(i, "++") || is(i, "--");
    if (!begins || is(i, "if") || is(i, "for") || is(i, "while") || is(i, "switch") ||
        is(i, "return") || is(i, "_Static_assert"))
        return;
    while (end < count && !(is(end, ";") && tokens[end].round == 0)) {
        if (is(end, "{") || is(end, "}"))
            return;
        end++;
    }
    mutate(i, end, "statement", ";");
}

static bool read_file(const char *name)
{
    FILE *file = fopen(name, "r");
    size_t n;

    if (file == NULL)
        return false;
    text = calloc(1, 1u << 20);
    n = text != NULL ? fread(text, 1, (1u << 20) - 1, file) : 0;
    return fclose(file) == 0 && n != 0;
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3 || !read_file(argv[1])) {
        (void)fputs("mutate: usage: mutate FILE [NUMBER]\n", stderr);
        return 2;
    }
    wanted = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    read_tokens();
    for (unsigned i = 0; i < count; i++) {
        if (tokens[i].kind == KIND_SIGN)
            other_sign(i);
        if (tokens[i].kind == KIND_NUMBER)
            other_number(i);
        other_word(i);
        negate(i);
        swap(i);
        remove_statement(i);
    }
    return wanted <= made ? 0 : 2;
}
