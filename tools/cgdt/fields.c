/* SPDX-License-Identifier: MIT */
/*
 * Descriptors as text. Segments, LDTs and TSSs go through cgdt_desc_encode() and
 * cgdt_desc_decode(); gates, which have the same bits under other names (SDM vol. 3A figures 5-8
 * and 5-9), are put together here.
 */
#include "fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HIGH_HALF   32
#define OF(field)   (1u << (field))
#define SYSTEM_GATE (1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 0xc | 1u << 0xe | 1u << 0xf)

#define GATE_FIELDS    (OF(FIELD_SELECTOR) | OF(FIELD_OFFSET) | OF(FIELD_COUNT))
#define FLAG_FIELDS    (OF(FIELD_AVL) | OF(FIELD_L) | OF(FIELD_DB) | OF(FIELD_G))
#define SEGMENT_FIELDS (OF(FIELD_BASE) | OF(FIELD_LIMIT) | OF(FIELD_LAST) | FLAG_FIELDS)
#define COMMON_FIELDS  (OF(FIELD_TYPE) | OF(FIELD_S) | OF(FIELD_DPL) | OF(FIELD_P))

static const struct {
    const char *name;
    uint64_t max;
    bool hex;
} table[FIELDS] = {
    [FIELD_BASE] = {"base", UINT64_MAX, true},
    [FIELD_LIMIT] = {"limit", 0xfffff, true},
    [FIELD_LAST] = {"last", UINT32_MAX, true},
    [FIELD_SELECTOR] = {"selector", UINT16_MAX, true},
    [FIELD_OFFSET] = {"offset", UINT64_MAX, true},
    [FIELD_COUNT] = {"count", UINT8_MAX, true},
    [FIELD_TYPE] = {"type", 0xf, true},
    [FIELD_S] = {"s", 1, false},
    [FIELD_DPL] = {"dpl", 3, false},
    [FIELD_P] = {"p", 1, false},
    [FIELD_AVL] = {"avl", 1, false},
    [FIELD_L] = {"l", 1, false},
    [FIELD_DB] = {"db", 1, false},
    [FIELD_G] = {"g", 1, false},
    [FIELD_WIDE] = {"wide", 1, false},
    [FIELD_RESERVED] = {"reserved", UINT32_MAX, true},
};

/* A = 1 in all segments: see cgdt_desc_segment(). */
static const struct {
    const char *name;
    uint8_t type;
    bool segment;
} types[] = {
    {"data", 0x1, true},
    {"data-writable", 0x3, true},
    {"stack-down", 0x7, true},
    {"code", 0x9, true},
    {"code-readable", 0xb, true},
    {"code-conforming", 0xf, true},
    {"ldt", CGDT_SYS_LDT, false},
    {"tss", CGDT_SYS_TSS_AVAILABLE, false},
    {"tss-busy", CGDT_SYS_TSS_BUSY, false},
    {"call-gate", CGDT_SYS_CALL_GATE, false},
    {"task-gate", CGDT_SYS_TASK_GATE, false},
};

const char *field_name(enum field field)
{
    return table[field].name;
}

bool field_is_hex(enum field field)
{
    return table[field].hex;
}

static void set(struct fields *fields, enum field field, uint64_t value)
{
    fields->value[field] = value;
    fields->given |= OF(field);
}

static bool is_gate(bool segment, unsigned type)
{
    return !segment && (SYSTEM_GATE >> type & 1u) != 0;
}

