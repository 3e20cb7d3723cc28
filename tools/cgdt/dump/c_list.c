/* SPDX-License-Identifier: MIT */
/*
 * An array's initialiser in C or Rust. How wide an element is, is said by its type, a suffix or a
 * cast; otherwise by the digits, if all have as many. The text is gone through twice: for the
 * width, and for the contents.
 */
#include "lists.h"
#include "tokens.h"

#include <inttypes.h>
#include <string.h>

/* No list of descriptors has more braces within braces. */
#define DEPTH_MAX 8u

struct list {
    struct reader *reader;
    struct span rest;
    struct token token; /* the one that is looked at */
    bool measuring;     /* the first time */

    bool cast;                  /* one stands before the element */
    unsigned styles;            /* bit n: a number with a suffix (1) or a cast (2) was there */
    struct digits_seen seen[4]; /* of elements, and of each place in GDT_ENTRY_INIT of Linux */

    unsigned said;    /* bits of an element by type, suffix or cast; 0: not said */
    unsigned longest; /* hexadecimal digits */
    unsigned digits;  /* that all have; 0: none yet */
    bool mixed;       /* they have not */
    bool macros;      /* GDT_ENTRY_INIT of Linux, which has 64 bits whatever else */
    unsigned bits;    /* of an element, the second time */

    unsigned places; /* bit 0: an element has no [N] =, bit 1: one has */
    bool is_rust;    /* in [ ], not in { } */
    bool opened;     /* what was taken is a list within the list */
    bool has_count;  /* the declaration has the number of elements */
    uint64_t count;
    uint64_t elements;
    uint64_t named; /* elements placed by [NAME] =, whose numbers are not here */
};

static bool step(struct list *list)
{
    return next_token(list->reader, &list->rest, "", &list->token);
}

static bool is(const struct list *list, const char *mark)
{
    return token_is(&list->token, mark);
}

static bool refuse_here(struct list *list, const char *words)
{
    if (list->token.kind == TOKEN_END)
        return refuse(list->reader, list->token.span.at, "the text ends within the list");
    return refuse_token(list->reader, list->token.span, words);
}

static bool demand(struct list *list, const char *mark, const char *words)
{
    return is(list, mark) ? step(list) : refuse_here(list, words);
}

/* ---- types ----------------------------------------------------------------------------------- */

static bool say_bits(struct list *list, unsigned bits)
{
    if (bits == 0 || list->said == bits || list->said == 0) {
        list->said = bits != 0 ? bits : list->said;
        return true;
    }
    return refuse(list->reader, list->token.span.at, "an element of %u bits, and of %u before",
                  bits, list->said);
}

/* Bits of a type's word; 0: it does not say. */
static unsigned type_bits(struct span word)
{
    static const struct {
        const char *name;
        unsigned bits;
    } types[] = {{"char", 8},      {"u8", 8},        {"uint8_t", 8},     {"__u8", 8},
                 {"short", 16},    {"u16", 16},      {"uint16_t", 16},   {"__u16", 16},
                 {"u32", 32},      {"uint32_t", 32}, {"__u32", 32},      {"u64", 64},
                 {"uint64_t", 64}, {"__u64", 64},    {"cgdt_desc_t", 64}};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (span_length(word) == strlen(types[i].name) &&
            memcmp(word.at, types[i].name, span_length(word)) == 0)
            return types[i].bits;
    }
    return 0;
}

/* A word of a type. long long has 64 bits, a single long as many as the machine has. */
static void add_type(const struct list *list, unsigned *bits, unsigned *longs, bool *is_int)
{
    *longs += is(list, "long");
    *is_int = *is_int || is(list, "int");
    if (*bits == 0)
        *bits = type_bits(list->token.span);
}

static bool say_type(struct list *list, unsigned bits, unsigned longs, bool is_int)
{
    if (longs >= 2)
        bits = 64;
    else if (longs == 0 && is_int && bits == 0)
        bits = 32;
    return say_bits(list, bits);
}

