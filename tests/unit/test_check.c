/* SPDX-License-Identifier: MIT */
/*
 * One descriptor by each profile's rules: the tables row by row, then a million values against the
 * oracle's own model of Xen. Slots and pages are in test_check_page.c.
 */
#include <cgdt/check.h>

#include "../support/profiles.h"
#include "must.h"
#include "oracle.h"

#define RANDOM_DESCRIPTORS 1200000

/* Raw descriptor from its high and low words, as the manuals and Xen write them. */
#define WORDS(high, low) ((uint64_t)(high) << 32 | (uint64_t)(low))

struct row {
    const char *claim;
    uint64_t desc;
    uint64_t stored;
    enum cgdt_reason reason;
};

static void check_rows(const struct cgdt_profile *profile, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        cgdt_desc_t stored = 0x5555;
        const enum cgdt_reason reason = cgdt_check_descriptor(profile, rows[i].desc, &stored);

        cr_expect(reason == rows[i].reason, "%s: reason %d, not %d", rows[i].claim, reason,
                  rows[i].reason);
        cr_expect(stored == rows[i].stored, "%s: stores %016" PRIx64 ", not %016" PRIx64,
                  rows[i].claim, stored, rows[i].stored);
        cr_expect(cgdt_check_descriptor(profile, rows[i].desc, NULL) == rows[i].reason, "%s",
                  rows[i].claim);
    }
}

#define KEPT(text, desc)                                                                           \
    {                                                                                              \
        text, desc, desc, CGDT_FINE                                                                \
    }
#define REFUSED(text, desc, reason)                                                                \
    {                                                                                              \
        text, desc, desc, reason                                                                   \
    }

Test(check, pv64_keeps_what_the_fact_sheet_says)
{
    const struct row rows[] = {
        KEPT("zero", 0),
        KEPT("not present, all other bits set", 0xffff7fffffffffff),
        KEPT("not-present TSS", WORDS(0x00000900, 0x00000067)),
        KEPT("ring 3 data", 0x00cff3000000ffff),
        KEPT("ring 3 code with L and D both set", 0x00effb000000ffff),
        KEPT("accessed bit clear", 0x00cff2000000ffff),
        KEPT("conforming code", 0x00cffe000000ffff),
        KEPT("expand-down data", 0x00cff6000000ffff),
        KEPT("present, S = 0, type 0, DPL 0", WORDS(0x00008000, 0)),
        KEPT("present, S = 0, type 0, everything else set", 0xffffe0ffffffffff),
        KEPT("call gate of DPL 0 and RPL 3", WORDS(0x00008c00, 0x000b0000)),
    };

    check_rows(CGDT_PROFILE_XEN_PV64, rows, COUNT_OF(rows));
}

Test(check, pv64_rewrites_what_the_fact_sheet_says)
{
    const struct row rows[] = {
        {"DPL 0 becomes 3", 0x00cf93000000ffff, 0x00cff3000000ffff, CGDT_DPL_RAISED},
        {"DPL 1 becomes 3", 0x00cfb3000000ffff, 0x00cff3000000ffff, CGDT_DPL_RAISED},
        {"DPL 2 becomes 3", 0x00cfd3000000ffff, 0x00cff3000000ffff, CGDT_DPL_RAISED},
        {"gate 0008 becomes 000b", WORDS(0x00008c00, 0x00080000), WORDS(0x00008c00, 0x000b0000),
         CGDT_GATE_FORCED},
        {"gate's DPL 3 becomes 0", WORDS(0x0000ec00, 0x000b0000), WORDS(0x00008c00, 0x000b0000),
         CGDT_GATE_FORCED},
        {"last guest selector", WORDS(0x00008c00, 0xdff80000), WORDS(0x00008c00, 0xdffb0000),
         CGDT_GATE_FORCED},
        {"gate into an LDT", WORDS(0x00008c00, 0xfffc0000), WORDS(0x00008c00, 0xffff0000),
         CGDT_GATE_FORCED},
    };

    check_rows(CGDT_PROFILE_XEN_PV64, rows, COUNT_OF(rows));
}

