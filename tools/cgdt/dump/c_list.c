/* SPDX-License-Identifier: MIT */
/*
 * An array's initialiser in C or Rust. How wide an element is, is said by its type, a suffix or a
 * cast; otherwise by the digits, if all have as many. The text is gone through twice: for the
 * width, and for the contents.
 */
#include "c_type.h"
#include "lists.h"
#include "shape.h"

#include <inttypes.h>
#include <string.h>

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
    bool inits;       /* that one, which is a list in braces, and not GDT_ENTRY */
    bool plain;       /* numbers of another kind */
    unsigned bits;    /* of an element, the second time */

    unsigned places; /* bit 0: an element has no [N] =, bit 1: one has */
    bool opened;     /* what was taken is a list within the list */
    struct shape shape;
    uint64_t unit;  /* numbers in an element of the array, the second time */
    uint64_t named; /* elements placed by [NAME] =, whose numbers are not here */
    uint64_t left_out;
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

/* ---- the declaration ------------------------------------------------------------------------- */

/* "; 3]" of Rust, once or more: the innermost comes first. */
static bool take_rust_dimensions(struct list *list, unsigned open)
{
    for (; open > 0; open--) {
        if (is(list, ";")) {
            if (!step(list))
                return false;
            const struct token n = list->token;

            list->shape.rust = true;
            if ((n.kind != TOKEN_NUMBER && n.kind != TOKEN_WORD) ||
                (n.kind == TOKEN_NUMBER && n.value == 0))
                return refuse_here(list, "is no number of elements");
            if (!shape_dimension(list->reader, &list->shape, n.span, n.value) || !step(list))
                return false;
        }
        if (!demand(list, "]", "in brackets, where a number alone may be: write how many"))
            return false;
    }
    return true;
}

/* [3], [], [NAME]; [u64; 3] of Rust */
static bool take_dimension(struct list *list, struct type *type)
{
    unsigned open = 0;

    for (; is(list, "["); open++) {
        if (!step(list))
            return false;
    }
    const struct token n = list->token;

    if (n.kind == TOKEN_NUMBER && n.value == 0)
        return refuse_here(list, "is no number of elements");
    if (n.kind == TOKEN_WORD)
        type_add(type, list->token.span);
    if ((n.kind == TOKEN_WORD || n.kind == TOKEN_NUMBER) && !step(list))
        return false;
    if (n.kind == TOKEN_WORD && (open > 1 || is(list, ";")))
        return take_rust_dimensions(list, open);
    return (is(list, "]") && open == 1)
               ? shape_dimension(list->reader, &list->shape, n.span, n.value) && step(list)
               : refuse_here(list, "in brackets, where a number alone may be: write how many");
}

