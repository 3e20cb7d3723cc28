/* SPDX-License-Identifier: MIT */
/*
 * The checker's first look (alloc/scan.h) against its rules, asked descriptor by descriptor: pages
 * of every kind that the first look tells apart, with and without something wrong in them. What the
 * rules say of one descriptor is in test_check.c.
 */
#define _GNU_SOURCE
#include <cgdt/check.h>
#include <cgdt/layout.h>

#include <sys/mman.h>

#include "../support/profiles.h"
#include "must.h"

#define TSS      0x0000890000000067ull
#define LDT      0x0000820000000067ull
#define BUSY_TSS 0x00008b0000000067ull
#define GATE     0x12348c00000b5678ull /* as Xen keeps it */
#define DATA     0x00cff3000000ffffull
#define CODE64   0x00affb000000ffffull

/* What pages are made of: a kind for each test of the first look, and its neighbours. */
static const cgdt_desc_t palette[] = {
    /* nothing, and what is not present */
    0,
    1,
    0x00cf72000000ffff,
    0x0000090000000067,
    0xffff7fffffffffff,
    /* code and data: plain, not accessed, of other rings, L, D, both */
    DATA,
    DATA & ~(1ull << 40),
    0x00cfd3000000ffff,
    0x00cfb3000000ffff,
    0x00cf93000000ffff,
    CODE64,
    0x00cffb000000ffff,
    0x00af9b000000ffff,
    0x00effb000000ffff,
    0x00eff3000000ffff,
    /* limits and bases about where Xen begins */
    0x00cff30000005800,
    0x00cff300000057ff,
    0x00cff3000000fffe,
    0x004ff3000000fffe,
    0x01cff3000000fffe,
    0x00cef3000000ffff,
    0x00cff3000001fffe,
    0x0040f30000000fff,
    /* system descriptors, and those that stand where their second half would */
    0x0000800000000000,
    0xffffe0ffffffffff,
    TSS,
    BUSY_TSS,
    LDT,
    0x0000810000000067,
    0x0000830000000067,
    0x0000850000000000,
    0x0000840000000000,
    0x0000860000000000,
    0x0000880000000000,
    0x00008a0000000000,
    0x00008d0000000000,
    0x0000ee0000100000,
    0x0000ef0000100000,
    /* call gates: of other forms, to Xen's own segments, with reserved bits */
    GATE,
    0x1234ec00000b5678,
    0x12348c0000095678,
    0x12348c0000085678,
    0x12348c00e0335678,
    0x12348c00e0195678,
    0x12348c00e0085678,
    0x12348c00dfff5678,
    0x12348c00e00c5678,
    0x12348c01000b5678,
    0x12348c20000b5678,
    /* second halves: of kernels, of users, canonical by 57 bits, by none; with a type */
    0x00000000ffffffff,
    0x00000000fffffe00,
    0x0000000000007fff,
    0x0000000000008000,
    0x0000000001000000,
    0x0000010000000000,
    0x0000100000000000,
};

static _Alignas(4096) cgdt_desc_t page[512];

static bool is_native64(const struct cgdt_profile *profile)
{
    return profile == CGDT_PROFILE_NATIVE64 || profile == CGDT_PROFILE_NATIVE64_LA48;
}

/* Figures 5-9 and 7-4 of the SDM: no type in it; bits 63:56, or 63:47, of a base are equal. */
static bool is_second_half(const struct cgdt_profile *profile, cgdt_desc_t low, cgdt_desc_t high)
{
    const int64_t base = (int64_t)(high << 32);
    const int64_t reach = (int64_t)1 << (profile == CGDT_PROFILE_NATIVE64 ? 56 : 47);

    return (high >> 40 & 31) == 0 && ((low >> 40 & 15) == 12 || (base >= -reach && base < reach));
}

/* What else than its descriptor's own rules an entry is subject to. */
static enum cgdt_reason by_rules(const struct cgdt_profile *profile, uint32_t rules,
                                 cgdt_desc_t desc)
{
    const bool xen = profile == CGDT_PROFILE_XEN_PV64 || profile == CGDT_PROFILE_XEN_PV32;
    const bool segment = (desc >> 44 & 1) != 0;

    if (xen || (desc >> 47 & 1) == 0)
        return CGDT_FINE;
    if (segment && (rules & CGDT_RULE_READ_ONLY_ALIAS) != 0 && (desc >> 40 & 1) == 0)
        return CGDT_ACCESSED_CLEAR;
    if (!segment && (rules & CGDT_RULE_NO_BUSY_TSS) != 0 && (desc >> 40 & 7) == 3)
        return CGDT_TSS_BUSY;
    return CGDT_FINE;
}

struct verdict {
    enum cgdt_reason reason;
    uint32_t entry; /* of the page */
};

