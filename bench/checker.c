/* SPDX-License-Identifier: MIT */
/* The checker on a page of each kind (pages.h); against a plain loop by the same rules. */
#include "cases.h"
#include "pages.h"

#include <stdio.h>
#include <stdlib.h>

struct checked {
    const struct page_kind *kind;
    _Alignas(CGDT_PAGE_BYTES) cgdt_desc_t descs[CGDT_PAGE_ENTRIES];
    _Alignas(CGDT_PAGE_BYTES) cgdt_desc_t kept[CGDT_PAGE_ENTRIES];
};

static void run_cgdt(struct bench_state *state, const void *arg)
{
    const struct checked *page = arg;
    const struct page_kind *kind = page->kind;
    enum cgdt_reason reason = CGDT_FINE;

    while (reason == CGDT_FINE && bench_next(state)) {
        reason = cgdt_check_page(kind->profile, kind->rules, page->descs, kind->slot_entries,
                                 kind->owned, NULL);
        bench_keep(page);
    }
    if (reason != CGDT_FINE)
        bench_skip(state, cgdt_reason_text(reason));
}

static void run_plain(struct bench_state *state, const void *arg)
{
    struct checked *page = (struct checked *)(uintptr_t)arg;
    const struct page_kind *kind = page->kind;
    enum cgdt_reason reason = CGDT_FINE;

    while (reason == CGDT_FINE && bench_next(state)) {
        reason = kind->plain(page->descs, kind->slot_entries, kind->owned, page->kept);
        bench_keep(page);
    }
    if (reason != CGDT_FINE)
        bench_skip(state, cgdt_reason_text(reason));
}

void cases_checker(struct case_list *list)
{
    const size_t bytes = page_kinds_count * sizeof(struct checked);
    struct checked *pages = peer_memory(bytes);

    if (pages == NULL) {
        fputs("cgdt-bench: no memory for pages\n", stderr);
        exit(1);
    }
    for (uint32_t i = 0; i < page_kinds_count; i++) {
        pages[i].kind = &page_kinds[i];
        page_kinds[i].fill(pages[i].descs);
        case_add(list, run_cgdt, &pages[i], "checker/cgdt/%s", page_kinds[i].name);
        case_add(list, run_plain, &pages[i], "checker/plain/%s", page_kinds[i].name);
    }
}