Test(check, pv64_refuses_what_the_fact_sheet_says)
{
    const struct row rows[] = {
        REFUSED("TSS 9", WORDS(0x00008900, 0x67), CGDT_BAD_SYSTEM_TYPE),
        REFUSED("TSS B", WORDS(0x00008b00, 0x67), CGDT_BAD_SYSTEM_TYPE),
        REFUSED("LDT", WORDS(0x00008200, 0xffff), CGDT_BAD_SYSTEM_TYPE),
        REFUSED("interrupt gate", WORDS(0x0000ee00, 0x80000), CGDT_BAD_SYSTEM_TYPE),
        REFUSED("trap gate", WORDS(0x0000ef00, 0x80000), CGDT_BAD_SYSTEM_TYPE),
        REFUSED("task gate", WORDS(0x0000e500, 0x80000), CGDT_BAD_SYSTEM_TYPE),
        REFUSED("gate to e030", WORDS(0x00008c00, 0xe0300000), CGDT_BAD_GATE_SELECTOR),
        REFUSED("gate to e008", WORDS(0x00008c00, 0xe0080000), CGDT_BAD_GATE_SELECTOR),
        REFUSED("gate to the 32-bit code e019", WORDS(0x00008c00, 0xe0190000),
                CGDT_BAD_GATE_SELECTOR),
        REFUSED("low byte 1", WORDS(0x00008c01, 0x00080000), CGDT_BAD_GATE_RESERVED),
        REFUSED("bad target and low byte 1: the target first", WORDS(0x00008c01, 0xe0080000),
                CGDT_BAD_GATE_SELECTOR),
    };

    check_rows(CGDT_PROFILE_XEN_PV64, rows, COUNT_OF(rows));
}

Test(check, pv64_allows_a_gate_to_exactly_its_flat_kernel_code)
{
    const struct row rows[] = {
        KEPT("e033", WORDS(0x00008c00, 0xe0330000)),
        REFUSED("e032", WORDS(0x00008c00, 0xe0320000), CGDT_BAD_GATE_SELECTOR),
    };

    check_rows(CGDT_PROFILE_XEN_PV64, rows, COUNT_OF(rows));
}

Test(check, pv32_differs_as_the_fact_sheet_says)
{
    const struct row rows[] = {
        {"DPL 0 becomes 1", 0x00c093000000ffff, 0x00c0b3000000ffff, CGDT_DPL_RAISED},
        KEPT("DPL 1", 0x00c0b3000000ffff),
        KEPT("DPL 2", 0x00c0d3000000ffff),
        REFUSED("L = 1", 0x00affb000000ffff, CGDT_BAD_LONG_CODE32),
        REFUSED("data with L = 1", 0x00aff3000000ffff, CGDT_BAD_LONG_CODE32),
        KEPT("D = 0", 0x008ffb000000ffff),
        KEPT("gate to e019", WORDS(0x00008c00, 0xe0190000)),
        REFUSED("gate to e033", WORDS(0x00008c00, 0xe0330000), CGDT_BAD_GATE_SELECTOR),
        KEPT("parameter count 31", WORDS(0x00008c1f, 0x00090000)),
        REFUSED("bit 5 of a gate", WORDS(0x00008c20, 0x00090000), CGDT_BAD_GATE_RESERVED),
        REFUSED("bit 7 of a gate", WORDS(0x00008c80, 0x00090000), CGDT_BAD_GATE_RESERVED),
        {"gate's DPL 2 goes to RPL 2", WORDS(0x0000cc00, 0x00080000), WORDS(0x00008c00, 0x000a0000),
         CGDT_GATE_FORCED},
        REFUSED("TSS", WORDS(0x00008900, 0x67), CGDT_BAD_SYSTEM_TYPE),
        KEPT("type 0", WORDS(0x00008000, 0)),
    };

    check_rows(CGDT_PROFILE_XEN_PV32, rows, COUNT_OF(rows));
}

