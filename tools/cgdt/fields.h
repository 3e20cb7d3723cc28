/* SPDX-License-Identifier: MIT */
/*
 * Descriptors as text: fields by name, and in words. `cgdt decode` and `cgdt encode` are inverse to
 * each other for every value, because every bit has a name here.
 */
#ifndef CGDT_TOOLS_FIELDS_H
#define CGDT_TOOLS_FIELDS_H

#include "parse.h"

/* A descriptor of 8 bytes or, where wide, of 16: desc[0] is the low half. */
struct wide_desc {
    cgdt_desc_t desc[2];
    bool wide;
};

enum field {
    FIELD_BASE,
    FIELD_LIMIT,
    FIELD_LAST, /* instead of limit and g: the highest valid byte offset */
    FIELD_SELECTOR,
    FIELD_OFFSET,
    FIELD_COUNT, /* gates: bits 39:32, parameters or interrupt stack */
    FIELD_TYPE,
    FIELD_S,
    FIELD_DPL,
    FIELD_P,
    FIELD_AVL,
    FIELD_L,
    FIELD_DB,
    FIELD_G,
    FIELD_WIDE,
    FIELD_RESERVED, /* bits 127:96 of a wide one */
    FIELDS,
};

struct fields {
    uint64_t value[FIELDS];
    uint32_t given; /* bit f: field f is meant */
};

/* The name as it is written, and whether numbers of this field are better read in hexadecimal. */
const char *field_name(enum field field);
bool field_is_hex(enum field field);

/* The fields that this descriptor has, and no others: enough to make it again. */
void fields_of(const struct wide_desc *desc, struct fields *fields);

/* "base=0x0 limit=0xfffff type=0xb ...", NUL-terminated; 300 bytes are enough. */
#define FIELDS_TEXT_BYTES 300u
void fields_text(const struct fields *fields, char text[FIELDS_TEXT_BYTES]);

/*
 * One NAME=VALUE into fields; attr=, the access rights in 16 bits, into several. False: why has the
 * reason.
 */
bool fields_add(struct fields *fields, const char *item, parse_why why);

/*
 * The descriptor that fields mean; what is not given is 0, but P and S are 1. False: why has the
 * reason.
 */
bool fields_encode(const struct fields *fields, struct wide_desc *desc, parse_why why);

/*
 * One descriptor in words, such as "64-bit code, readable, accessed, ring 3"; 200 bytes are enough.
 */
#define WORDS_BYTES 200u
void desc_words(const struct wide_desc *desc, char text[WORDS_BYTES]);

/* "TSS, busy" and the like, of types 0 .. 15 of system descriptors. */
const char *system_type_name(unsigned type);

/* LOW or LOW,HIGH in hexadecimal. False: why has the reason. */
bool wide_desc_parse(const char *text, struct wide_desc *desc, parse_why why);

#endif
