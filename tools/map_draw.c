/* SPDX-License-Identifier: MIT */
/* The picture of `cgdt map`: several pages side by side where a page has few slots. Every look at a page is a
 * snapshot of its own, so pages of one picture may be of slightly different moments. */
#include "map_draw.h"

#include "cgdt/cgdt.h"

#include <inttypes.h>
#include <stdio.h>

#define LABEL_CHARS 14u /* "page 1234567 |" */

static const char symbols[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+*";

/* A hue of the terminal's 6x6x6 cube for color c of n: once around its saturated edge, 30 steps. */
static unsigned hue(uint32_t c, uint32_t n)
{
    static const uint8_t corners[7][3] = {{5, 0, 0}, {5, 5, 0}, {0, 5, 0}, {0, 5, 5},
                                          {0, 0, 5}, {5, 0, 5}, {5, 0, 0}};
    const uint32_t at = 30 * c / n;
    const uint8_t *from = corners[at / 5];
    const uint8_t *to = corners[at / 5 + 1];
    unsigned code = 0;

    for (unsigned i = 0; i < 3; i++)
        code = code * 6 + (from[i] * (5 - at % 5) + to[i] * (at % 5)) / 5;
    return 16 + code;
}

static void draw_page(const struct map_view *view, const struct cgdt_pool *pool, uint32_t page)
{
    const uint32_t colors = cgdt_colors(cgdt_pool_layout(pool));
    uint64_t owned = 0;
    const bool mapped = cgdt_page_owned(pool, page, &owned) > 0;

    for (uint32_t c = 0; c < colors; c++) {
        if ((owned >> c & 1u) == 0)
            putchar(mapped ? '.' : ' ');
        else if (view->hues)
            printf("\033[30;48;5;%um%c\033[0m", hue(c, colors), symbols[c]);
        else
            putchar(symbols[c]);
    }
    putchar('|');
}

void map_draw(const struct map_view *view, const struct stress_progress *progress)
{
    const uint32_t colors = cgdt_colors(cgdt_pool_layout(progress->pool));
    const uint32_t room = (view->width - LABEL_CHARS) / (colors + 1);
    const uint32_t per_row = room > 0 ? room : 1;
    const char *const end = view->live ? "\033[K\n" : "\n"; /* what the last picture had there */
    uint32_t page = 0;

    if (view->live)
        fputs("\033[H", stdout);
    printf("%.1f s, %" PRIu64 " operations, %" PRIu32 " slots owned, %" PRIu32 " pages mapped%s",
           progress->seconds, progress->operations, progress->owned_slots, progress->mapped_pages,
           end);
    for (uint32_t row = 0; row < view->rows && page < progress->pages; row++) {
        printf("page %7" PRIu32 " |", page);
        for (uint32_t i = 0; i < per_row && page < progress->pages; i++)
            draw_page(view, progress->pool, page++);
        fputs(end, stdout);
    }
    if (page < progress->pages)
        printf("... and %" PRIu32 " pages more%s", progress->pages - page, end);
    if (view->live)
        fputs("\033[J", stdout);
}

void map_print_json(const struct stress_progress *progress)
{
    const struct cgdt_layout *layout = cgdt_pool_layout(progress->pool);
    const char *separator = "";

    printf("{\"seconds\": %.3f, \"operations\": %" PRIu64 ", \"colors\": %" PRIu32
           ", \"window_pages\": %u, \"pages\": [",
           progress->seconds, progress->operations, cgdt_colors(layout), layout->window_pages);
    for (uint32_t page = 0; page < progress->pages; page++) {
        uint64_t owned = 0;

        if (cgdt_page_owned(progress->pool, page, &owned) <= 0)
            continue;
        printf("%s{\"window\": %" PRIu32 ", \"page\": %" PRIu32 ", \"owned\": \"0x%" PRIx64 "\"}",
               separator, page / layout->window_pages, page % layout->window_pages, owned);
        separator = ", ";
    }
    puts("]}");
}