Test(check, pv32_stretches_flat_segments_that_reach_xen)
{
    const struct row rows[] = {
        KEPT("ends exactly where Xen begins", WORDS(0x00cff300, 0x57ff)),
        {"one page more", WORDS(0x00cff300, 0x5800), 0x00cff3000000ffff, CGDT_LIMIT_RAISED},
        {"f6800000 bytes, old Linux", WORDS(0x00cff300, 0x67ff), 0x00cff3000000ffff,
         CGDT_LIMIT_RAISED},
        {"and DPL 0", WORDS(0x00cf9300, 0x67ff), 0x00cfb3000000ffff, CGDT_DPL_RAISED},
        KEPT("base 1", WORDS(0x00cff300, 0x000167ff)),
        KEPT("base 1 << 16", WORDS(0x00cff301, 0x67ff)),
        KEPT("base 1 << 24", WORDS(0x01cff300, 0x67ff)),
        KEPT("byte granular", WORDS(0x004ff300, 0x67ff)),
    };

    check_rows(CGDT_PROFILE_XEN_PV32, rows, COUNT_OF(rows));
}

Test(check, a_pv32_profile_raises_limits_from_its_own_boundary_only)
{
    const struct row rows[] = {
        KEPT("f6800000 bytes, old Linux", WORDS(0x00cfba00, 0x67ff)),
        KEPT("one page above where Xen begins in most domains", WORDS(0x00cfba00, 0x5800)),
        KEPT("ends exactly where Xen begins", WORDS(0x00cfba00, 0xedff)),
        {"one page more", WORDS(0x00cfba00, 0xee00), 0x00cfba000000ffff, CGDT_LIMIT_RAISED},
    };
    struct cgdt_profile_room room;

    check_rows(cgdt_profile_xen_pv32_from(&room, 0xfee00000), rows, COUNT_OF(rows));
}

Test(check, a_pv32_boundary_is_a_page_of_the_part_that_can_be_xens)
{
    struct cgdt_profile_room room;

    cr_assert_null(cgdt_profile_xen_pv32_from(&room, 0xf57ff000));
    cr_assert_null(cgdt_profile_xen_pv32_from(&room, 0xf5800800));
    cr_assert_not_null(cgdt_profile_xen_pv32_from(&room, CGDT_XEN_PV32_START));
    cr_assert_not_null(cgdt_profile_xen_pv32_from(&room, 0xfffff000));
}

static const enum cgdt_reason reason_of[] = {
    [ORACLE_KEPT] = CGDT_FINE,
    [ORACLE_DPL_RAISED] = CGDT_DPL_RAISED,
    [ORACLE_LIMIT_RAISED] = CGDT_LIMIT_RAISED,
    [ORACLE_GATE_MOVED] = CGDT_GATE_FORCED,
    [ORACLE_REFUSED_TYPE] = CGDT_BAD_SYSTEM_TYPE,
    [ORACLE_REFUSED_TARGET] = CGDT_BAD_GATE_SELECTOR,
    [ORACLE_REFUSED_BITS] = CGDT_BAD_GATE_RESERVED,
    [ORACLE_REFUSED_LONG] = CGDT_BAD_LONG_CODE32,
};

static void against_oracle(const struct cgdt_profile *profile, uint64_t desc)
{
    const enum oracle_guest guest = profile == CGDT_PROFILE_XEN_PV64 ? ORACLE_PV64 : ORACLE_PV32;
    uint64_t theirs = 0;
    cgdt_desc_t ours = 0;
    const enum oracle_outcome outcome = oracle_xen(guest, desc, &theirs);
    const enum cgdt_reason reason = cgdt_check_descriptor(profile, desc, &ours);

    MUST(reason == reason_of[outcome], "%016" PRIx64 ": reason %d, the oracle says %d", desc,
         reason, reason_of[outcome]);
    MUST(ours == theirs, "%016" PRIx64 ": stores %016" PRIx64 ", the oracle %016" PRIx64, desc,
         ours, theirs);
}

