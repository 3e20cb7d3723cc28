/* SPDX-License-Identifier: MIT */
/* See pages.h. */
#include "pages.h"
#include "peers/peer.h"

#include <string.h>

#define PAGE_SLOTS (CGDT_PAGE_ENTRIES / PEER_TABLE_ENTRIES)

#define NOT_PRESENT_DATA 0x00cf72000000ffffull
#define GATE             0x12348c00000b5678ull /* to selector 0xb, in the form that Xen keeps */

/* As a 64-bit kernel under Xen has it, in the form that Xen keeps; the last is a CPU's own. */
static const cgdt_desc_t xen[8] = {
    0,
    0x00cffb000000ffffull,
    0x00affb000000ffffull,
    0x00cff3000000ffffull,
    0x00cffb000000ffffull,
    0x00cff3000000ffffull,
    0x00affb000000ffffull,
    0x0040f30000000fffull,
};

/* As Linux has it: kernel, user, TSS (busy), LDT, three of a thread's, the CPU's number. */
static const cgdt_desc_t linux64[16] = {
    0,
    0x00cf9b000000ffffull,
    0x00af9b000000ffffull,
    0x00cf93000000ffffull,
    0x00cffb000000ffffull,
    0x00cff3000000ffffull,
    0x00affb000000ffffull,
    0,
    0x00008b003000206full,
    0x00000000fffffe00ull,
    0x810082007000ffffull,
    0x00000000ffff8881ull,
    0x00cff3000000ffffull,
    0,
    0,
    0x0040f50000000003ull,
};

/* The same in 32 bits, as ring 1 of Xen's guests has it, and on the CPU. */
static const cgdt_desc_t pv32[16] = {
    0,
    0x00cfbb000000ffffull,
    0x00cfb3000000ffffull,
    0x00cffb000000ffffull,
    0x00cff3000000ffffull,
    0xc040b31000000fffull,
    0xb7cff3f00000ffffull,
    0x08c1f3040000ffffull,
};
static const cgdt_desc_t native32[16] = {
    0,
    0x00cf9b000000ffffull,
    0x00cf93000000ffffull,
    0x00cffb000000ffffull,
    0x00cff3000000ffffull,
    0xc0008b801000206bull,
    0xc000828010000027ull,
    0xc04093100000ffffull,
    0xb7cff3f00000ffffull,
};

static void fill_zero(cgdt_desc_t *page)
{
    (void)page;
}

/* So many of each slot, its entry 0 null. No two CPUs' own are alike. */
static void fill_slots(cgdt_desc_t *page, uint32_t entries)
{
    for (uint32_t i = 0; i < CGDT_PAGE_ENTRIES; i++)
        if (i % PEER_TABLE_ENTRIES < entries)
            page[i] = i % 8 == 7 ? xen[7] | (cgdt_desc_t)i << 28 : xen[i % 8];
}

static void fill_packed(cgdt_desc_t *page)
{
    fill_slots(page, PEER_TEMPLATE_ENTRIES);
}

static void fill_full(cgdt_desc_t *page)
{
    fill_slots(page, PEER_TABLE_ENTRIES);
}

static void fill_mixed(cgdt_desc_t *page)
{
    uint64_t random = 88172645463325252ull;

    for (uint32_t i = 0; i < CGDT_PAGE_ENTRIES; i++)
        page[i] = peer_random(&random) % 2 == 0 ? 0 : xen[1 + peer_random(&random) % 7];
}

static void fill_sparse(cgdt_desc_t *page)
{
    for (uint32_t i = 3; i < CGDT_PAGE_ENTRIES; i += 8)
        page[i] = xen[1 + i / 8 % 7];
}

static void fill_gates(cgdt_desc_t *page)
{
    for (uint32_t i = 0; i < CGDT_PAGE_ENTRIES; i++)
        page[i] = GATE;
}

