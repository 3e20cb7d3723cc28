/* SPDX-License-Identifier: MIT */
/* A descriptor in words. */
#include "fields.h"

#include <inttypes.h>
#include <stdio.h>

/* SDM vol. 3A table 3-2; in 64-bit mode the 16-bit ones and the task gate are reserved. */
static const char *const system_names[16] = {
    "second half of 16 bytes, or reserved",
    "16-bit TSS, available",
    "LDT",
    "16-bit TSS, busy",
    "16-bit call gate",
    "task gate",
    "16-bit interrupt gate",
    "16-bit trap gate",
    "reserved system type 8",
    "TSS, available",
    "reserved system type 10",
    "TSS, busy",
    "call gate",
    "reserved system type 13",
    "interrupt gate",
    "trap gate",
};

const char *system_type_name(unsigned type)
{
    return system_names[type & 0xf];
}

static const char *code_name(const struct cgdt_desc_fields *parts)
{
    if (parts->long_mode)
        return parts->default_big ? "code with L and D (reserved)" : "64-bit code";
    return parts->default_big ? "32-bit code" : "16-bit code";
}

static int segment_words(const struct cgdt_desc_fields *parts, char *text)
{
    const bool code = (parts->type & 8u) != 0;
    const bool second = (parts->type & 4u) != 0;
    const bool third = (parts->type & 2u) != 0;

    return snprintf(text, WORDS_BYTES, "%s%s, %s%s", code ? code_name(parts) : "data",
                    !second ? ""
                    : code  ? ", conforming"
                            : ", expand-down",
                    code ? (third ? "readable" : "execute-only")
                         : (third ? "writable" : "read-only"),
                    (parts->type & 1u) != 0 ? "" : ", not accessed yet");
}

void desc_words(const struct wide_desc *desc, char text[WORDS_BYTES])
{
    struct cgdt_desc_fields parts;
    struct fields fields;
    int at;

    if (desc->desc[0] == 0 && desc->desc[1] == 0) {
        (void)snprintf(text, WORDS_BYTES, "zero");
        return;
    }
    cgdt_desc_decode(desc->desc[0], &parts);
    fields_of(desc, &fields);
    at = parts.segment ? segment_words(&parts, text)
                       : snprintf(text, WORDS_BYTES, "%s", system_names[parts.type]);
    at += snprintf(text + at, WORDS_BYTES - (size_t)at, ", ring %u%s", (unsigned)parts.dpl,
                   parts.present ? "" : ", not present");
    if ((fields.given >> FIELD_OFFSET & 1u) != 0)
        (void)snprintf(text + at, WORDS_BYTES - (size_t)at, ", to 0x%" PRIx64 ":0x%" PRIx64,
                       fields.value[FIELD_SELECTOR], fields.value[FIELD_OFFSET]);
    else
        (void)snprintf(text + at, WORDS_BYTES - (size_t)at, ", base 0x%" PRIx64 ", last byte 0x%x",
                       fields.value[FIELD_BASE], (unsigned)parts.last_offset);
}
