/* SPDX-License-Identifier: MIT */
/* The picture of `cgdt map`: several pages side by side where a page has few slots. */
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

void map_look(struct map_picture *picture, const struct stress_progress *progress)
{
    const struct cgdt_layout *layout = cgdt_pool_layout(progress->pool);

    struct cgdt_pool_stats stats;

    cgdt_stats(progress->pool, &stats, sizeof(stats));
    picture->slots = stats.max_slots;
    picture->colors = cgdt_colors(layout);
    picture->window_pages = layout->window_pages;
    picture->mapped_pages = 0;
    picture->taken_slots = 0;
    for (uint32_t page = 0; page < picture->n_pages; page++) {
        struct map_page *seen = &picture->pages[page];

        seen->mapped = cgdt_page_taken(progress->pool, page, &seen->owned) > 0;
        picture->mapped_pages += seen->mapped;
        picture->taken_slots += (uint32_t)__builtin_popcountll(seen->owned);
    }
}

static void draw_page(const struct map_view *view, const struct map_picture *picture, uint32_t page)
{
    const struct map_page *seen = &picture->pages[page];

    for (uint32_t c = 0; c < picture->colors; c++) {
        const bool exists = page * picture->colors + c < picture->slots;

        if ((seen->owned >> c & 1u) == 0)
            putchar(seen->mapped && exists ? '.' : ' ');
        else if (view->hues)
            printf("\033[30;48;5;%um%c\033[0m", hue(c, picture->colors), symbols[c]);
        else
            putchar(symbols[c]);
    }
    putchar('|');
}

void map_draw(const struct map_view *view, const struct map_picture *picture,
              const struct stress_progress *progress)
{
    const uint32_t room = (view->width - LABEL_CHARS) / (picture->colors + 1);
    const uint32_t per_row = room > 0 ? room : 1;
    const char *const end = view->live ? "\033[K\n" : "\n"; /* what the last picture had there */
    uint32_t page = 0;

    if (view->live)
        fputs("\033[H", stdout);
    printf("%.1f s, %" PRIu64 " operations, %" PRIu32 " slots owned, %" PRIu32 " pages mapped%s",
           progress->seconds, progress->operations, picture->taken_slots, picture->mapped_pages,
           end);
    for (uint32_t row = 0; row < view->rows && page < picture->n_pages; row++) {
        printf("page %7" PRIu32 " |", page);
        for (uint32_t i = 0; i < per_row && page < picture->n_pages; i++)
            draw_page(view, picture, page++);
        fputs(end, stdout);
    }
    if (page < picture->n_pages)
        printf("... and %" PRIu32 " pages more%s", picture->n_pages - page, end);
    if (view->live)
        fputs("\033[J", stdout);
}

void map_print_json(const struct map_picture *picture, const struct stress_progress *progress)
{
    const char *separator = "";

    printf("{\"seconds\": %.3f, \"operations\": %" PRIu64 ", \"taken_slots\": %" PRIu32
           ", \"mapped_pages\": %" PRIu32 ", \"colors\": %" PRIu32 ", \"window_pages\": %" PRIu32
           ", \"pages\": [",
           progress->seconds, progress->operations, picture->taken_slots, picture->mapped_pages,
           picture->colors, picture->window_pages);
    for (uint32_t page = 0; page < picture->n_pages; page++) {
        if (!picture->pages[page].mapped)
            continue;
        printf("%s{\"window\": %" PRIu32 ", \"page\": %" PRIu32 ", \"owned\": \"0x%" PRIx64 "\"}",
               separator, page / picture->window_pages, page % picture->window_pages,
               picture->pages[page].owned);
        separator = ", ";
    }
    puts("]}");
}
