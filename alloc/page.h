/* SPDX-License-Identifier: MIT */
/*
 * Which pages exist: map, seal, unseal, unmap through the port. Must not know of slots. Private to
 * alloc/.
 *
 * A page of the pool is, seen from here
 *
 *     absent      no page
 *     held        mapped, but in no service: on its way in or out, or left there by a port that
 *                 would not take it back
 *     in service  mapped, its slots are published
 *
 * and, where mapped, private or sealed. All of it is in one word per page: the view's address,
 * whose low 12 bits are zero, with three tags. Everything that changes a word runs under the port's
 * lock (or in the boot phase); looking is for everybody: the owner of a slot keeps its page as it
 * is.
 */
#ifndef CGDT_ALLOC_PAGE_H
#define CGDT_ALLOC_PAGE_H

#include "atomic.h"
#include "cgdt/port.h"
#include "hints.h"

struct pages {
    const struct cgdt_port *port;
    void *ctx;
    uintptr_t *words; /* [count + 1]: the common page's comes first */
    uint32_t count;   /* slot pages, mapped or not */
    uint32_t window_pages;
    uint32_t first_hole; /* the lowest page that is absent or held; `count`: none is */
    uint32_t serving;    /* pages in service */
};

/* A page as it is at this moment. view is NULL when it is absent. */
struct page_state {
    cgdt_desc_t *view;
    bool sealed;
    bool held;
    bool coming; /* held by a call that grows the pool */
};

/* A page's word: its view's address with tags. */
#define CGDT_PAGE_SEALED_ ((uintptr_t)1)
#define CGDT_PAGE_HELD_   ((uintptr_t)2)
#define CGDT_PAGE_COMING_ ((uintptr_t)4)
#define CGDT_PAGE_TAGS_   ((uintptr_t)(CGDT_PAGE_BYTES - 1u))

static inline uintptr_t cgdt_page_word_(const struct pages *pages, uint32_t page)
{
    /*
     * The common page is the one before 0. Pairs with set_word(): who sees a view sees the zeroed
     * page behind it.
     */
    return cgdt_load_pointer_acquire_(&pages->words[page + 1u]);
}

static inline struct page_state cgdt_page_state_of_(uintptr_t word)
{
    return (struct page_state){.view = (cgdt_desc_t *)(word & ~CGDT_PAGE_TAGS_),
                               .sealed = (word & CGDT_PAGE_SEALED_) != 0,
                               .held = (word & CGDT_PAGE_HELD_) != 0,
                               .coming = (word & CGDT_PAGE_COMING_) != 0};
}

static inline struct page_state cgdt_page_state_(const struct pages *pages, uint32_t page)
{
    return cgdt_page_state_of_(cgdt_page_word_(pages, page));
}

/* Where the page is read; NULL: it is absent. */
cgdt_desc_t *cgdt_page_view_(const struct pages *pages, uint32_t page);

static inline bool cgdt_page_serves_(const struct page_state *state)
{
    return state->view != NULL && !state->held;
}

/*
 * The one way to walk slot pages first .. end-1 and the common page: it comes first.
 *
 *     for (page = CGDT_COMMON_PAGE; page != end; page = cgdt_page_next_(page, first))
 */
static inline uint32_t cgdt_page_next_(uint32_t page, uint32_t first)
{
    return page == CGDT_COMMON_PAGE ? first : page + 1;
}

/* First slot page of the page's window. */
static inline uint32_t cgdt_page_window_first_(const struct pages *pages, uint32_t page)
{
    return page - page % pages->window_pages;
}

/* Behind the last slot page of the page's window. */
static inline uint32_t cgdt_page_window_end_(const struct pages *pages, uint32_t page)
{
    const uint32_t end = cgdt_page_window_first_(pages, page) + pages->window_pages;

    return end < pages->count ? end : pages->count;
}

/* The lowest page from `from` on that is absent or held; `count` if there is none. */
uint32_t cgdt_page_hole_(const struct pages *pages, uint32_t from);

/*
 * absent or held -> held and coming, private, zero. Errors: -CGDT_EPROTO or the port's; then it is
 * as it was.
 */
int cgdt_page_map_(struct pages *pages, uint32_t page);

/* private -> sealed and back. Errors: the port's; then nothing has changed. */
int cgdt_page_seal_(struct pages *pages, uint32_t page);
int cgdt_page_unseal_(struct pages *pages, uint32_t page);

/* held and private -> absent. */
void cgdt_page_unmap_(struct pages *pages, uint32_t page);

/* held -> in service, and back. */
void cgdt_page_serve_(struct pages *pages, uint32_t page);
void cgdt_page_hold_(struct pages *pages, uint32_t page);

/* held and coming -> held: it cannot be given back, and waits for a later growth. */
void cgdt_page_leave_(struct pages *pages, uint32_t page);

#endif
