/* SPDX-License-Identifier: MIT */
/*
 * Descriptors and their fields are the same thing, both ways; and the rules of the CPU itself, by a
 * reference that is written from the tables of SDM vol. 3A (3.4.5, 3.5, 5.8.3, 7.2) and from
 * nothing of the core.
 */
#include "proof.h"

#include <cgdt/check.h>
#include <cgdt/descriptor.h>
#include <cgdt/error.h>

#include "oracle.h"

/* SDM vol. 3A table 3-2: of each system type, whether it may lie in a GDT, and be loaded. */
enum sdm_type {
    SDM_RESERVED,
    SDM_FINE,
    SDM_IDT_ONLY,
};

static const uint8_t sdm_32[16] = {
    SDM_RESERVED, SDM_FINE,     SDM_FINE,     SDM_FINE,     /* -, TSS16, LDT, busy TSS16 */
    SDM_FINE,     SDM_FINE,     SDM_IDT_ONLY, SDM_IDT_ONLY, /* call gate 16, task gate, int, trap */
    SDM_RESERVED, SDM_FINE,     SDM_RESERVED, SDM_FINE,     /* -, TSS, -, busy TSS */
    SDM_FINE,     SDM_RESERVED, SDM_IDT_ONLY, SDM_IDT_ONLY, /* call gate, -, int, trap */
};
static const uint8_t sdm_64[16] = {
    SDM_RESERVED, SDM_RESERVED, SDM_FINE,     SDM_RESERVED, /* upper half, -, LDT, - */
    SDM_RESERVED, SDM_RESERVED, SDM_RESERVED, SDM_RESERVED,
    SDM_RESERVED, SDM_FINE,     SDM_RESERVED, SDM_FINE,     /* -, TSS, -, busy TSS */
    SDM_FINE,     SDM_RESERVED, SDM_IDT_ONLY, SDM_IDT_ONLY, /* call gate, -, int, trap */
};

static enum cgdt_reason sdm_verdict(bool long_mode, uint64_t desc)
{
    struct oracle_fields fields;

    oracle_decode(desc, &fields);
    if (!fields.present)
        return CGDT_FINE;
    if (fields.segment)
        return long_mode && fields.type >= 8 && fields.long_mode && fields.big
                   ? CGDT_BAD_LONG_AND_BIG
                   : CGDT_FINE;
    switch ((long_mode ? sdm_64 : sdm_32)[fields.type]) {
    case SDM_FINE:
        return CGDT_FINE;
    case SDM_IDT_ONLY:
        return CGDT_BAD_GATE_TYPE;
    default:
        return CGDT_BAD_RESERVED_TYPE;
    }
}

void every_native_verdict_is_that_of_the_sdm(void)
{
    const bool la48 = any_bool();
    const cgdt_desc_t desc = any_u64();
    const struct cgdt_profile *wide = la48 ? CGDT_PROFILE_NATIVE64_LA48 : CGDT_PROFILE_NATIVE64;
    cgdt_desc_t stored;

    CLAIM(cgdt_check_descriptor(wide, desc, &stored) == sdm_verdict(true, desc),
          "64-bit: the SDM's");
    CLAIM(stored == desc, "64-bit: a CPU rewrites nothing");
    CLAIM(cgdt_check_descriptor(CGDT_PROFILE_NATIVE32, desc, &stored) == sdm_verdict(false, desc),
          "32-bit: the SDM's");
    CLAIM(stored == desc, "32-bit: a CPU rewrites nothing");
    CLAIM(cgdt_descriptor_is_stable(wide, desc) == (sdm_verdict(true, desc) == CGDT_FINE),
          "stable is what is fine");
}

void decode_is_what_the_manual_shows_and_encode_its_inverse(void)
{
    const cgdt_desc_t desc = any_u64();
    struct cgdt_desc_fields fields;
    struct oracle_fields manual;

    cgdt_desc_decode(desc, &fields);
    oracle_decode(desc, &manual);
    CLAIM(fields.base == manual.base && fields.limit == manual.limit, "base and limit");
    CLAIM(fields.type == manual.type && fields.dpl == manual.dpl, "type and DPL");
    CLAIM(fields.segment == (manual.segment == 1) && fields.present == (manual.present == 1),
          "S and P");
    CLAIM(fields.avl == (manual.avl == 1) && fields.long_mode == (manual.long_mode == 1) &&
              fields.default_big == (manual.big == 1) && fields.granular == (manual.granular == 1),
          "AVL, L, D/B, G");
    CLAIM(fields.last_offset == (manual.granular ? manual.limit * 4096u + 4095u : manual.limit),
          "the last offset is the limit in its unit");
    CLAIM(cgdt_desc_encode(&fields) == desc, "encode takes the fields back to the descriptor");
}

