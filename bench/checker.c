/* SPDX-License-Identifier: MIT */
/* The checker on one page: empty, as packed as pages usually are, full; against a plain loop. */
#include "cases.h"
#include "plain_check.h"

#define SLOTS (CGDT_PAGE_ENTRIES / PEER_TABLE_ENTRIES)

struct page {
    const char *name;
    uint32_t entries; /* of each slot that hold a descriptor; entry 0 is none */
    uint64_t owned;
    _Alignas(CGDT_PAGE_BYTES) cgdt_desc_t descs[CGDT_PAGE_ENTRIES];
};

static struct page pages[] = {
    {.name = "empty", .entries = 0, .owned = 0},
    {.name = "16x8", .entries = PEER_TEMPLATE_ENTRIES, .owned = (1ull << SLOTS) - 1},
    {.name = "full", .entries = PEER_TABLE_ENTRIES, .owned = (1ull << SLOTS) - 1},
};

static void fill(struct page *page)
{
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        for (uint32_t i = 0; i < page->entries; i++) {
            const cgdt_desc_t desc = peer_template[i % PEER_TEMPLATE_ENTRIES];

            /* No two per-CPU segments are alike. */
            page->descs[slot * PEER_TABLE_ENTRIES + i] =
                i % PEER_TEMPLATE_ENTRIES == 7 ? desc | (cgdt_desc_t)(slot * 64 + i) << 28 : desc;
        }
}

static void run_cgdt(struct bench_state *state, const void *arg)
{
    const struct page *page = arg;
    enum cgdt_reason reason = CGDT_FINE;

    while (reason == CGDT_FINE && bench_next(state)) {
        reason = cgdt_check_page(CGDT_PROFILE_XEN_PV64, CGDT_RULE_NULL_ENTRY, page->descs,
                                 PEER_TABLE_ENTRIES, page->owned, NULL);
        bench_keep(page);
    }
    if (reason != CGDT_FINE)
        bench_skip(state, cgdt_reason_text(reason));
}

static void run_plain(struct bench_state *state, const void *arg)
{
    const struct page *page = arg;
    enum cgdt_reason reason = CGDT_FINE;

    while (reason == CGDT_FINE && bench_next(state)) {
        reason = plain_check_page(page->descs, PEER_TABLE_ENTRIES, page->owned);
        bench_keep(page);
    }
    if (reason != CGDT_FINE)
        bench_skip(state, cgdt_reason_text(reason));
}

void cases_checker(struct case_list *list)
{
    for (uint32_t i = 0; i < COUNT_OF(pages); i++) {
        fill(&pages[i]);
        case_add(list, run_cgdt, &pages[i], "checker/cgdt/%s", pages[i].name);
        case_add(list, run_plain, &pages[i], "checker/plain/%s", pages[i].name);
    }
}
