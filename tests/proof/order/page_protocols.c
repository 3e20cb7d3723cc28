/* SPDX-License-Identifier: MIT */
/* Protocols of alloc/page.c: the words of pages. */
#include "page.c" /* its static functions, too */

#include "protocol.h"

static struct pages pages;
static uintptr_t words[2];
static _Alignas(4096) cgdt_desc_t page[CGDT_PAGE_ENTRIES];

static void absent(void)
{
    pages = (struct pages){.words = words, .count = 1, .window_pages = 1};
    words[0] = words[1] = 0;
    page[0] = 7;
    search_name(&words[1], "page's word");
    search_name(&page[0], "page");
    search_watch(&pages, sizeof(pages));
}

/* As clean_held(). */
static void clean_and_show(void)
{
    cgdt_store_descriptor(&page[0], 0);
    set_word(&pages, 0, page, CGDT_PAGE_HELD_ | CGDT_PAGE_COMING_);
}

static void look_behind_it(void)
{
    const cgdt_desc_t *view = cgdt_page_view_(&pages, 0);

    if (view == NULL)
        return;
    search_tell(0, 1);
    search_tell(1, cgdt_load_descriptor_(&view[0]));
}

static const char *is_zero_behind_it(void)
{
    if (search_told(1, 0) == 0)
        return NULL;
    protocol_reached();
    return search_told(1, 1) == 0 ? NULL : "a page is seen before it is zero";
}

const struct protocol page_protocols[] = {
    {.name = "who-sees-a-page-sees-it-zeroed",
     .program = {2, 0, absent, {clean_and_show, look_behind_it}, NULL},
     .wrong = is_zero_behind_it},
    {.name = NULL},
};