void encode_keeps_every_field_that_fits(void)
{
    const struct cgdt_desc_fields in = {.base = any_u32(),
                                        .limit = any_below(1u << 20),
                                        .type = (uint8_t)any_below(16),
                                        .dpl = (uint8_t)any_below(4),
                                        .segment = any_bool(),
                                        .present = any_bool(),
                                        .avl = any_bool(),
                                        .long_mode = any_bool(),
                                        .default_big = any_bool(),
                                        .granular = any_bool()};
    struct cgdt_desc_fields out;

    cgdt_desc_decode(cgdt_desc_encode(&in), &out);
    CLAIM(in.base == out.base && in.limit == out.limit, "base and limit");
    CLAIM(in.type == out.type && in.dpl == out.dpl, "type and DPL");
    CLAIM(in.segment == out.segment && in.present == out.present, "S and P");
    CLAIM(in.avl == out.avl && in.long_mode == out.long_mode, "AVL and L");
    CLAIM(in.default_big == out.default_big && in.granular == out.granular, "D/B and G");
}

void encode_cuts_what_does_not_fit_and_touches_no_other_field(void)
{
    struct cgdt_desc_fields in = {.base = any_u32(),
                                  .limit = any_u32(),
                                  .type = any_u8(),
                                  .dpl = any_u8(),
                                  .segment = any_bool(),
                                  .present = any_bool()};
    const cgdt_desc_t desc = cgdt_desc_encode(&in);

    in.limit &= 0xfffffu;
    in.type &= 15u;
    in.dpl &= 3u;
    CLAIM(cgdt_desc_encode(&in) == desc, "as if it had been cut before");
}

void a_segment_is_what_was_asked_for_or_refused(void)
{
    const uint32_t base = any_u32();
    const uint32_t last = any_u32();
    const uint64_t attributes = any_u64();
    const uint64_t may = CGDT_DESC_WRITABLE | CGDT_DESC_EXPAND | CGDT_DESC_CODE | CGDT_DESC_DPL(3) |
                         CGDT_DESC_AVL | CGDT_DESC_LONG | CGDT_DESC_DB;
    const bool fits = last <= 0xfffffu || last % 4096u == 4095u;
    const cgdt_desc_t before = any_u64();
    cgdt_desc_t desc = before;
    struct cgdt_desc_fields fields;

    const int error = cgdt_desc_segment(&desc, base, last, attributes);
    cgdt_desc_decode(desc, &fields);
    CLAIM((error == 0) == (fits && (attributes & ~may) == 0), "refused where the header says so");
    CLAIM(error == 0 || (error == -CGDT_ERANGE && desc == before), "and then left alone");
    CLAIM(error != 0 || (fields.base == base && fields.last_offset == last),
          "base and last offset");
    CLAIM(error != 0 || (fields.present && fields.segment && (fields.type & 1u) != 0),
          "present, a segment, accessed");
    CLAIM(error != 0 || (desc & may) == attributes, "the attributes");
}

static bool is_ldt_or_tss(unsigned type)
{
    return type == 2 || type == 9 || type == 11;
}

void a_system_segment_is_what_was_asked_for_or_refused(void)
{
    const uint64_t base = any_u64();
    const uint32_t limit = any_u32();
    const unsigned type = any_unsigned();
    const unsigned dpl = any_unsigned();
    const bool fits = limit < 1u << 20 && is_ldt_or_tss(type) && dpl < 4;
    const bool canonical = (int64_t)(base << 7) >> 7 == (int64_t)base;
    const cgdt_desc_t before[2] = {any_u64(), any_u64()};
    cgdt_desc_t desc[2] = {before[0], before[1]};
    cgdt_desc_t narrow = before[0];
    struct cgdt_desc_fields fields;

    const int error64 = cgdt_desc_system64(desc, base, limit, (enum cgdt_system_type)type, dpl);
    const int error32 =
        cgdt_desc_system32(&narrow, (uint32_t)base, limit, (enum cgdt_system_type)type, dpl);
    CLAIM((error32 == 0) == fits, "32-bit: refused where the header says so");
    CLAIM(error32 == 0 || (error32 == -CGDT_ERANGE && narrow == before[0]), "and left alone");
    CLAIM((error64 == 0) == (fits && canonical), "64-bit: refused where the header says so");
    CLAIM(error64 == 0 || (error64 == -CGDT_ERANGE && desc[0] == before[0] && desc[1] == before[1]),
          "and left alone");
    cgdt_desc_decode(narrow, &fields);
    CLAIM(error32 != 0 || (fields.base == (uint32_t)base && fields.limit == limit &&
                           fields.type == type && fields.dpl == dpl && fields.present &&
                           !fields.segment && !fields.granular && !fields.avl),
          "32-bit: the fields");
    CLAIM(error64 != 0 || (desc[0] == narrow && desc[1] == base >> 32), "64-bit: both halves");
}

void a_call_gate_is_what_was_asked_for(void)
{
    const uint16_t selector = any_u16();
    const uint64_t offset = any_u64();
    const unsigned dpl = any_unsigned();
    cgdt_desc_t desc[2];
    struct oracle_gate gate = {0};

    cgdt_desc_call_gate64(desc, selector, offset, dpl);
    oracle_decode_gate(desc[0], &gate);
    CLAIM((gate.offset | (uint64_t)desc[1] << 32) == offset, "the target's offset");
    CLAIM(gate.selector == selector && gate.dpl == dpl % 4u, "selector and DPL");
    CLAIM(gate.type == 12 && gate.present == 1 && gate.low_byte == 0, "a present call gate");
    CLAIM((desc[0] >> 44 & 1u) == 0, "a system descriptor");
}
