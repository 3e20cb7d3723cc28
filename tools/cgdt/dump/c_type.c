/* SPDX-License-Identifier: MIT */
#include "c_type.h"

#include <string.h>

/* Bits of a type's word; 0: it does not say. */
static unsigned word_bits(struct span word)
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

static bool is_word(struct span word, const char *name)
{
    return span_length(word) == strlen(name) && memcmp(word.at, name, strlen(name)) == 0;
}

bool type_add(struct type *type, struct span word)
{
    const bool is_long = is_word(word, "long");
    const bool is_int = is_word(word, "int") || is_word(word, "unsigned");
    const unsigned bits = word_bits(word);

    type->longs += is_long;
    type->is_int = type->is_int || is_int;
    if (type->named == 0)
        type->named = bits;
    type->is_integer = type->is_integer || is_long || is_int || bits != 0;
    return is_long || is_int || bits != 0;
}

/* long long has 64 bits, a single long as many as the machine has. */
unsigned type_bits(const struct type *type)
{
    if (type->longs >= 2)
        return 64;
    return type->longs == 0 && type->is_int && type->named == 0 ? 32 : type->named;
}

unsigned suffix_bits(struct span suffix)
{
    const size_t length = span_length(suffix);
    unsigned ls = 0;

    for (size_t i = 0; i < length; i++)
        ls += (suffix.at[i] | 0x20) == 'l';
    if (ls == 2)
        return 64;
    return word_bits(suffix);
}
