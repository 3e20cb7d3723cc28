/* SPDX-License-Identifier: MIT */
/* The picture of `cgdt map`: several pages side by side where a page has few slots. */
#include "map_draw.h"
#include "shared.h"

#include "cgdt/cgdt.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LABEL_CHARS  14u /* "page 1234567 |" */
#define REST_CHARS   26u /* "... and 1234567 pages more" */
#define TEXT_BYTES   40u
#define DEFAULT_ROWS 20u

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

/* How pages lie in lines of view->width characters. */
struct grid {
    uint32_t label_chars; /* before the first page of a row; 0: there is no room for any */
    uint32_t per_row;     /* pages side by side */
    uint32_t cells;       /* slots in a line: all of a page, unless the terminal is narrower */
    uint32_t page_lines;  /* that a row takes therefore */
};

static struct grid lay_out(uint32_t width, uint32_t colors)
{
    const uint32_t page_chars = colors + 1; /* and a bar */
    const bool labelled =
        width >= LABEL_CHARS + page_chars || (width < page_chars && width >= 2 * LABEL_CHARS);
    struct grid grid = {.label_chars = labelled ? LABEL_CHARS : 0, .cells = colors};
    const uint32_t room = width - grid.label_chars;

    grid.per_row = room / page_chars;
    if (grid.per_row == 0) {
        grid.per_row = 1;
        grid.cells = room > 1 ? room - 1 : 1;
    }
    grid.page_lines = (colors + grid.cells - 1) / grid.cells;
    return grid;
}

/* What the last picture had there goes first: behind a full line it would take its last character.
 */
static void begin_line(const struct map_view *view)
{
    if (view->live)
        fputs("\033[K", stdout);
}

static void draw_slots(const struct map_view *view, const struct map_picture *picture,
                       uint32_t page, uint32_t first, uint32_t end)
{
    const struct map_page *seen = &picture->pages[page];

    for (uint32_t c = first; c < end; c++) {
        const bool exists = page * picture->colors + c < picture->slots;

        if ((seen->owned >> c & 1u) == 0)
            putchar(seen->mapped && exists ? '.' : ' ');
        else if (view->hues)
            printf("\033[30;48;5;%um%c\033[0m", hue(c, picture->colors), symbols[c]);
        else
            putchar(symbols[c]);
    }
    if (view->width > 1)
        putchar('|');
}

/* The pages from `page` on, as many as go into a row. */
static void draw_row(const struct map_view *view, const struct map_picture *picture,
                     const struct grid *grid, uint32_t page)
{
    for (uint32_t line = 0; line < grid->page_lines; line++) {
        const uint32_t first = line * grid->cells;
        const uint32_t end = first + grid->cells;

        begin_line(view);
        if (grid->label_chars != 0 && line == 0)
            printf("page %7" PRIu32 " |", page);
        else if (grid->label_chars != 0)
            printf("%*s|", (int)grid->label_chars - 1, "");
        for (uint32_t i = page; i < page + grid->per_row && i < picture->n_pages; i++)
            draw_slots(view, picture, i, first, end < picture->colors ? end : picture->colors);
        putchar('\n');
    }
}

/* One line, or several where the terminal is narrower: none is left to the terminal to wrap. */
static uint32_t draw_text(const struct map_view *view, const char *text)
{
    uint32_t lines = 0;

    for (size_t left = strlen(text); left > 0; lines++) {
        const size_t chars = left < view->width ? left : view->width;

        begin_line(view);
        printf("%.*s\n", (int)chars, text);
        text += chars;
        left -= chars;
    }
    return lines;
}

/* Returns how many lines it takes. */
static uint32_t draw_heading(const struct map_view *view, const struct map_picture *picture,
                             const struct stress_progress *progress)
{
    char parts[4][TEXT_BYTES];
    char line[4 * TEXT_BYTES] = "";
    uint32_t lines = picture->phase != NULL ? draw_text(view, picture->phase) : 0;

    (void)snprintf(parts[0], TEXT_BYTES, "%.1f s", progress->seconds);
    (void)snprintf(parts[1], TEXT_BYTES, "%" PRIu64 " operation%s", progress->operations,
                   plural(progress->operations));
    (void)snprintf(parts[2], TEXT_BYTES, "%" PRIu32 " slot%s owned", picture->taken_slots,
                   plural(picture->taken_slots));
    (void)snprintf(parts[3], TEXT_BYTES, "%" PRIu32 " page%s mapped", picture->mapped_pages,
                   plural(picture->mapped_pages));
    for (unsigned i = 0; i < 4; i++) {
        if (line[0] != '\0' && strlen(line) + 2 + strlen(parts[i]) > view->width) {
            lines += draw_text(view, line);
            line[0] = '\0';
        }
        (void)snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s%.*s",
                       line[0] != '\0' ? ", " : "", (int)TEXT_BYTES - 1, parts[i]);
    }
    return lines + draw_text(view, line);
}

static uint32_t rows_that_fit(const struct map_view *view, const struct grid *grid,
                              uint32_t heading_lines)
{
    const uint32_t rest_lines = (REST_CHARS + view->width - 1) / view->width;
    const uint32_t around = heading_lines + rest_lines + 1; /* the cursor's */
    uint32_t fit = view->rows != 0 ? view->rows : DEFAULT_ROWS;

    if (view->lines != 0) {
        fit = view->lines > around ? (view->lines - around) / grid->page_lines : 1;
        if (view->rows != 0 && view->rows < fit)
            fit = view->rows;
    }
    return fit != 0 ? fit : 1;
}

void map_draw(const struct map_view *view, const struct map_picture *picture,
              const struct stress_progress *progress)
{
    const struct grid grid = lay_out(view->width, picture->colors);
    uint32_t page = 0;
    uint32_t rows;

    if (view->live)
        fputs("\033[H", stdout);
    rows = rows_that_fit(view, &grid, draw_heading(view, picture, progress));
    for (; rows > 0 && page < picture->n_pages; rows--, page += grid.per_row)
        draw_row(view, picture, &grid, page);
    if (page < picture->n_pages) {
        char rest[TEXT_BYTES];

        (void)snprintf(rest, sizeof(rest), "... and %" PRIu32 " page%s more",
                       picture->n_pages - page, plural(picture->n_pages - page));
        (void)draw_text(view, rest);
    }
    if (view->live)
        fputs("\033[J", stdout);
}

void map_print_json(const struct map_picture *picture, const struct stress_progress *progress)
{
    const char *separator = "";

    putchar('{');
    if (picture->phase != NULL) {
        printf("\"phase\": ");
        print_json_string(picture->phase);
        printf(", ");
    }
    printf("\"seconds\": %.3f, \"operations\": %" PRIu64 ", \"taken_slots\": %" PRIu32
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