/* One entry that is not zero; *pair: the next one is its second half. */
static enum cgdt_reason by_entry(const struct cgdt_profile *profile, uint32_t rules, uint32_t i,
                                 uint32_t slot_end, bool *pair)
{
    enum cgdt_reason reason = cgdt_check_descriptor(profile, page[i], NULL);

    if (reason != CGDT_FINE &&
        ((rules & CGDT_RULE_REWRITE_IS_OK) == 0 || cgdt_reason_effect(reason) != CGDT_REWRITTEN))
        return reason;
    *pair = is_native64(profile) && cgdt_desc_wide64(page[i]);
    if (*pair && (i + 1 == slot_end || !is_second_half(profile, page[i], page[i + 1])))
        return CGDT_BAD_HIGH_HALF;
    return by_rules(profile, rules, page[i]);
}

/* The first that is wrong, by looking at one after the other. */
static struct verdict one_by_one(const struct cgdt_profile *profile, uint32_t rules,
                                 uint32_t slot_entries, uint64_t owned)
{
    for (uint32_t i = 0; i < 512; i++) {
        const uint32_t slot = i / slot_entries;
        bool pair = false;

        if (page[i] == 0)
            continue;
        enum cgdt_reason reason = by_entry(profile, rules, i, (slot + 1) * slot_entries, &pair);
        if (reason == CGDT_FINE && (owned >> slot & 1) == 0)
            reason = CGDT_UNOWNED_NOT_ZERO;
        if (reason == CGDT_FINE && (rules & CGDT_RULE_NULL_ENTRY) != 0 && i % slot_entries == 0)
            reason = CGDT_NULL_NOT_ZERO;
        if (reason != CGDT_FINE)
            return (struct verdict){reason, i};
        i += pair;
    }
    return (struct verdict){CGDT_FINE, 0};
}

/* Both must say the same; the reason. */
static enum cgdt_reason must_agree(const struct cgdt_profile *profile, uint32_t rules,
                                   uint32_t slot_entries, uint64_t owned)
{
    struct cgdt_violation violation = {.reason = CGDT_FINE};
    const struct verdict wanted = one_by_one(profile, rules, slot_entries, owned);
    const enum cgdt_reason reason =
        cgdt_check_page(profile, rules, page, slot_entries, owned, &violation);

    MUST(reason == wanted.reason && violation.reason == reason, "%d, not %d at %u", (int)reason,
         (int)wanted.reason, wanted.entry);
    if (reason != CGDT_FINE)
        MUST(violation.color == wanted.entry / slot_entries &&
                 violation.entry == wanted.entry % slot_entries &&
                 violation.found == page[wanted.entry],
             "%d at %u: color %u, entry %u", (int)reason, wanted.entry, violation.color,
             violation.entry);
    return reason;
}

/* Of the palette what is fine by itself. */
static cgdt_desc_t a_fine_one(const struct cgdt_profile *profile, uint32_t rules, uint64_t *seed)
{
    for (;;) {
        const cgdt_desc_t desc = palette[random_below(seed, COUNT_OF(palette))];
        const enum cgdt_reason reason = cgdt_check_descriptor(profile, desc, NULL);

        if ((reason == CGDT_FINE || ((rules & CGDT_RULE_REWRITE_IS_OK) != 0 &&
                                     cgdt_reason_effect(reason) == CGDT_REWRITTEN)) &&
            by_rules(profile, rules, desc) == CGDT_FINE)
            return desc;
    }
}

/* So many of each group of 8 at least, of few kinds; what needs a second half has one. */
static void fill_page(const struct cgdt_profile *profile, uint32_t rules, uint32_t share,
                      uint64_t *seed)
{
    cgdt_desc_t kinds[3];

    for (unsigned k = 0; k < 3; k++)
        kinds[k] = a_fine_one(profile, rules, seed);
    memset(page, 0, sizeof(page));
    for (uint32_t i = 0; i < 512; i++) {
        if (random_below(seed, 8) >= share)
            continue;
        page[i] = kinds[random_below(seed, 3)];
        if (is_native64(profile) && cgdt_desc_wide64(page[i]) && i + 1 < 512)
            page[++i] = random_below(seed, 2) != 0 ? 0xffffff81 : 0;
    }
}

static uint32_t some_rules(uint64_t *seed)
{
    return random_below(seed, 2) * CGDT_RULE_REWRITE_IS_OK +
           (random_below(seed, 4) == 0 ? CGDT_RULE_READ_ONLY_ALIAS : 0) +
           (random_below(seed, 4) == 0 ? CGDT_RULE_NO_BUSY_TSS : 0) +
           (random_below(seed, 4) == 0 ? CGDT_RULE_NULL_ENTRY : 0);
}

/* Entry 0 of slots as the rule wants it, and some slots without an owner, most of them empty. */
static uint64_t give_slots(uint32_t rules, uint32_t slot_entries, uint64_t *seed)
{
    const uint64_t owned = random_below(seed, 2) != 0 ? ~0ull : next_random(seed);

    for (uint32_t i = 0; i < 512; i++) {
        const bool first = (rules & CGDT_RULE_NULL_ENTRY) != 0 && i % slot_entries == 0;

        if (first || (owned >> i / slot_entries & 1) == 0)
            page[i] = 0;
    }
    return owned;
}

