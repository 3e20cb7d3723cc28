/* SPDX-License-Identifier: MIT */
/*
 * Two checkers, one answer: on every kind of page that is measured, which must be fine, with one
 * descriptor of it changed, and on pages of chance. Most of these have few things wrong with them,
 * so that it is not always the first entry.
 */
#include "selftest_checker.h"
#include "pages.h"
#include "peers/peer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS 100000u

static _Alignas(CGDT_PAGE_BYTES) cgdt_desc_t page[CGDT_PAGE_ENTRIES];
static cgdt_desc_t kept[CGDT_PAGE_ENTRIES];

static cgdt_desc_t random_descriptor(uint64_t *random)
{
    const uint64_t bits = peer_random(random);
    cgdt_desc_t desc = peer_template[bits % PEER_TEMPLATE_ENTRIES];

    switch (bits >> 60) {
    case 0: /* anything */
        return peer_random(random);
    case 1: /* one bit is different */
        return desc ^ 1ull << (bits >> 8) % 64;
    case 2: /* a call gate, perhaps into Xen's own segments */
        return 0x0000ec0000000000ull | (peer_random(random) & 0x000060000000ffffull) |
               (bits >> 8 & 0xffffu) << 16;
    case 3: /* a flat segment, perhaps into Xen's part */
        return 0x00cff3000000ffffull ^ (bits & 0x0003000000003fffull);
    default:
        return desc;
    }
}

/* A descriptor, or a pair of them where CPUs have such, perhaps over the slot's end. */
static void put_random(const struct page_kind *kind, uint64_t *random)
{
    const uint64_t bits = peer_random(random);
    const uint32_t at = (uint32_t)(bits % (CGDT_PAGE_ENTRIES - 1));
    static const uint8_t types[] = {2, 9, 11, 12};

    page[at] = random_descriptor(random);
    if (kind->plain != plain_native64 || bits >> 62 != 0)
        return;
    page[at] = 0x0000800000000067ull | (cgdt_desc_t)types[bits >> 20 & 3] << 40;
    page[at + 1] = (cgdt_desc_t)(bits >> 40 & 1) * 0xffffffffu ^
                   ((bits >> 41 & 7) == 0 ? 1ull << (bits >> 32) % 64 : 0);
}

/* What Xen leaves in the table where it takes a page. */
static bool keeps_the_same(const struct page_kind *kind)
{
    for (uint32_t i = 0; i < CGDT_PAGE_ENTRIES; i++) {
        cgdt_desc_t stored;

        (void)cgdt_check_descriptor(kind->profile, page[i], &stored);
        if (kept[i] != stored)
            return false;
    }
    return true;
}

/* Whether both say the same of the page; *reason is what. */
static bool agree(const struct page_kind *kind, uint32_t slot_entries, uint64_t owned,
                  enum cgdt_reason *reason)
{
    memcpy(kept, page, sizeof(kept));
    const enum cgdt_reason plain = kind->plain(page, slot_entries, owned, kept);
    *reason = cgdt_check_page(kind->profile, kind->rules, page, slot_entries, owned, NULL);
    if (plain == *reason &&
        (plain != CGDT_FINE || kind->plain == plain_house || kind->plain == plain_native64 ||
         kind->plain == plain_native32 || keeps_the_same(kind)))
        return true;
    printf("%s, slots of %" PRIu32 ": plain %d, cgdt %d\n", kind->name, slot_entries, (int)plain,
           (int)*reason);
    return false;
}

static bool agree_on_kind(const struct page_kind *kind, uint64_t *random)
{
    enum cgdt_reason reason;

    memset(page, 0, sizeof(page));
    kind->fill(page);
    if (!agree(kind, kind->slot_entries, kind->owned, &reason))
        return false;
    if (reason != CGDT_FINE) {
        printf("%s: %s\n", kind->name, cgdt_reason_text(reason));
        return false;
    }
    for (uint32_t i = 0; i < CGDT_PAGE_ENTRIES; i++) {
        const cgdt_desc_t was = page[i];

        page[i] = random_descriptor(random);
        if (!agree(kind, kind->slot_entries, kind->owned, &reason))
            return false;
        page[i] = was;
    }
    return true;
}

/* How many different answers a checker gives to chance; 0: they do not agree. */
static uint32_t agree_on_chance(const struct page_kind *kind, uint64_t *random)
{
    uint32_t seen[32] = {0};
    uint32_t answers = 0;

    for (uint32_t round = 0; round < ROUNDS; round++) {
        const uint32_t slot_entries = 8u << peer_random(random) % 7;
        const bool some = kind->plain == plain_house && round % 4 == 0;
        const uint64_t owned = some ? peer_random(random) : ~0ull;
        const uint32_t filled = (uint32_t)(peer_random(random) % 40);
        enum cgdt_reason reason;

        memset(page, 0, sizeof(page));
        for (uint32_t i = 0; i < filled; i++)
            put_random(kind, random);
        if (!agree(kind, slot_entries, owned, &reason))
            return 0;
        answers += seen[reason]++ == 0;
    }
    return answers;
}

int selftest_checker(void)
{
    static const struct {
        const char *kind;
        uint32_t answers;
    } wanted[] = {
        {"full", 8},     /* fine, three refusals of Xen, two rewritings, two house rules */
        {"zero", 4},     /* fine, three refusals */
        {"pv32", 5},     /* and another */
        {"native64", 5}, /* fine, types of two kinds, L with D, second halves */
        {"native32", 3}, /* fine, types of two kinds */
    };
    uint64_t random = 0x9e3779b97f4a7c15ull;

    for (uint32_t i = 0; i < page_kinds_count; i++)
        if (!agree_on_kind(&page_kinds[i], &random))
            return 1;
    for (uint32_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        const uint32_t answers = agree_on_chance(page_kind_find(wanted[i].kind), &random);

        printf("%s: %u pages, %" PRIu32 " different answers\n", wanted[i].kind, ROUNDS, answers);
        if (answers != wanted[i].answers)
            return 1;
    }
    return 0;
}