/* ULL, LL, u64 and so on; U and L do not say. */
static unsigned suffix_bits(struct span suffix)
{
    const size_t length = span_length(suffix);
    unsigned ls = 0;

    for (size_t i = 0; i < length; i++)
        ls += (suffix.at[i] | 0x20) == 'l';
    if (ls == 2)
        return 64;
    return type_bits(suffix);
}

/* ---- the declaration ------------------------------------------------------------------------- */

/* "static const u64 gdt[3] =", "static GDT: [u64; 3] =": up to the list. */
static bool take_declaration(struct list *list)
{
    const struct list from = *list;
    const size_t line = list->reader->line;
    const char *const line_at = list->reader->line_at;
    unsigned bits = 0;
    unsigned longs = 0;
    bool is_int = false;
    bool inside = false; /* [ ] */
    int parentheses = 0;

    while (list->token.kind != TOKEN_END && !is(list, "=") && !is(list, "{")) {
        if (list->token.kind == TOKEN_WORD) {
            add_type(list, &bits, &longs, &is_int);
        } else if (list->token.kind == TOKEN_NUMBER && inside) {
            list->has_count = true;
            list->count = list->token.value;
        } else if ((list->token.kind == TOKEN_NUMBER && parentheses == 0) ||
                   (list->token.kind == TOKEN_MARK &&
                    strchr("[]:;*&()<>", *list->token.span.at) == NULL)) {
            break;
        }
        parentheses += is(list, "(");
        parentheses -= is(list, ")");
        inside = is(list, "[") || (inside && !is(list, "]"));
        if (!step(list))
            return false;
    }
    if (is(list, "="))
        return step(list) && say_type(list, bits, longs, is_int);
    list->reader->line = line;
    list->reader->line_at = line_at;
    return refuse_token(list->reader, from.token.span, "begins no dump that is known");
}

/* "unsigned int gdt_len = 40;" as xxd -i prints it. */
static bool take_length(struct list *list)
{
    const uint64_t bytes = fill_bytes(&list->reader->fill);

    while (list->token.kind == TOKEN_WORD) {
        if (!step(list))
            return false;
    }
    if (!is(list, "="))
        return refuse_here(list, "behind the list");
    if (!step(list))
        return false;
    if (list->token.kind != TOKEN_NUMBER || list->token.hex != 0)
        return refuse_here(list, "is not a length in bytes");
    if (!list->measuring && list->token.value != bytes)
        return refuse(list->reader, list->token.span.at,
                      "%" PRIu64 " bytes are said to be in the list, %" PRIu64 " are",
                      list->token.value, bytes);
    return step(list) && demand(list, ";", "where ';' should be") &&
           (list->token.kind == TOKEN_END || refuse_here(list, "behind the length"));
}

/* ---- elements -------------------------------------------------------------------------------- */

static bool put(struct list *list, const struct token *token, unsigned bits)
{
    if (bits < 64 && token->value >> bits != 0)
        return refuse(list->reader, token->span.at, "a number of more than %u bits", bits);
    return put_word(list->reader, token->span.at, token->value, bits);
}

/* All numbers but zeros are written alike: with a suffix or without, with a cast or without. */
static bool see_style(struct list *list)
{
    const bool suffix = span_length(list->token.suffix) != 0;

    if (list->token.value == 0)
        return true;
    list->styles |= 1u << (suffix | (unsigned)list->cast << 1);
    return (list->styles & (list->styles - 1)) == 0 ||
           refuse_here(list, "has a suffix or cast and others have none, or the other way round");
}

static bool take_number(struct list *list)
{
    const struct token token = list->token;

    list->elements++;
    if (!see_style(list) || !say_bits(list, suffix_bits(token.suffix)) ||
        !see_digits(list->reader, &list->seen[3], &token))
        return false;
    if (list->measuring) {
        list->mixed =
            list->mixed || (list->digits != 0 && list->digits != token.hex) || token.hex == 0;
        list->digits = token.hex;
        list->longest = token.hex > list->longest ? token.hex : list->longest;
    } else if (!put(list, &token, list->bits)) {
        return false;
    }
    return step(list);
}

