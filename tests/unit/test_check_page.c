/* SPDX-License-Identifier: MIT */
/*
 * Slots and whole pages: the first violation and its place, the house rule, pairs, the line of
 * text.
 */
#define _GNU_SOURCE
#include <cgdt/check.h>
#include <cgdt/layout.h>

#include <sys/mman.h>

#include "../support/profiles.h"
#include "must.h"
#include "oracle.h"

#define TSS       0x0000890000000067ull /* present TSS: Xen refuses it */
#define RING0     0x00cf93000000ffffull /* data, accessed, DPL 0: Xen raises the DPL */
#define RING3     0x00cff3000000ffffull /* data, accessed, DPL 3: kept */
#define ALL_OWNED (~0ull)

static _Alignas(4096) cgdt_desc_t page[512];

static const uint16_t sizes[] = {8, 16, 32, 64, 128, 256, 512};

static enum cgdt_reason judge(uint32_t slot_entries, uint64_t owned,
                              struct cgdt_violation *violation)
{
    return cgdt_check_page(CGDT_PROFILE_XEN_PV64, 0, page, slot_entries, owned, violation);
}

Test(check_page, a_page_of_zeros_is_fine_whoever_owns_it)
{
    for (size_t s = 0; s < COUNT_OF(sizes); s++)
        for (unsigned profile = 0; profile < PROFILES; profile++)
            for (uint64_t owned = 0; owned + 1 < 3; owned++)
                cr_assert_eq(cgdt_check_page(nth_profile(profile), CGDT_RULE_NULL_ENTRY, page,
                                             sizes[s], owned - 1, NULL),
                             CGDT_FINE);
}

Test(check_page, a_violation_is_found_at_each_of_the_512_entries)
{
    for (size_t s = 0; s < COUNT_OF(sizes); s++)
        for (uint32_t at = 0; at < 512; at++) {
            struct cgdt_violation violation;

            memset(&violation, 0xee, sizeof(violation));
            page[at] = TSS;
            MUST(judge(sizes[s], ALL_OWNED, &violation) == CGDT_BAD_SYSTEM_TYPE, "entry %u", at);
            MUST(violation.window == 0 && violation.position == 0 &&
                     violation.color == at / sizes[s] && violation.entry == at % sizes[s] &&
                     violation.effect == CGDT_REFUSED && violation.reason == CGDT_BAD_SYSTEM_TYPE &&
                     violation.found == TSS && violation.stored == TSS,
                 "entry %u of slots of %u: color %u, entry %u", at, sizes[s], violation.color,
                 violation.entry);
            page[at] = 0;
        }
}

/* Slots of descriptors that Xen takes as they are, but for one at a time. */
Test(check_page, a_violation_is_found_at_each_entry_of_a_slot_that_is_plain_otherwise)
{
    for (uint32_t at = 1; at < 512; at++) {
        struct cgdt_violation violation;

        for (uint32_t i = 0; i < 512; i++)
            page[i] = i % 32 == 0 ? 0 : i == at ? RING0 : RING3;
        MUST(at % 32 == 0 || (judge(32, ALL_OWNED, &violation) == CGDT_DPL_RAISED &&
                              violation.color == at / 32 && violation.entry == at % 32),
             "entry %u", at);
    }
}

/* At the end of all that is mapped. */
Test(check_page, nothing_behind_the_page_is_read)
{
    char *memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cgdt_desc_t *last = (cgdt_desc_t *)(void *)memory;

    MUST(memory != MAP_FAILED && mprotect(memory + 4096, 4096, PROT_NONE) == 0, "mmap");
    for (int plain = 0; plain < 2; plain++)
        for (size_t s = 0; s < COUNT_OF(sizes); s++)
            for (unsigned profile = 0; profile < PROFILES; profile++) {
                for (uint32_t i = 0; i < 512; i++)
                    last[i] = plain && i % sizes[s] != 0 ? RING3 : 0;
                cr_assert_eq(
                    cgdt_check_page(nth_profile(profile), 0, last, sizes[s], ALL_OWNED, NULL),
                    CGDT_FINE);
            }
}

Test(check_page, the_lowest_of_several_violations_is_the_first)
{
    uint64_t seed = 21;

    for (int round = 0; round < 2000; round++) {
        struct cgdt_violation violation = {0};
        uint32_t lowest = 512;

        memset(page, 0, sizeof(page));
        for (int i = 0; i < 5; i++) {
            const uint32_t at = random_below(&seed, 512);

            page[at] = TSS;
            lowest = at < lowest ? at : lowest;
        }
        MUST(judge(32, next_random(&seed), &violation) == CGDT_BAD_SYSTEM_TYPE, "round %d", round);
        MUST(violation.color * 32 + violation.entry == lowest, "round %d", round);
    }
}