/*
 * Values near the rules' edges: present ones, call gates around Xen's selectors, long flat
 * segments.
 */
static uint64_t structured(uint64_t *seed)
{
    uint64_t desc = next_random(seed);
    const uint64_t present = 1ull << 47;

    switch (random_below(seed, 6)) {
    case 0:
        return desc;
    case 1:
        return desc | present;
    case 2: /* a call gate, its low byte often zero */
        desc = (desc & ~(0x1full << 40)) | 0xcull << 40 | present;
        return random_below(seed, 4) ? desc & ~(0xffull << 32) : desc & ~(0xdfull << 32);
    case 3: /* a call gate to a selector near the reserved entries */
        desc = (desc & ~(0x1full << 40) & ~(0xffull << 32) & ~(0xffffull << 16)) | 0xcull << 40;
        return desc | present | (uint64_t)(0xdfe0 + random_below(seed, 0x80)) << 16;
    case 4: /* flat, its end near Xen's beginning */
        desc = (desc & 0x00e0ff0000000000ull) | present | 0xfull << 48;
        return desc | (0x57f0 + random_below(seed, 32));
    default: /* flat, any end, page granular */
        return (desc & 0x007fff000000ffffull) | present | 1ull << 55;
    }
}

Test(check, pv64_agrees_with_the_oracle_on_a_million_descriptors)
{
    uint64_t seed = 11;

    for (int i = 0; i < RANDOM_DESCRIPTORS; i++)
        against_oracle(CGDT_PROFILE_XEN_PV64, structured(&seed));
}

Test(check, pv32_agrees_with_the_oracle_on_a_million_descriptors)
{
    uint64_t seed = 12;

    for (int i = 0; i < RANDOM_DESCRIPTORS; i++)
        against_oracle(CGDT_PROFILE_XEN_PV32, structured(&seed));
}

Test(check, pv32_with_any_boundary_agrees_with_the_oracle_one_by_one_and_by_page)
{
    static _Alignas(8) cgdt_desc_t page[CGDT_PAGE_ENTRIES];
    struct cgdt_profile_room room;
    uint64_t seed = 13;

    for (int i = 0; i < RANDOM_DESCRIPTORS; i++) {
        const uint32_t start = (uint32_t)(0xf5800 + random_below(&seed, 0xa800)) << 12;
        const struct cgdt_profile *profile = cgdt_profile_xen_pv32_from(&room, start);
        const uint64_t near = ((start >> 12) - 4 + random_below(&seed, 8)) & 0xffff;
        const uint64_t desc = WORDS(0x00cff300, near);
        struct cgdt_violation violation = {.reason = CGDT_FINE};
        uint64_t stored = 0;

        oracle_xen_start = start;
        against_oracle(profile, structured(&seed));
        against_oracle(profile, desc);
        page[9] = desc;
        (void)cgdt_check_page(profile, 0, page, 32, ~0ull, &violation);
        cr_assert_eq(violation.reason, reason_of[oracle_xen(ORACLE_PV32, desc, &stored)]);
    }
}

Test(check, every_attribute_combination_agrees_with_the_oracle)
{
    for (uint64_t attributes = 0; attributes < 0x10000; attributes++) {
        against_oracle(CGDT_PROFILE_XEN_PV64, attributes << 40 | 0x0008ffff);
        against_oracle(CGDT_PROFILE_XEN_PV32, attributes << 40 | 0x0008ffff);
        against_oracle(CGDT_PROFILE_XEN_PV32, attributes << 40 | 0x0000ffff);
    }
}