/* ( flags, base, limit ), flags as P DPL S type in the low byte and G D L AVL in the top nibble. */
static bool take_macro(struct list *list)
{
    static const uint64_t most[3] = {0xffff, UINT32_MAX, 0xfffff};
    struct token entry = list->token;
    uint64_t value[3];

    list->macros = true;
    list->elements++;
    if (!step(list) || !demand(list, "(", "where '(' should be"))
        return false;
    for (unsigned i = 0; i < 3; i++) {
        if (list->token.kind != TOKEN_NUMBER || list->token.value > most[i])
            return refuse_here(list, "is not a number that has a place in GDT_ENTRY_INIT()");
        value[i] = list->token.value;
        if (!see_digits(list->reader, &list->seen[i], &list->token) || !step(list) ||
            !demand(list, i < 2 ? "," : ")", "where the next number should be"))
            return false;
    }
    if ((value[0] & 0x0f00) != 0)
        return refuse_token(list->reader, entry.span, "has flags in bits 11:8, where none are");
    entry.value = (value[2] & 0xffff) | (value[1] & 0xffffff) << 16 | (value[0] & 0xf0ff) << 40 |
                  (value[2] >> 16) << 48 | (value[1] >> 24) << 56;
    return list->measuring || put(list, &entry, 64);
}

/* [N] = or [NAME] =. Elements that are left out are zero; of names the order stands. */
static bool take_place(struct list *list)
{
    const struct token place = list->token;

    if (!step(list) || !demand(list, "]", "where ']' should be") ||
        !demand(list, "=", "where '=' should be"))
        return false;
    if (place.kind == TOKEN_WORD) {
        list->named++;
        return true;
    }
    if (place.value < list->elements || place.value > CGDT_PAGE_ENTRIES * 16)
        return refuse_token(list->reader, place.span, "is not the place of a later element");
    while (list->elements < place.value) {
        list->elements++;
        if (!list->measuring &&
            !put_word(list->reader, place.span.at, 0, list->macros ? 64 : list->bits))
            return false;
    }
    return true;
}

/* Whether '[' is followed by N ] =: it places an element, and opens no list. */
static bool is_place(const struct list *list)
{
    struct list look = *list;
    struct reader reader = *list->reader;

    look.reader = &reader;
    for (unsigned i = 0; i < 2; i++) {
        if (!step(&look))
            return false;
    }
    return is(&look, "]") && step(&look) && is(&look, "=");
}

/* (type), and UINT64_C( */
static bool take_cast(struct list *list)
{
    unsigned bits = 0;
    unsigned longs = 0;
    bool is_int = false;

    if (!step(list))
        return false;
    while (list->token.kind == TOKEN_WORD) {
        add_type(list, &bits, &longs, &is_int);
        if (type_bits(list->token.span) == 0 && !is(list, "unsigned") && !is(list, "long") &&
            !is(list, "int") && !is(list, "const"))
            return refuse_here(list, "is no type that is known in a cast");
        if (!step(list))
            return false;
    }
    return demand(list, ")", "where the cast should end") && say_type(list, bits, longs, is_int);
}

static bool take_element(struct list *list)
{
    list->cast = is(list, "(");
    while (is(list, "(")) {
        if (!take_cast(list))
            return false;
    }
    if (is(list, "GDT_ENTRY_INIT") || is(list, "GDT_ENTRY"))
        return take_macro(list);
    if (is(list, "UINT64_C"))
        return step(list) && demand(list, "(", "where '(' should be") && say_bits(list, 64) &&
               (list->token.kind == TOKEN_NUMBER || refuse_here(list, "is not a number")) &&
               take_number(list) && demand(list, ")", "where ')' should be");
    if (list->token.kind != TOKEN_NUMBER)
        return refuse_here(list, "is not a number");
    return take_number(list);
}

