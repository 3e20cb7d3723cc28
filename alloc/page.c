/* SPDX-License-Identifier: MIT */
/* Pages and their states; see page.h. */
#include "page.h"
#include "cgdt/error.h"

static void set_word(struct pages *pages, uint32_t page, const void *view, uintptr_t tags)
{
    /* Pairs with cgdt_page_word_(). */
    cgdt_store_pointer_release_(&pages->words[page + 1u], (uintptr_t)view | tags);
}

cgdt_desc_t *cgdt_page_view_(const struct pages *pages, uint32_t page)
{
    return (cgdt_desc_t *)(cgdt_page_word_(pages, page) & ~CGDT_PAGE_TAGS_);
}

CGDT_SELDOM_ uint32_t cgdt_page_hole_(const struct pages *pages, uint32_t from)
{
    uint32_t page = from > pages->first_hole ? from : pages->first_hole;

    for (; page < pages->count; page++) {
        const uintptr_t word = cgdt_page_word_(pages, page);

        if (word == 0 || (word & CGDT_PAGE_HELD_) != 0)
            break;
    }
    return page;
}

/*
 * -CGDT_EPROTO if a view or its frame is in the page's window already; or the port's code, since a
 * window that cannot be compared may hold one frame twice.
 */
static int check_unknown(const struct pages *pages, uint32_t page, const void *view,
                         cgdt_frame_t frame)
{
    if (page == CGDT_COMMON_PAGE) /* the first page of all */
        return 0;
    const uint32_t first = cgdt_page_window_first_(pages, page);
    const uint32_t end = cgdt_page_window_end_(pages, page);
    for (uint32_t other = CGDT_COMMON_PAGE; other != end; other = cgdt_page_next_(other, first)) {
        const cgdt_desc_t *its_view = cgdt_page_view_(pages, other);
        cgdt_frame_t its = 0;

        if (its_view == NULL) /* `page` itself, too */
            continue;
        const int error = pages->port->frame(pages->ctx, other, its_view, &its);
        if (its_view == view || (error >= 0 && its == frame))
            return -CGDT_EPROTO;
        if (error < 0)
            return error;
    }
    return 0;
}

static CGDT_INLINE_UNLESS_SMALL_ bool is_zero(const cgdt_desc_t *page)
{
    for (uint32_t entry = 0; entry < CGDT_PAGE_ENTRIES; entry++) {
        if (cgdt_load_descriptor_(&page[entry]) != 0)
            return false;
    }
    return true;
}

/* Whether it can be the address of a page, and leaves room for the tags. */
static bool is_page(const void *view)
{
    return view != NULL && ((uintptr_t)view & CGDT_PAGE_TAGS_) == 0;
}

/* Rule 6 of port.h: believe nothing of what a port gives. */
static int accept_page(const struct pages *pages, uint32_t page, const void *view)
{
    cgdt_frame_t frame = 0;

    if (!is_page(view) || !is_zero(view))
        return -CGDT_EPROTO;
    const int error = pages->port->frame(pages->ctx, page, view, &frame);
    if (error < 0)
        return error;
    return check_unknown(pages, page, view, frame);
}

/* A held page that could not leave when it should have: make it what a new one is. */
static int clean_held(struct pages *pages, uint32_t page)
{
    const int error = cgdt_page_unseal_(pages, page);

    if (error < 0)
        return error;
    cgdt_desc_t *view = cgdt_page_view_(pages, page);
    for (uint32_t entry = 0; entry < CGDT_PAGE_ENTRIES; entry++)
        cgdt_store_descriptor(&view[entry], 0);
    set_word(pages, page, view, CGDT_PAGE_HELD_ | CGDT_PAGE_COMING_);
    return 0;
}

CGDT_SELDOM_ int cgdt_page_map_(struct pages *pages, uint32_t page)
{
    void *view = NULL;

    if (cgdt_page_word_(pages, page) != 0)
        return clean_held(pages, page);
    int error = pages->port->map(pages->ctx, page, &view);
    if (error < 0)
        return error;
    error = accept_page(pages, page, view);
    if (error < 0) {
        pages->port->unmap(pages->ctx, page, view);
        return error;
    }
    set_word(pages, page, view, CGDT_PAGE_HELD_ | CGDT_PAGE_COMING_);
    return 0;
}

/* Tags of a mapped page: those of `clear` out, those of `set` in. */
static void change_tags(struct pages *pages, uint32_t page, uintptr_t clear, uintptr_t set)
{
    const uintptr_t word = cgdt_page_word_(pages, page);

    set_word(pages, page, NULL, (word & ~clear) | set);
}

CGDT_SELDOM_ static int reseal(struct pages *pages, uint32_t page, bool sealed)
{
    const uintptr_t word = cgdt_page_word_(pages, page);
    const struct page_state state = cgdt_page_state_of_(word);
    void *view = state.view;

    if (state.sealed == sealed)
        return 0;
    const int error = (sealed ? pages->port->seal : pages->port->unseal)(pages->ctx, page, &view);
    if (error < 0)
        return error;
    if (!is_page(view))
        return -CGDT_EPROTO;
    set_word(pages, page, view, (word & CGDT_PAGE_TAGS_) ^ CGDT_PAGE_SEALED_);
    return 0;
}

int cgdt_page_seal_(struct pages *pages, uint32_t page)
{
    return reseal(pages, page, true);
}

int cgdt_page_unseal_(struct pages *pages, uint32_t page)
{
    return reseal(pages, page, false);
}

void cgdt_page_unmap_(struct pages *pages, uint32_t page)
{
    void *view = cgdt_page_view_(pages, page);

    set_word(pages, page, NULL, 0);
    pages->port->unmap(pages->ctx, page, view); /* a held page was a hole already */
}

CGDT_SELDOM_ void cgdt_page_serve_(struct pages *pages, uint32_t page)
{
    change_tags(pages, page, CGDT_PAGE_HELD_ | CGDT_PAGE_COMING_, 0);
    pages->serving++;
    pages->first_hole = cgdt_page_hole_(pages, 0); /* another one may be far above */
}

void cgdt_page_hold_(struct pages *pages, uint32_t page)
{
    change_tags(pages, page, 0, CGDT_PAGE_HELD_);
    pages->serving--;
    if (page < pages->first_hole)
        pages->first_hole = page;
}

void cgdt_page_leave_(struct pages *pages, uint32_t page)
{
    change_tags(pages, page, CGDT_PAGE_COMING_, 0);
}