Test(check, every_call_gate_target_agrees_with_the_oracle)
{
    for (uint64_t selector = 0; selector < 0x10000; selector++)
        for (uint64_t dpl = 0; dpl < 4; dpl++) {
            against_oracle(CGDT_PROFILE_XEN_PV64, WORDS(0x00008c00 | dpl << 13, selector << 16));
            against_oracle(CGDT_PROFILE_XEN_PV32, WORDS(0x00008c00 | dpl << 13, selector << 16));
        }
}

static bool is_gate(cgdt_desc_t desc)
{
    return (desc >> 40 & 0x9f) == 0x8c;
}

Test(check, what_is_stored_is_kept_when_seen_again)
{
    uint64_t seed = 13;

    for (int i = 0; i < 300000; i++)
        for (unsigned xen = 0; xen < 2; xen++) {
            const struct cgdt_profile *profile = nth_profile(xen);
            const cgdt_desc_t desc = structured(&seed);
            cgdt_desc_t stored = 0;
            cgdt_desc_t again = 0;
            const enum cgdt_reason first = cgdt_check_descriptor(profile, desc, &stored);

            if (cgdt_reason_effect(first) == CGDT_REFUSED ||
                (profile == CGDT_PROFILE_XEN_PV32 && is_gate(desc)))
                continue;
            MUST(cgdt_check_descriptor(profile, stored, &again) == CGDT_FINE && again == stored,
                 "%016" PRIx64 " is not stable", desc);
        }
}

/*
 * Ring 3 moves into the selector; 0xe01b is then one of Xen's own with a DPL of 0, which counts as
 * 1.
 */
Test(check, a_pv32_gate_whose_stored_form_is_refused_is_not_kept)
{
    const cgdt_desc_t desc = 0x7f08ec0be019d0ff;
    cgdt_desc_t stored = 0;

    cr_assert_eq(cgdt_check_descriptor(CGDT_PROFILE_XEN_PV32, desc, &stored), CGDT_GATE_FORCED);
    cr_assert_eq(stored, 0x7f088c0be01bd0ff);
    cr_assert_eq(cgdt_check_descriptor(CGDT_PROFILE_XEN_PV32, stored, NULL),
                 CGDT_BAD_GATE_SELECTOR);
    cr_assert_not(cgdt_descriptor_is_stable(CGDT_PROFILE_XEN_PV32, desc));
}

/* Xen forgets: the DPL that it moved to the RPL is 0 the next time, and 0 becomes 1. */
Test(check, a_stored_pv32_gate_of_ring_3_becomes_one_of_ring_1_when_seen_again)
{
    cgdt_desc_t stored = 0;
    cgdt_desc_t again = 0;

    cr_assert_eq(
        cgdt_check_descriptor(CGDT_PROFILE_XEN_PV32, WORDS(0x0000ec00, 0x00080000), &stored),
        CGDT_GATE_FORCED);
    cr_assert_eq(stored, WORDS(0x00008c00, 0x000b0000));
    cr_assert_eq(cgdt_check_descriptor(CGDT_PROFILE_XEN_PV32, stored, &again), CGDT_GATE_FORCED);
    cr_assert_eq(again, WORDS(0x00008c00, 0x00090000));
}

/* System types by mode (SDM vol. 3A table 3-2): f fine, r reserved, g a gate of the IDT. */
static void check_native_types(const struct cgdt_profile *profile, const char *verdicts)
{
    for (unsigned type = 0; type < 16; type++) {
        const cgdt_desc_t desc = (uint64_t)type << 40 | 1ull << 47;
        const enum cgdt_reason reason = cgdt_check_descriptor(profile, desc, NULL);
        const enum cgdt_reason wanted = verdicts[type] == 'f'   ? CGDT_FINE
                                        : verdicts[type] == 'r' ? CGDT_BAD_RESERVED_TYPE
                                                                : CGDT_BAD_GATE_TYPE;

        cr_assert_eq(reason, wanted, "type %x: reason %d, not %d", type, reason, wanted);
        cr_assert_eq(cgdt_check_descriptor(profile, desc & ~(1ull << 47), NULL), CGDT_FINE,
                     "not present");
    }
}