Test(check_page, random_pages_have_the_oracles_first_violation)
{
    uint64_t seed = 22;

    for (int round = 0; round < 5000; round++) {
        struct cgdt_violation violation = {0};
        uint32_t first = 512;
        uint64_t stored = 0;

        memset(page, 0, sizeof(page));
        for (int i = 0; i < 40; i++)
            page[random_below(&seed, 512)] = next_random(&seed);
        for (uint32_t at = 512; at-- > 0;)
            if (oracle_xen(ORACLE_PV64, page[at], &stored) != ORACLE_KEPT)
                first = at;
        const enum cgdt_reason reason = judge(16, ALL_OWNED, &violation);
        MUST((reason == CGDT_FINE) == (first == 512), "round %d", round);
        if (first == 512)
            continue;
        (void)oracle_xen(ORACLE_PV64, page[first], &stored);
        MUST(violation.color == first / 16 && violation.entry == first % 16 &&
                 violation.found == page[first] && violation.stored == stored,
             "round %d: entry %u", round, first);
    }
}

Test(check_page, anything_in_an_unowned_slot_breaks_the_house_rule)
{
    for (size_t s = 0; s < COUNT_OF(sizes); s++)
        for (uint32_t at = 0; at < 512; at++) {
            const uint64_t color = at / sizes[s];
            struct cgdt_violation violation = {0};

            page[at] = RING3;
            MUST(judge(sizes[s], ~(1ull << color), &violation) == CGDT_UNOWNED_NOT_ZERO, "%u", at);
            MUST(violation.effect == CGDT_HOUSE && violation.color == color &&
                     violation.entry == at % sizes[s] && violation.stored == RING3,
                 "%u", at);
            MUST(judge(sizes[s], 1ull << color, &violation) == CGDT_FINE, "owned: %u", at);
            page[at] = 0;
        }
}

Test(check_page, a_full_slot_of_nobody_breaks_the_house_rule)
{
    for (size_t s = 0; s < COUNT_OF(sizes); s++) {
        for (uint32_t i = 0; i < 512; i++)
            page[i] = i % sizes[s] == 0 ? 0 : RING3;
        cr_assert_eq(judge(sizes[s], 0, NULL), CGDT_UNOWNED_NOT_ZERO, "%u", sizes[s]);
    }
}

Test(check_page, entry_0_of_nobodys_slot_breaks_the_house_rule_of_unowned_slots)
{
    page[64] = RING3;
    cr_assert_eq(cgdt_check_page(CGDT_PROFILE_XEN_PV64, CGDT_RULE_NULL_ENTRY, page, 32, 0, NULL),
                 CGDT_UNOWNED_NOT_ZERO);
    cr_assert_eq(
        cgdt_check_page(CGDT_PROFILE_XEN_PV64, CGDT_RULE_NULL_ENTRY, page, 32, ALL_OWNED, NULL),
        CGDT_NULL_NOT_ZERO);
}

Test(check_page, even_a_not_present_descriptor_breaks_the_house_rule)
{
    page[100] = 1;
    cr_assert_eq(judge(32, 0, NULL), CGDT_UNOWNED_NOT_ZERO);
    cr_assert_eq(judge(32, ALL_OWNED, NULL), CGDT_FINE);
}

Test(check_page, refused_and_rewritten_come_before_the_house_rule)
{
    page[40] = TSS;
    cr_assert_eq(judge(32, 0, NULL), CGDT_BAD_SYSTEM_TYPE);
    page[40] = RING0;
    cr_assert_eq(judge(32, 0, NULL), CGDT_DPL_RAISED);
    cr_assert_eq(cgdt_check_page(CGDT_PROFILE_XEN_PV64, CGDT_RULE_REWRITE_IS_OK, page, 32, 0, NULL),
                 CGDT_UNOWNED_NOT_ZERO);
}

