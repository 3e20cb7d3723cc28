/* SPDX-License-Identifier: MIT */
/*
 * Which pages exist: map, seal, unseal, unmap through the port. Knows nothing of slots. Private to alloc/.
 *
 * A page of the pool is, seen from here
 *
 *     absent      no page
 *     held        mapped, but in no service: being grown, or on its way out
 *     in service  mapped, its slots are published
 *
 * and, where mapped, private or sealed. All of it is in one word per page: the view's address, whose low 12
 * bits are zero, with two tags. Everything that changes a word runs under the port's lock (or in the boot
 * phase); looking is for everybody: the owner of a slot keeps its page as it is.
 */
#ifndef CGDT_ALLOC_WINDOW_H
#define CGDT_ALLOC_WINDOW_H

#include "atomic.h"
#include "cgdt/port.h"
#include "hints.h"

struct pages {
    const struct cgdt_port *port;
    void *ctx;
    uintptr_t *views; /* [pages] */
    uintptr_t common; /* the common page's word */
    uint32_t pages;
    uint32_t window_pages;
    uint32_t first_hole; /* no page below is absent or held */
};

/* A mapped page as it is at this moment. view is NULL when it is absent. */
struct page_state {
    cgdt_desc_t *view;
    bool sealed;
    bool held;
};

/* A page's word: its view's address with tags. */
#define CGDT_PAGE_SEALED_ ((uintptr_t)1)
#define CGDT_PAGE_HELD_   ((uintptr_t)2)
#define CGDT_PAGE_TAGS_   ((uintptr_t)(CGDT_PAGE_BYTES - 1u))

static inline uintptr_t cgdt_page_word_(const struct pages *pages, uint32_t page)
{
    /* Pairs with set_word(): who sees a view sees the zeroed page behind it. */
    return cgdt_load_pointer_acquire_(page == CGDT_COMMON_PAGE ? &pages->common
                                                               : &pages->views[page]);
}

static inline struct page_state cgdt_page_state_of_(uintptr_t word)
{
    return (struct page_state){(cgdt_desc_t *)(word & ~CGDT_PAGE_TAGS_),
                               (word & CGDT_PAGE_SEALED_) != 0, (word & CGDT_PAGE_HELD_) != 0};
}

/* Of a slot page. */
static inline struct page_state cgdt_page_slot_state_(const struct pages *pages, uint32_t page)
{
    /* Pairs as in cgdt_page_word_(). */
    return cgdt_page_state_of_(cgdt_load_pointer_acquire_(&pages->views[page]));
}

/* Of any page. */
struct page_state cgdt_page_state_(const struct pages *pages, uint32_t page);

/* The lowest page from `from` on that is absent or held; `pages` if there is none. */
uint32_t cgdt_page_hole_(const struct pages *pages, uint32_t from);

/* absent or held -> held, private and zero. Errors: -CGDT_EPROTO or the port's; then it is as it was. */
int cgdt_page_map_(struct pages *pages, uint32_t page);

/* private -> sealed and back. Errors: the port's; then nothing has changed. */
int cgdt_page_seal_(struct pages *pages, uint32_t page);
int cgdt_page_unseal_(struct pages *pages, uint32_t page);

/* held and private -> absent. */
void cgdt_page_unmap_(struct pages *pages, uint32_t page);

/* Whether a mapped page holds nothing. */
bool cgdt_page_is_zero_(const struct pages *pages, uint32_t page);

/* held <-> in service. */
void cgdt_page_serve_(struct pages *pages, uint32_t page);
void cgdt_page_hold_(struct pages *pages, uint32_t page);

#endif