Test(check, native64_has_the_system_types_of_long_mode)
{
    check_native_types(CGDT_PROFILE_NATIVE64, "rrfrrrrrrfrffrgg");
}

Test(check, native32_has_the_system_types_of_protected_mode)
{
    check_native_types(CGDT_PROFILE_NATIVE32, "rfffffggrfrffrgg");
}

Test(check, native64_refuses_code_that_is_long_and_big)
{
    for (uint64_t attributes = 0; attributes < 0x10000; attributes++) {
        const cgdt_desc_t desc = attributes << 40 | 1ull << 47 | 1ull << 44;
        const bool code = desc >> 43 & 1, l = desc >> 53 & 1, d = desc >> 54 & 1;

        MUST(cgdt_check_descriptor(CGDT_PROFILE_NATIVE64, desc, NULL) ==
                 (code && l && d ? CGDT_BAD_LONG_AND_BIG : CGDT_FINE),
             "%016" PRIx64, desc);
        MUST(cgdt_check_descriptor(CGDT_PROFILE_NATIVE32, desc, NULL) == CGDT_FINE, "%016" PRIx64,
             desc);
    }
}

Test(check, native_profiles_store_what_they_are_given)
{
    uint64_t seed = 14;

    for (int i = 0; i < 100000; i++) {
        const cgdt_desc_t desc = next_random(&seed);
        cgdt_desc_t stored = ~desc;

        (void)cgdt_check_descriptor(i & 1 ? CGDT_PROFILE_NATIVE64 : CGDT_PROFILE_NATIVE32, desc,
                                    &stored);
        MUST(stored == desc, "%016" PRIx64, desc);
    }
}

Test(check, each_reason_has_its_effect)
{
    for (int reason = CGDT_FINE; reason <= CGDT_FRAME_TWICE; reason++) {
        enum cgdt_effect effect = CGDT_REFUSED;

        if (reason == CGDT_FINE)
            effect = CGDT_ACCEPTED;
        else if (reason >= CGDT_DPL_RAISED && reason <= CGDT_LIMIT_RAISED)
            effect = CGDT_REWRITTEN;
        else if (reason == CGDT_UNOWNED_NOT_ZERO || reason == CGDT_NULL_NOT_ZERO)
            effect = CGDT_HOUSE;
        cr_assert_eq(cgdt_reason_effect((enum cgdt_reason)reason), effect, "reason %d", reason);
    }
}

Test(check, each_reason_has_a_sentence_of_its_own)
{
    for (int a = CGDT_FINE; a <= CGDT_FRAME_TWICE; a++) {
        const char *text = cgdt_reason_text((enum cgdt_reason)a);

        cr_assert(text && strlen(text) > 10, "reason %d", a);
        for (int b = CGDT_FINE; b < a; b++)
            cr_assert(strcmp(text, cgdt_reason_text((enum cgdt_reason)b)) != 0, "%d and %d", a, b);
    }
    cr_assert_not_null(cgdt_reason_text((enum cgdt_reason)1000));
}

Test(check, sentences_say_what_xen_would_do)
{
    for (int reason = CGDT_BAD_SYSTEM_TYPE; reason <= CGDT_BAD_LONG_CODE32; reason++)
        cr_assert(strstr(cgdt_reason_text((enum cgdt_reason)reason), "refuse"), "%d", reason);
    for (int reason = CGDT_DPL_RAISED; reason <= CGDT_LIMIT_RAISED; reason++)
        cr_assert(strstr(cgdt_reason_text((enum cgdt_reason)reason), "silently"), "%d", reason);
}