Test(check_page, an_unowned_entry_refused_under_an_added_rule_is_refused_first)
{
    page[40] = 0x00cf92000000ffff; /* A = 0 */
    cr_assert_eq(
        cgdt_check_page(CGDT_PROFILE_NATIVE64, CGDT_RULE_READ_ONLY_ALIAS, page, 32, 0, NULL),
        CGDT_ACCESSED_CLEAR);
    page[40] = TSS;
    page[41] = 0x1full << 40;
    cr_assert_eq(cgdt_check_page(CGDT_PROFILE_NATIVE64, 0, page, 32, 0, NULL), CGDT_BAD_HIGH_HALF);
}

Test(check_page, rewriting_is_reported_unless_it_is_ok)
{
    struct cgdt_violation violation = {0};

    page[3] = RING0;
    cr_assert_eq(judge(32, ALL_OWNED, &violation), CGDT_DPL_RAISED);
    cr_assert_eq(violation.effect, CGDT_REWRITTEN);
    cr_assert_eq(violation.stored, RING3);
    cr_assert_eq(
        cgdt_check_page(CGDT_PROFILE_XEN_PV64, CGDT_RULE_REWRITE_IS_OK, page, 32, ALL_OWNED, NULL),
        CGDT_FINE);
    page[4] = TSS;
    cr_assert_eq(
        cgdt_check_page(CGDT_PROFILE_XEN_PV64, CGDT_RULE_REWRITE_IS_OK, page, 32, ALL_OWNED, NULL),
        CGDT_BAD_SYSTEM_TYPE);
}

Test(check_page, the_null_entry_must_be_zero_where_asked)
{
    struct cgdt_violation violation = {0};

    page[64] = RING3;
    cr_assert_eq(judge(32, ALL_OWNED, NULL), CGDT_FINE);
    cr_assert_eq(cgdt_check_page(CGDT_PROFILE_XEN_PV64, CGDT_RULE_NULL_ENTRY, page, 32, ALL_OWNED,
                                 &violation),
                 CGDT_NULL_NOT_ZERO);
    cr_assert_eq(violation.color, 2);
    cr_assert_eq(violation.entry, 0);
    page[64] = 0;
    page[65] = RING3;
    cr_assert_eq(
        cgdt_check_page(CGDT_PROFILE_XEN_PV64, CGDT_RULE_NULL_ENTRY, page, 32, ALL_OWNED, NULL),
        CGDT_FINE);
}

static enum cgdt_reason slot64(const cgdt_desc_t *desc, uint32_t entries, uint32_t *bad)
{
    return cgdt_check_slot(CGDT_PROFILE_NATIVE64, 0, desc, entries, bad);
}

Test(check_slot, native64_wants_a_second_half_after_each_wide_descriptor)
{
    const cgdt_desc_t good[8] = {0, TSS, 0xffff8000, 0, 0, 0, 0, 0};
    const cgdt_desc_t cut[8] = {0, 0, 0, 0, 0, 0, 0, TSS};
    const cgdt_desc_t bad_type[8] = {0, 0, TSS, RING3, 0, 0, 0, 0};
    uint32_t bad = 99;

    cr_assert_eq(slot64(good, 8, &bad), CGDT_FINE);
    cr_assert_eq(bad, 99, "untouched when all is fine");
    cr_assert_eq(slot64(cut, 8, &bad), CGDT_BAD_HIGH_HALF);
    cr_assert_eq(bad, 7);
    cr_assert_eq(slot64(bad_type, 8, &bad), CGDT_BAD_HIGH_HALF);
    cr_assert_eq(bad, 2);
    cr_assert_eq(cgdt_check_slot(CGDT_PROFILE_NATIVE32, 0, cut, 8, NULL), CGDT_FINE,
                 "8 bytes in 32-bit");
}

Test(check_slot, each_nonzero_type_bit_spoils_a_second_half)
{
    /* A call gate, whose target is looked at by the call. */
    for (unsigned bit = 0; bit < 64; bit++) {
        const cgdt_desc_t pair[8] = {0, 0x0000ec0000080000, 1ull << bit, 0, 0, 0, 0, 0};

        cr_assert_eq(slot64(pair, 8, NULL) == CGDT_BAD_HIGH_HALF, bit >= 40 && bit <= 44, "%u",
                     bit);
    }
}

/*
 * KVM's emulator and hardware: LTR, LLDT #GP. Canonical: of 57-bit addresses, bits 63 .. 56 are
 * equal; of 48-bit ones, bits 63 .. 47.
 */