/* Where an element may begin: what it is. False: refused. */
static bool take_next(struct list *list, unsigned *depth)
{
    const bool placed = is(list, "[") && is_place(list);

    const bool opens = !placed && (is(list, "{") || is(list, "["));

    if (*depth == 1 || (*depth == 0 && !opens))
        list->places |= 1u << placed;
    if (list->places == 3)
        return refuse_here(list, "has no [N] = and others have, or the other way round");
    if (placed && (!step(list) || !take_place(list)))
        return false;
    if (!is(list, "{") && !is(list, "["))
        return take_element(list);
    if (*depth == 0)
        list->is_rust = is(list, "[");
    if (*depth == DEPTH_MAX || !is(list, list->is_rust ? "[" : "{"))
        return refuse_here(list, "opens no list here");
    ++*depth;
    list->opened = true;
    return step(list);
}

/* Elements between commas, in braces within braces or in none. */
static bool take_elements(struct list *list)
{
    unsigned depth = 0;
    bool comma = true; /* or the beginning: an element may come */

    for (;;) {
        if (list->token.kind == TOKEN_END && depth == 0)
            return true;
        if (is(list, list->is_rust ? "]" : "}")) {
            if (depth == 0)
                return refuse_here(list, "closes what was never opened");
            if (!step(list))
                return false;
            if (--depth == 0)
                return true;
            comma = false;
        } else if (is(list, ",") && !comma) {
            comma = true;
            if (!step(list))
                return false;
        } else if (!comma) {
            return refuse_here(list, "where a comma should be");
        } else {
            list->opened = false;
            if (!take_next(list, &depth))
                return false;
            comma = list->opened;
        }
    }
}

static bool take_list(struct list *list)
{
    const bool begins = step(list);

    if (!begins)
        return false;
    if (list->token.kind == TOKEN_WORD && !is(list, "GDT_ENTRY_INIT") && !is(list, "GDT_ENTRY") &&
        !is(list, "UINT64_C") && !take_declaration(list))
        return false;
    if (!take_elements(list))
        return false;
    if (is(list, ";") && !step(list))
        return false;
    if (list->has_count && list->elements != list->count)
        return refuse(list->reader, list->token.span.at,
                      "%" PRIu64 " elements are declared, %" PRIu64 " are here", list->count,
                      list->elements);
    return list->token.kind == TOKEN_END || take_length(list);
}

/* How wide an element is; 0: nothing says so. */
static unsigned width(const struct list *list)
{
    if (list->said != 0)
        return list->said;
    if (list->longest > 8)
        return 64;
    if (list->mixed)
        return 0;
    return list->digits == 8 ? 32 : list->digits == 4 ? 16 : list->digits == 2 ? 8 : 0;
}

bool read_c_list(struct reader *reader)
{
    struct list list = {.reader = reader, .rest = {reader->text, reader->end}, .measuring = true};

    reader->format = "a list of C or Rust";
    reader->line = 1;
    reader->line_at = reader->text;
    if (!take_list(&list))
        return false;
    list.bits = width(&list);
    if (list.bits == 0 && list.longest != 0)
        return refuse(reader, reader->line_at,
                      "nothing says how wide an element is: a type or ULL would");
    list = (struct list){.reader = reader,
                         .rest = {reader->text, reader->end},
                         .bits = list.bits,
                         .macros = list.macros};
    reader->line = 1;
    reader->line_at = reader->text;
    if (list.macros)
        reader->format = "GDT_ENTRY_INIT() of Linux";
    if (!take_list(&list))
        return false;
    reader->line_end = reader->line_at;
    if (list.named != 0 && list.named != list.elements)
        return refuse(reader, reader->line_at,
                      "some elements have a [NAME] whose number is not here, and some have none");
    if (list.named != 0)
        reader->format = "a list of C, in its own order: its [NAME]s have no numbers here";
    return ends_whole(reader);
}