void fields_of(const struct wide_desc *desc, struct fields *fields)
{
    const cgdt_desc_t low = desc->desc[0];
    const uint64_t above = desc->wide ? desc->desc[1] << 32 : 0;
    struct cgdt_desc_fields parts;

    *fields = (struct fields){0};
    cgdt_desc_decode(low, &parts);
    if (is_gate(parts.segment, parts.type)) {
        set(fields, FIELD_SELECTOR, low >> 16 & 0xffff);
        set(fields, FIELD_OFFSET, above | (low >> 32 & 0xffff0000u) | (low & 0xffff));
        set(fields, FIELD_COUNT, low >> 32 & 0xff);
    } else {
        set(fields, FIELD_BASE, above | parts.base);
        set(fields, FIELD_LIMIT, parts.limit);
        set(fields, FIELD_AVL, parts.avl);
        set(fields, FIELD_L, parts.long_mode);
        set(fields, FIELD_DB, parts.default_big);
        set(fields, FIELD_G, parts.granular);
    }
    set(fields, FIELD_TYPE, parts.type);
    set(fields, FIELD_S, parts.segment);
    set(fields, FIELD_DPL, parts.dpl);
    set(fields, FIELD_P, parts.present);
    if (!desc->wide)
        return;
    set(fields, FIELD_WIDE, 1);
    if (desc->desc[1] >> HIGH_HALF != 0)
        set(fields, FIELD_RESERVED, desc->desc[1] >> HIGH_HALF);
}

void fields_text(const struct fields *fields, char text[FIELDS_TEXT_BYTES])
{
    int at = 0;

    text[0] = '\0';
    for (unsigned f = 0; f < FIELDS; f++) {
        if ((fields->given & OF(f)) == 0)
            continue;
        at += snprintf(text + at, FIELDS_TEXT_BYTES - (size_t)at,
                       table[f].hex ? "%s%s=0x%" PRIx64 : "%s%s=%" PRIu64, at == 0 ? "" : " ",
                       table[f].name, fields->value[f]);
    }
}

static bool set_once(struct fields *fields, enum field field, uint64_t value, parse_why why)
{
    if ((fields->given & OF(field)) != 0) {
        (void)snprintf(why, PARSE_WHY_BYTES, "'%s' is given twice", table[field].name);
        return false;
    }
    set(fields, field, value);
    return true;
}

/* Whether it is a type by name: then it says S as well. */
static bool add_type(struct fields *fields, const char *name, bool *good, parse_why why)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(types[i].name, name) != 0)
            continue;
        *good = set_once(fields, FIELD_TYPE, types[i].type, why) &&
                set_once(fields, FIELD_S, types[i].segment, why);
        return true;
    }
    return false;
}

/*
 * The access rights in 16 bits, as VMX and Linux's GDT_ENTRY_INIT() write them: type, S, DPL and P
 * in bits 7:0, AVL, L, D/B and G in bits 15:12. A gate has none of the upper four.
 */
static bool add_attributes(struct fields *fields, uint64_t attributes, parse_why why)
{
    static const struct {
        enum field field;
        uint8_t shift;
        uint8_t mask;
    } parts[] = {{FIELD_TYPE, 0, 0xf}, {FIELD_S, 4, 1},  {FIELD_DPL, 5, 3}, {FIELD_P, 7, 1},
                 {FIELD_AVL, 12, 1},   {FIELD_L, 13, 1}, {FIELD_DB, 14, 1}, {FIELD_G, 15, 1}};
    const bool gate = is_gate((attributes >> 4 & 1u) != 0, attributes & 0xfu);
    const size_t n = gate && attributes >> 12 == 0 ? 4 : sizeof(parts) / sizeof(parts[0]);

    if ((attributes & 0xf00u) != 0) {
        (void)snprintf(why, PARSE_WHY_BYTES,
                       "attr has no bits 11:8: what stands there in a descriptor is the limit's "
                       "bits 19:16");
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!set_once(fields, parts[i].field, attributes >> parts[i].shift & parts[i].mask, why))
            return false;
    }
    return true;
}