/* "static const u64 gdt[3] =", "static GDT: [u64; 3] =": up to the list. */
static bool take_declaration(struct list *list)
{
    const struct list from = *list;
    const size_t line = list->reader->line;
    const char *const line_at = list->reader->line_at;
    struct type type = {0};
    int parentheses = 0;

    while (list->token.kind != TOKEN_END && !is(list, "=") && !is(list, "{")) {
        if (is(list, "[") && parentheses == 0) {
            if (!take_dimension(list, &type))
                return false;
            continue;
        }
        if (list->token.kind == TOKEN_WORD && parentheses == 0)
            type_add(&type, list->token.span);
        else if ((list->token.kind == TOKEN_NUMBER && parentheses == 0) ||
                 (list->token.kind == TOKEN_MARK &&
                  strchr("[]:;*&()<>", *list->token.span.at) == NULL))
            break;
        parentheses += is(list, "(");
        parentheses -= is(list, ")");
        if (!step(list))
            return false;
    }
    if (is(list, "=")) {
        list->shape.scalar = type.is_integer;
        return step(list) && say_bits(list, type_bits(&type));
    }
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

    list->plain = true;
    if (!shape_number(list->reader, &list->shape, token.span) || !see_style(list) ||
        !say_bits(list, suffix_bits(token.suffix)) ||
        !see_digits(list->reader, &list->seen[3], &token))
        return false;
    if (list->measuring) {
        list->mixed =
            list->mixed || (list->digits != 0 && list->digits != token.hex) || token.hex == 0;
        list->digits = token.hex;
        list->longest = token.hex > list->longest ? token.hex : list->longest;
        if (token.value > UINT32_MAX && list->shape.braces)
            list->longest = 16;
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
    if (!shape_number(list->reader, &list->shape, entry.span) || !step(list) ||
        !demand(list, "(", "where '(' should be"))
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

static bool put_zeros(struct list *list, const char *at, uint64_t n)
{
    for (; n > 0; n--) {
        if (!put_word(list->reader, at, 0, list->bits))
            return false;
    }
    return true;
}

/* [N] = or [NAME] =. Elements that are left out are zero; of names the order stands. */
static bool take_place(struct list *list)
{
    const struct token place = list->token;

    if (!step(list) || !demand(list, "]", "where ']' should be") ||
        !demand(list, "=", "where '=' should be"))
        return false;
    if (list->shape.level != 1)
        return refuse_token(list->reader, place.span, "is a place in an inner list: not read");
    if (place.kind == TOKEN_WORD) {
        list->named++;
        return true;
    }
    if (place.value < list->shape.items || place.value > CGDT_PAGE_ENTRIES * 16)
        return refuse_token(list->reader, place.span, "is not the place of a later element");
    if (!list->measuring && !is(list, "{") &&
        (list->shape.dims > 1 || (list->bits != 64 && !list->shape.scalar)))
        return refuse_token(list->reader, place.span,
                            "is a place of a number, or of more: the type does not say");
    const uint64_t before = list->shape.items;

    list->shape.items = place.value;
    return list->measuring || put_zeros(list, place.span.at, (place.value - before) * list->unit);
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
    struct type type = {0};

    if (!step(list))
        return false;
    while (list->token.kind == TOKEN_WORD) {
        if (!type_add(&type, list->token.span) && !is(list, "const"))
            return refuse_here(list, "is no type that is known in a cast");
        if (!step(list))
            return false;
    }
    return demand(list, ")", "where the cast should end") && say_bits(list, type_bits(&type));
}

static bool take_element(struct list *list)
{
    list->cast = is(list, "(");
    while (is(list, "(")) {
        if (!take_cast(list))
            return false;
    }
    if (is(list, "GDT_ENTRY")) /* a number, where the other is a list in braces */
        return say_bits(list, 64) && take_macro(list);
    list->inits = list->inits || is(list, "GDT_ENTRY_INIT");
    if (is(list, "GDT_ENTRY_INIT"))
        return take_macro(list);
    if (is(list, "UINT64_C"))
        return step(list) && demand(list, "(", "where '(' should be") && say_bits(list, 64) &&
               (list->token.kind == TOKEN_NUMBER || refuse_here(list, "is not a number")) &&
               take_number(list) && demand(list, ")", "where ')' should be");
    if (list->token.kind != TOKEN_NUMBER)
        return refuse_here(list, "is not a number");
    return take_number(list);
}

/* Where an element may begin: what it is. `outer`: the array's own braces. False: refused. */
static bool take_next(struct list *list, bool outer)
{
    const bool placed = is(list, "[") && is_place(list);

    list->opened = false;
    if (!outer && list->shape.level == 1)
        list->places |= 1u << placed;
    if (list->places == 3)
        return refuse_here(list, "has no [N] = and others have, or the other way round");
    if (placed && (!step(list) || !take_place(list)))
        return false;
    if (!is(list, "{") && !is(list, "["))
        return take_element(list);
    if (!is(list, list->shape.rust ? "[" : "{"))
        return refuse_here(list, "opens no list here");
    list->opened = true;
    return (outer || shape_open(list->reader, &list->shape, list->token.span)) && step(list);
}

/* Elements between commas, in braces within braces or in none. */
static bool take_elements(struct list *list)
{
    struct shape *const shape = &list->shape;
    bool comma = true; /* or the beginning: an element may come */

    shape->level = 1;
    shape->braces = is(list, "{") || (is(list, "[") && !is_place(list));
    if (shape->rust && !is(list, "["))
        return refuse_here(list, "opens no list of Rust");
    shape->rust = shape->braces && is(list, "[");
    if (shape->braces && !take_next(list, true))
        return false;
    for (;;) {
        if (list->token.kind == TOKEN_END && !shape->braces && shape->level == 1)
            return true;
        if (is(list, shape->rust ? "]" : "}")) {
            if (shape->level == 1)
                return shape->braces ? step(list)
                                     : refuse_here(list, "closes what was never opened");
            if (!shape_close(list->reader, shape, list->token.span, list->bits) || !step(list))
                return false;
            comma = false;
        } else if (is(list, ",") && !comma) {
            comma = true;
            if (!step(list))
                return false;
        } else if (!comma) {
            return refuse_here(list, shape->braces
                                         ? "where a comma should be"
                                         : "where a comma should be (numbers without commas: "
                                           "16, 8 or 2 digits each)");
        } else {
            if (!take_next(list, false))
                return false;
            comma = list->opened;
        }
    }
}

/* What the declaration has beyond the list is zero, in C. */
static bool take_rest(struct list *list)
{
    uint64_t missing;

    if (!shape_end(list->reader, &list->shape, list->token.span.at, list->bits, list->places == 2,
                   &missing))
        return false;
    if (list->named != 0)
        return true; /* they have other places */
    list->left_out = missing;
    return put_zeros(list, list->token.span.at, missing);
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
    if (!list->measuring && !take_rest(list))
        return false;
    if (is(list, ";") && !step(list))
        return false;
    return list->token.kind == TOKEN_END || take_length(list);
}

/* How wide an element is; 0: nothing says so. */
static unsigned width(const struct list *list)
{
    if (list->said != 0)
        return list->said;
    if (list->longest > 8)
        return 64;
    if (list->mixed || list->shape.scalar) /* long */
        return 0;
    return list->digits == 8 ? 32 : list->digits == 4 ? 16 : list->digits == 2 ? 8 : 0;
}

/* Of the list as a whole: it is understood to its end. */
static bool refuse_whole(struct reader *reader, const char *words)
{
    (void)refuse(reader, reader->line_at, "%s", words);
    reader->reached = reader->end;
    return false;
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
    if (list.inits && list.plain)
        return refuse_whole(reader,
                            "numbers stand among GDT_ENTRY_INIT(): write GDT_ENTRY_INIT(0, 0, 0)");
    if (list.bits == 0 && list.plain)
        return refuse_whole(reader, "nothing says how wide an element is: a type or ULL would");
    list = (struct list){.reader = reader,
                         .rest = {reader->text, reader->end},
                         .bits = list.macros ? 64 : list.bits,
                         .macros = list.macros,
                         .unit = shape_unit(&list.shape)};
    reader->line = 1;
    reader->line_at = reader->text;
    if (list.macros)
        reader->format = "GDT_ENTRY_INIT() of Linux";
    if (!take_list(&list))
        return false;
    reader->line_end = reader->line_at;
    if (list.named != 0 && list.named != list.shape.items)
        return refuse_whole(
            reader, "some elements have a [NAME] whose number is not here, and some have none");
    if (list.named != 0)
        reader->format = "a list of C, in its own order: its [NAME]s have no numbers here";
    else if (list.left_out != 0)
        reader->format = "a list of C, with zeros where it has fewer elements than are declared";
    return ends_whole(reader);
}