static void fill_gate_pairs(cgdt_desc_t *page)
{
    for (uint32_t i = 0; i < CGDT_PAGE_ENTRIES; i += 2)
        cgdt_desc_call_gate64(&page[i], 0xb, 0xffffffff81000000ull + i * 16, 3);
}

static void fill_not_present(cgdt_desc_t *page)
{
    for (uint32_t i = 0; i < CGDT_PAGE_ENTRIES; i++)
        page[i] = NOT_PRESENT_DATA | (cgdt_desc_t)i << 16;
}

static void fill_dpl_0(cgdt_desc_t *page)
{
    for (uint32_t i = 0; i < CGDT_PAGE_ENTRIES; i++)
        page[i] = i % 2 == 0 ? cgdt_desc_code64(0) : cgdt_desc_data_flat(0);
}

static void fill_from(cgdt_desc_t *page, const cgdt_desc_t table[16])
{
    for (uint32_t i = 0; i < CGDT_PAGE_ENTRIES; i++)
        page[i] = table[i % 16];
}

static void fill_pv32(cgdt_desc_t *page)
{
    fill_from(page, pv32);
}

static void fill_pv32_full(cgdt_desc_t *page)
{
    for (uint32_t i = 0; i < CGDT_PAGE_ENTRIES; i++)
        page[i] = pv32[1 + i % 7];
}

static void fill_native64(cgdt_desc_t *page)
{
    fill_from(page, linux64);
}

static void fill_pairs(cgdt_desc_t *page)
{
    for (uint32_t i = 0; i < CGDT_PAGE_ENTRIES; i++)
        page[i] = linux64[8 + i % 4];
}

static void fill_native32(cgdt_desc_t *page)
{
    fill_from(page, native32);
}

#define ALL         (~0ull)
#define SLOTS_OWNED ((1ull << PAGE_SLOTS) - 1)
#define HOUSE(owners)                                                                              \
    CGDT_PROFILE_XEN_PV64, CGDT_RULE_NULL_ENTRY, PEER_TABLE_ENTRIES, owners, plain_house
#define XEN(bits)                                                                                  \
    CGDT_PROFILE_XEN_PV##bits, CGDT_RULE_REWRITE_IS_OK, CGDT_PAGE_ENTRIES, ALL, plain_xen_pv##bits
#define NATIVE(bits) CGDT_PROFILE_NATIVE##bits, 0, 16, ALL, plain_native##bits

const struct page_kind page_kinds[] = {
    /* A pool's pages by its rules: nobody's, packed, full. */
    {"empty", fill_zero, HOUSE(0)},
    {"16x8", fill_packed, HOUSE(SLOTS_OWNED)},
    {"full", fill_full, HOUSE(SLOTS_OWNED)},
    /* By Xen's or the CPU's alone. */
    {"zero", fill_zero, XEN(64)},
    {"packed", fill_packed, XEN(64)},
    {"mixed", fill_mixed, XEN(64)},
    {"sparse", fill_sparse, XEN(64)},
    {"gates", fill_gates, XEN(64)},
    {"gate-pairs", fill_gate_pairs, XEN(64)},
    {"not-present", fill_not_present, XEN(64)},
    {"dpl-0", fill_dpl_0, XEN(64)},
    {"pv32", fill_pv32, XEN(32)},
    {"pv32-full", fill_pv32_full, XEN(32)},
    {"pv32-gates", fill_gates, XEN(32)},
    {"native64", fill_native64, NATIVE(64)},
    {"native64-pairs", fill_pairs, NATIVE(64)},
    {"native64-mixed", fill_mixed, NATIVE(64)},
    {"native32", fill_native32, NATIVE(32)},
    {"native32-sparse", fill_sparse, NATIVE(32)},
};
const uint32_t page_kinds_count = sizeof(page_kinds) / sizeof(page_kinds[0]);

const struct page_kind *page_kind_find(const char *name)
{
    for (uint32_t i = 0; i < page_kinds_count; i++)
        if (strcmp(page_kinds[i].name, name) == 0)
            return &page_kinds[i];
    return NULL;
}