/* A value up to max, which is written as people would write it. */
static bool read_value(const char *name, uint64_t max, const char *or_what, const char *value,
                       uint64_t *number, parse_why why)
{
    parse_quoted quoted;

    if (parse_number(value, number) && *number <= max)
        return true;
    (void)snprintf(why, PARSE_WHY_BYTES, "%s must be 0 .. %s%" PRIx64 "%s, not %s", name,
                   max > 9 ? "0x" : "", max, or_what, parse_quote(quoted, value, strlen(value)));
    return false;
}

static bool is_named(const char *name, const char *item, size_t length)
{
    return strlen(name) == length && memcmp(name, item, length) == 0;
}

bool fields_add(struct fields *fields, const char *item, parse_why why)
{
    const char *value = strchr(item, '=');
    const size_t length = value != NULL ? (size_t)(value - item) : strlen(item);
    enum field field = 0;
    parse_quoted quoted;
    uint64_t number;
    bool good;

    if (value != NULL && is_named("attr", item, length))
        return read_value("attr", UINT16_MAX, "", value + 1, &number, why) &&
               add_attributes(fields, number, why);
    while (field < FIELDS && !is_named(table[field].name, item, length))
        field++;
    if (value == NULL || field == FIELDS) {
        (void)snprintf(why, PARSE_WHY_BYTES, value == NULL ? "%s is not NAME=VALUE" : "no field %s",
                       parse_quote(quoted, item, length));
        return false;
    }
    value++;
    if (field == FIELD_TYPE && add_type(fields, value, &good, why))
        return good;
    if (!read_value(table[field].name, table[field].max, field == FIELD_TYPE ? " or a name" : "",
                    value, &number, why))
        return false;
    return set_once(fields, field, number, why);
}

/* Limit and G from the highest valid byte. */
static bool resolve_last(struct fields *fields, parse_why why)
{
    const uint64_t last = fields->value[FIELD_LAST];

    if ((fields->given & OF(FIELD_LAST)) == 0)
        return true;
    if ((fields->given & (OF(FIELD_LIMIT) | OF(FIELD_G))) != 0) {
        (void)snprintf(why, PARSE_WHY_BYTES, "'last' stands for limit and g: give it without them");
        return false;
    }
    if (last > 0xfffff && (last & 0xfff) != 0xfff) {
        (void)snprintf(why, PARSE_WHY_BYTES, "last from 0x100000 on must end in 0xfff");
        return false;
    }
    set(fields, FIELD_G, last > 0xfffff);
    set(fields, FIELD_LIMIT, last > 0xfffff ? last >> 12 : last);
    return true;
}

/* The first field that is given but has no place in such a descriptor. */
static bool demand_only(const struct fields *fields, uint32_t allowed, const char *what,
                        parse_why why)
{
    for (unsigned f = 0; f < FIELDS; f++) {
        if ((fields->given & ~allowed & OF(f)) == 0)
            continue;
        (void)snprintf(why, PARSE_WHY_BYTES, "%s has no field '%s'", what, table[f].name);
        return false;
    }
    return true;
}

/* 16 bytes: where asked for, or where the address needs them. */
static bool resolve_wide(struct fields *fields, struct wide_desc *desc, parse_why why)
{
    const uint64_t *value = fields->value;
    const bool far = (value[FIELD_BASE] | value[FIELD_OFFSET]) > UINT32_MAX;
    const bool asked = (fields->given & OF(FIELD_WIDE)) != 0;

    desc->wide = asked ? value[FIELD_WIDE] != 0 : far || value[FIELD_RESERVED] != 0;
    if (desc->wide && value[FIELD_S] != 0)
        (void)snprintf(why, PARSE_WHY_BYTES,
                       "a code or data segment has 8 bytes and a base of 32 bits");
    else if (!desc->wide && (far || value[FIELD_RESERVED] != 0))
        (void)snprintf(why, PARSE_WHY_BYTES, "that needs 16 bytes: wide=1");
    else
        return true;
    return false;
}