Test(check_slot, the_base_of_a_tss_or_ldt_must_be_canonical)
{
    const cgdt_desc_t lows[] = {TSS, (TSS & ~(0xfull << 40)) | 2ull << 40};

    for (uint32_t top = 0; top < 1u << 17; top++)
        for (unsigned i = 0; i < 2; i++) {
            const cgdt_desc_t pair[8] = {0, lows[i], (cgdt_desc_t)top << 15, 0, 0, 0, 0, 0};
            const bool in57 = top >> 9 == 0 || top >> 9 == 255;
            const bool in48 = top == 0 || top == (1u << 17) - 1;

            MUST(slot64(pair, 8, NULL) == (in57 ? CGDT_FINE : CGDT_BAD_HIGH_HALF), "%05x", top);
            MUST(cgdt_check_slot(CGDT_PROFILE_NATIVE64_LA48, 0, pair, 8, NULL) ==
                     (in48 ? CGDT_FINE : CGDT_BAD_HIGH_HALF),
                 "%05x", top);
        }
}

Test(check_slot, a_second_half_is_not_judged_as_a_descriptor)
{
    const cgdt_desc_t pair[8] = {0, TSS, 0xffffe0ffffffffff, RING3, 0, 0, 0, 0};

    cr_assert_eq(slot64(pair, 8, NULL), CGDT_FINE);
}

Test(check_slot, a_second_half_alone_is_refused_where_it_cannot_be_loaded)
{
    const cgdt_desc_t lonely[8] = {0, RING3, 0x0000800000000000, 0, 0, 0, 0, 0};
    const cgdt_desc_t twice[8] = {0, TSS, 0xffffe0ffffffffff, 0xffffe0ffffffffff, 0, 0, 0, 0};
    uint32_t bad = 99;

    cr_assert_eq(slot64(lonely, 8, &bad), CGDT_BAD_RESERVED_TYPE);
    cr_assert_eq(bad, 2);
    cr_assert_eq(slot64(twice, 8, &bad), CGDT_BAD_RESERVED_TYPE);
    cr_assert_eq(bad, 3);
}

Test(check_slot, xen_judges_both_halves_one_by_one)
{
    const cgdt_desc_t pair[8] = {0, 0x00008c00000b0000, TSS, 0, 0, 0, 0, 0};
    uint32_t bad = 99;

    cr_assert_eq(cgdt_check_slot(CGDT_PROFILE_XEN_PV64, 0, pair, 8, &bad), CGDT_BAD_SYSTEM_TYPE);
    cr_assert_eq(bad, 2);
}

/* All rules of check.h but one. */
static uint32_t all_rules_but(uint32_t rule)
{
    return (CGDT_RULE_READ_ONLY_ALIAS | CGDT_RULE_NULL_ENTRY | CGDT_RULE_REWRITE_IS_OK |
            CGDT_RULE_NO_BUSY_TSS) &
           ~rule;
}

Test(check_slot, a_read_only_alias_wants_accessed_bits)
{
    const uint32_t rule = CGDT_RULE_READ_ONLY_ALIAS;
    const cgdt_desc_t clear[8] = {0, RING3 & ~(1ull << 40)};
    const cgdt_desc_t fine[8] = {0, RING3, 0, 0x00cf72000000ffff, TSS, 0};

    for (unsigned profile = 2; profile < PROFILES; profile++) {
        const struct cgdt_profile *native = nth_profile(profile);

        cr_assert_eq(cgdt_check_slot(native, rule, clear, 8, NULL), CGDT_ACCESSED_CLEAR);
        cr_assert_eq(cgdt_check_slot(native, rule, fine, 8, NULL), CGDT_FINE);
        cr_assert_eq(cgdt_check_slot(native, all_rules_but(rule), clear, 8, NULL), CGDT_FINE);
    }
    cr_assert_eq(cgdt_check_slot(CGDT_PROFILE_XEN_PV64, rule, clear, 8, NULL), CGDT_FINE,
                 "Xen sets A through a mapping of its own");
}

Test(check_slot, a_busy_tss_is_wrong_only_before_ltr)
{
    const uint32_t rule = CGDT_RULE_NO_BUSY_TSS;
    const cgdt_desc_t busy[8] = {0, 0, TSS | 2ull << 40, 0};
    const cgdt_desc_t fine[8] = {0, RING3, TSS, 0, 2ull << 40 | 9ull << 40, 0};

    for (unsigned profile = 2; profile < PROFILES; profile++) {
        const struct cgdt_profile *native = nth_profile(profile);

        cr_assert_eq(cgdt_check_slot(native, rule, busy, 8, NULL), CGDT_TSS_BUSY);
        cr_assert_eq(cgdt_check_slot(native, rule, fine, 8, NULL), CGDT_FINE,
                     "a TSS that is not present");
        cr_assert_eq(cgdt_check_slot(native, all_rules_but(rule), busy, 8, NULL), CGDT_FINE);
    }
}