Test(scan, pages_of_few_kinds_get_the_answer_that_their_entries_do)
{
    uint64_t seed = 31;
    uint32_t fine = 0;

    for (uint32_t round = 0; round < 100000; round++) {
        const struct cgdt_profile *profile = nth_profile(round);
        const uint32_t slot_entries = 8u << random_below(&seed, 7);
        const uint32_t rules = some_rules(&seed);

        fill_page(profile, rules, random_below(&seed, 9), &seed);
        const uint64_t owned = give_slots(rules, slot_entries, &seed);
        fine += must_agree(profile, rules, slot_entries, owned) == CGDT_FINE;
        for (uint32_t n = random_below(&seed, 3); n > 0; n--)
            page[random_below(&seed, 512)] = palette[random_below(&seed, COUNT_OF(palette))];
        (void)must_agree(profile, rules, slot_entries, owned);
    }
    cr_assert_gt(fine, 40000);
}

Test(scan, pages_of_chance_get_the_answer_that_their_entries_do)
{
    uint64_t seed = 32;

    for (uint32_t round = 0; round < 20000; round++) {
        memset(page, 0, sizeof(page));
        for (uint32_t n = random_below(&seed, 60); n > 0; n--)
            page[random_below(&seed, 512)] = random_below(&seed, 4) == 0
                                                 ? next_random(&seed)
                                                 : palette[random_below(&seed, COUNT_OF(palette))];
        (void)must_agree(nth_profile(round), some_rules(&seed), 8u << random_below(&seed, 7),
                         round % 2 == 0 ? ~0ull : next_random(&seed));
    }
}

/* Among each kind, alone and at every place of its group. */
Test(scan, each_descriptor_of_the_palette_is_seen_among_any_other)
{
    for (uint32_t round = 0; round < PROFILES * 16; round++) {
        const struct cgdt_profile *profile = nth_profile(round);
        const uint32_t rules = round / PROFILES;

        for (size_t around = 0; around < COUNT_OF(palette); around++)
            for (size_t k = 0; k < COUNT_OF(palette); k++) {
                const uint32_t at = 256 + (uint32_t)(around + k) % 16;

                for (uint32_t i = 0; i < 512; i++)
                    page[i] = i % 16 != 0 ? palette[around] : 0;
                page[at] = palette[k];
                (void)must_agree(profile, rules, 16, ~0ull);
            }
    }
}

Test(scan, a_second_half_that_begins_a_group_is_not_judged_for_itself)
{
    const cgdt_desc_t seconds[] = {0, 0xffffff81, 0x0000800000000000};

    for (size_t k = 0; k < COUNT_OF(seconds); k++)
        for (uint32_t at = 7; at < 511; at += 8) {
            memset(page, 0, sizeof(page));
            page[at] = TSS;
            page[at + 1] = seconds[k];
            page[at + 2 < 512 ? at + 2 : 1] = CODE64;
            cr_assert_eq(must_agree(CGDT_PROFILE_NATIVE64, 0, 512, ~0ull), CGDT_FINE);
            /* But alone it is. */
            page[at] = DATA;
            cr_assert_eq(must_agree(CGDT_PROFILE_NATIVE64, 0, 512, ~0ull),
                         k == 2 ? CGDT_BAD_RESERVED_TYPE : CGDT_FINE);
        }
}

Test(scan, a_second_half_in_another_slot_is_none)
{
    for (uint32_t slot_entries = 8; slot_entries < 512; slot_entries *= 2)
        for (uint32_t end = slot_entries; end < 512; end += slot_entries) {
            memset(page, 0, sizeof(page));
            page[end - 1] = LDT;
            cr_assert_eq(must_agree(CGDT_PROFILE_NATIVE64, 0, slot_entries, ~0ull),
                         CGDT_BAD_HIGH_HALF);
        }
}

/* At the end of all that is mapped. */
Test(scan, behind_a_first_half_at_the_pages_end_nothing_is_read)
{
    char *memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cgdt_desc_t *last = (cgdt_desc_t *)(void *)memory;

    MUST(memory != MAP_FAILED && mprotect(memory + 4096, 4096, PROT_NONE) == 0, "mmap");
    last[511] = TSS;
    for (uint32_t slot_entries = 8; slot_entries <= 512; slot_entries *= 2)
        cr_assert_eq(cgdt_check_page(CGDT_PROFILE_NATIVE64, 0, last, slot_entries, ~0ull, NULL),
                     CGDT_BAD_HIGH_HALF);
}

/* Xen's own code is the one target beyond the guest's entries. */
Test(scan, a_page_of_gates_to_xens_flat_code_is_fine)
{
    for (uint32_t i = 0; i < 512; i++)
        page[i] = 0x12348c00e0335678;
    cr_assert_eq(must_agree(CGDT_PROFILE_XEN_PV64, 0, 512, ~0ull), CGDT_FINE);
    for (uint32_t i = 0; i < 512; i++)
        page[i] = 0x12348c00e0195678;
    cr_assert_eq(must_agree(CGDT_PROFILE_XEN_PV32, 0, 512, ~0ull), CGDT_FINE);
}