static cgdt_desc_t encode_segment(const uint64_t value[FIELDS])
{
    const struct cgdt_desc_fields parts = {
        .base = (uint32_t)value[FIELD_BASE],
        .limit = (uint32_t)value[FIELD_LIMIT],
        .type = (uint8_t)value[FIELD_TYPE],
        .dpl = (uint8_t)value[FIELD_DPL],
        .segment = value[FIELD_S] != 0,
        .present = value[FIELD_P] != 0,
        .avl = value[FIELD_AVL] != 0,
        .long_mode = value[FIELD_L] != 0,
        .default_big = value[FIELD_DB] != 0,
        .granular = value[FIELD_G] != 0,
    };

    return cgdt_desc_encode(&parts);
}

static cgdt_desc_t encode_gate(const uint64_t value[FIELDS])
{
    return (value[FIELD_OFFSET] & 0xffff) | value[FIELD_SELECTOR] << 16 | value[FIELD_COUNT] << 32 |
           value[FIELD_TYPE] << 40 | CGDT_DESC_DPL(value[FIELD_DPL]) |
           (value[FIELD_P] != 0 ? CGDT_DESC_PRESENT : 0) |
           (value[FIELD_OFFSET] & 0xffff0000u) << 32;
}

bool fields_encode(const struct fields *fields, struct wide_desc *desc, parse_why why)
{
    struct fields all = *fields;
    const uint64_t *value = all.value;

    *desc = (struct wide_desc){0};
    if ((all.given & OF(FIELD_P)) == 0)
        all.value[FIELD_P] = 1;
    if ((all.given & OF(FIELD_S)) == 0)
        all.value[FIELD_S] = 1;
    if (!resolve_last(&all, why) || !resolve_wide(&all, desc, why))
        return false;
    const bool gate = is_gate(value[FIELD_S] != 0, (unsigned)value[FIELD_TYPE]);
    const uint32_t allowed =
        COMMON_FIELDS | OF(FIELD_WIDE) | OF(FIELD_RESERVED) | (gate ? GATE_FIELDS : SEGMENT_FIELDS);
    if (!demand_only(&all, allowed, gate ? "a gate" : "what is not a gate", why))
        return false;
    desc->desc[0] = gate ? encode_gate(value) : encode_segment(value);
    if (desc->wide)
        desc->desc[1] = value[gate ? FIELD_OFFSET : FIELD_BASE] >> 32 | value[FIELD_RESERVED]
                                                                            << HIGH_HALF;
    return true;
}

/* As many digits as half a descriptor has, as QEMU and .long have them: which half is not said. */
static bool is_half(const char *text, size_t length)
{
    return length - parse_prefix(text, length) == 8;
}

bool wide_desc_parse(const char *text, struct wide_desc *desc, parse_why why)
{
    const char *comma = strchr(text, ',');
    const size_t length = comma != NULL ? (size_t)(comma - text) : strlen(text);
    char low[20] = "";
    parse_quoted quoted;

    *desc = (struct wide_desc){.wide = comma != NULL};
    if (length < sizeof(low))
        memcpy(low, text, length);
    if (!parse_hex(low, &desc->desc[0]) || (comma && !parse_hex(comma + 1, &desc->desc[1]))) {
        (void)snprintf(why, PARSE_WHY_BYTES,
                       "%s is not a hexadecimal number of up to 16 digits, or two with a comma",
                       parse_quote(quoted, text, strlen(text)));
        return false;
    }
    if (is_half(text, length)) {
        (void)snprintf(why, PARSE_WHY_BYTES,
                       "%s has 8 digits, half a descriptor: give all 16, the upper half first",
                       parse_quote(quoted, text, length));
        return false;
    }
    if (desc->wide && (desc->desc[0] & CGDT_DESC_SEGMENT) != 0) {
        (void)snprintf(why, PARSE_WHY_BYTES, "%s: a code or data segment has 8 bytes",
                       parse_quote(quoted, text, strlen(text)));
        return false;
    }
    return true;
}