Test(check_slot, a_busy_tss_of_16_bits_is_one)
{
    const cgdt_desc_t available[8] = {0, 0x000081000000002b};
    const cgdt_desc_t busy[8] = {0, 0x000083000000002b};
    const struct cgdt_profile *native = CGDT_PROFILE_NATIVE32;

    cr_assert_eq(cgdt_check_slot(native, CGDT_RULE_NO_BUSY_TSS, busy, 8, NULL), CGDT_TSS_BUSY);
    cr_assert_eq(cgdt_check_slot(native, CGDT_RULE_NO_BUSY_TSS, available, 8, NULL), CGDT_FINE);
    cr_assert_eq(cgdt_check_slot(native, 0, busy, 8, NULL), CGDT_FINE);
}

static const struct cgdt_violation example = {
    .window = 3,
    .position = 11,
    .color = 7,
    .entry = 29,
    .reason = CGDT_BAD_SYSTEM_TYPE,
    .effect = CGDT_REFUSED,
    .found = TSS,
    .stored = TSS,
};

Test(violation_text, names_window_page_color_entry_and_descriptor)
{
    char text[256];
    const size_t length = cgdt_violation_text(&example, text, sizeof(text));

    cr_assert_eq(length, strlen(text));
    cr_assert(strstr(text, "window 3"), "%s", text);
    cr_assert(strstr(text, "page 11"), "%s", text);
    cr_assert(strstr(text, "color 7"), "%s", text);
    cr_assert(strstr(text, "entry 29"), "%s", text);
    cr_assert(strstr(text, "0000890000000067"), "%s", text);
    cr_assert(strstr(text, cgdt_reason_text(CGDT_BAD_SYSTEM_TYPE)), "%s", text);
    cr_assert(!strchr(text, '\n'), "%s", text);
}

Test(violation_text, names_the_common_page)
{
    struct cgdt_violation violation = example;
    char text[256];

    violation.position = CGDT_COMMON_POSITION;
    (void)cgdt_violation_text(&violation, text, sizeof(text));
    cr_assert(strstr(text, "common page"), "%s", text);
    cr_assert(!strstr(text, "4294967295"), "%s", text);
}

Test(violation_text, shows_what_would_be_stored)
{
    struct cgdt_violation violation = example;
    char text[256];

    violation.reason = CGDT_DPL_RAISED;
    violation.effect = CGDT_REWRITTEN;
    violation.found = RING0;
    violation.stored = RING3;
    (void)cgdt_violation_text(&violation, text, sizeof(text));
    cr_assert(strstr(text, "00cf93000000ffff") && strstr(text, "00cff3000000ffff"), "%s", text);
}

Test(violation_text, is_cut_at_any_size_and_always_terminated)
{
    char whole[256];
    const size_t length = cgdt_violation_text(&example, whole, sizeof(whole));

    for (size_t size = 1; size < sizeof(whole); size++) {
        char cut[257];

        memset(cut, '#', sizeof(cut));
        MUST(cgdt_violation_text(&example, cut, size) == length, "length at size %zu", size);
        const size_t kept = size - 1 < length ? size - 1 : length;
        MUST(memcmp(cut, whole, kept) == 0 && cut[kept] == '\0', "text at size %zu", size);
        MUST(cut[size] == '#', "wrote beyond size %zu", size);
    }
}

Test(violation_text, size_0_writes_nothing)
{
    char byte = '#';

    cr_assert_eq(cgdt_violation_text(&example, &byte, 0), cgdt_violation_text(&example, NULL, 0));
    cr_assert_eq(byte, '#');
}

Test(violation_text, fits_200_bytes_for_every_reason)
{
    for (int reason = CGDT_FINE; reason <= CGDT_FRAME_TWICE; reason++) {
        const struct cgdt_violation violation = {
            .window = CGDT_MAX_SLOTS - 1,
            .position = 14,
            .color = 63,
            .entry = 511,
            .reason = (enum cgdt_reason)reason,
            .effect = cgdt_reason_effect((enum cgdt_reason)reason),
            .found = ~0ull,
            .stored = ~0ull,
        };

        cr_assert_lt(cgdt_violation_text(&violation, NULL, 0), 200, "reason %d", reason);
    }
}
