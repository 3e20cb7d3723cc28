/* SPDX-License-Identifier: MIT */
/* Pages and their states; see window.h. */
#include "window.h"
#include "cgdt/error.h"

static uintptr_t *place(struct windows *windows, uint32_t page)
{
    return page == CGDT_COMMON_PAGE ? &windows->common : &windows->views[page];
}

static void set_word(struct windows *windows, uint32_t page, const void *view, uintptr_t tags)
{
    /* Pairs with cgdt_window_word_(). */
    cgdt_store_pointer_release_(place(windows, page), (uintptr_t)view | tags);
}

struct page_state cgdt_window_page_(const struct windows *windows, uint32_t page)
{
    return cgdt_window_state_(cgdt_window_word_(windows, page));
}

uint32_t cgdt_window_hole_(const struct windows *windows, uint32_t from)
{
    uint32_t page = from > windows->first_hole ? from : windows->first_hole;

    for (; page < windows->pages; page++) {
        const uintptr_t word = cgdt_window_word_(windows, page);

        if (word == 0 || (word & CGDT_WINDOW_HELD) != 0)
            break;
    }
    return page;
}

/*
 * -CGDT_EPROTO if a view or its frame is in the page's window already; or the port's code, since a window
 * that cannot be compared may hold one frame twice.
 */
static int check_unknown(const struct windows *windows, uint32_t page, const void *view,
                         cgdt_frame_t frame)
{
    const uint32_t first = page - page % windows->window_pages;

    if (page == CGDT_COMMON_PAGE) /* the first page of all */
        return 0;
    for (uint32_t i = 0; i <= windows->window_pages; i++) {
        const uint32_t other = i < windows->window_pages ? first + i : CGDT_COMMON_PAGE;
        cgdt_frame_t its = 0;

        if (other == page || (other >= windows->pages && other != CGDT_COMMON_PAGE))
            continue;
        const cgdt_desc_t *its_view = cgdt_window_page_(windows, other).view;
        if (its_view == NULL)
            continue;
        const int error = windows->port->frame(windows->ctx, other, its_view, &its);
        if (its_view == view || (error >= 0 && its == frame))
            return -CGDT_EPROTO;
        if (error < 0)
            return error;
    }
    return 0;
}

static CGDT_SHARED_ bool is_zero(const cgdt_desc_t *page)
{
    for (uint32_t entry = 0; entry < CGDT_PAGE_ENTRIES; entry++) {
        if (cgdt_load_descriptor_(&page[entry]) != 0)
            return false;
    }
    return true;
}

bool cgdt_window_is_zero_(const struct windows *windows, uint32_t page)
{
    return is_zero(cgdt_window_page_(windows, page).view);
}

/* Whether it can be the address of a page, and leaves room for the tags. */
static bool is_page(const void *view)
{
    return view != NULL && ((uintptr_t)view & CGDT_WINDOW_TAGS) == 0;
}

/* Rule 6 of port.h: believe nothing of what a port gives. */
static int accept_page(const struct windows *windows, uint32_t page, const void *view)
{
    cgdt_frame_t frame = 0;

    if (!is_page(view) || !is_zero(view))
        return -CGDT_EPROTO;
    const int error = windows->port->frame(windows->ctx, page, view, &frame);
    if (error < 0)
        return error;
    return check_unknown(windows, page, view, frame);
}

/* A held page that could not leave when it should have: make it what a new one is. */
static int clean_held(struct windows *windows, uint32_t page)
{
    const int error = cgdt_window_unseal_(windows, page);

    if (error < 0)
        return error;
    cgdt_desc_t *view = cgdt_window_page_(windows, page).view;
    for (uint32_t entry = 0; entry < CGDT_PAGE_ENTRIES; entry++)
        cgdt_store_descriptor(&view[entry], 0);
    return 0;
}

CGDT_SELDOM_ int cgdt_window_map_(struct windows *windows, uint32_t page)
{
    void *view = NULL;

    if (cgdt_window_word_(windows, page) != 0)
        return clean_held(windows, page);
    int error = windows->port->map(windows->ctx, page, &view);
    if (error < 0)
        return error;
    error = accept_page(windows, page, view);
    if (error < 0) {
        windows->port->unmap(windows->ctx, page, view);
        return error;
    }
    set_word(windows, page, view, CGDT_WINDOW_HELD);
    return 0;
}

CGDT_SELDOM_ static int reseal(struct windows *windows, uint32_t page, bool sealed)
{
    const struct page_state state = cgdt_window_page_(windows, page);
    void *view = state.view;

    if (state.sealed == sealed)
        return 0;
    const int error =
        (sealed ? windows->port->seal : windows->port->unseal)(windows->ctx, page, &view);
    if (error < 0)
        return error;
    if (!is_page(view))
        return -CGDT_EPROTO;
    set_word(windows, page, view,
             (sealed ? CGDT_WINDOW_SEALED : 0) | (state.held ? CGDT_WINDOW_HELD : 0));
    return 0;
}

int cgdt_window_seal_(struct windows *windows, uint32_t page)
{
    return reseal(windows, page, true);
}

int cgdt_window_unseal_(struct windows *windows, uint32_t page)
{
    return reseal(windows, page, false);
}

void cgdt_window_unmap_(struct windows *windows, uint32_t page)
{
    void *view = cgdt_window_page_(windows, page).view;

    set_word(windows, page, NULL, 0);
    windows->port->unmap(windows->ctx, page, view); /* a held page was a hole already */
}

static void set_held(struct windows *windows, uint32_t page, uintptr_t held)
{
    const struct page_state state = cgdt_window_page_(windows, page);

    set_word(windows, page, state.view, held | (state.sealed ? CGDT_WINDOW_SEALED : 0));
}

void cgdt_window_serve_(struct windows *windows, uint32_t page)
{
    set_held(windows, page, 0);
    if (page == windows->first_hole)
        windows->first_hole = page + 1;
}

void cgdt_window_hold_(struct windows *windows, uint32_t page)
{
    set_held(windows, page, CGDT_WINDOW_HELD);
    if (page < windows->first_hole)
        windows->first_hole = page;
}
