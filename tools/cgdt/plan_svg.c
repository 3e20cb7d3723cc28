/* SPDX-License-Identifier: MIT */
/*
 * A plan as SVG: a bar of pages for each scheme; below, the first window with its slots. Lengths
 * are in px.
 */
#include "plan.h"
#include "shared.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WIDTH     960
#define LEFT      180 /* text ends and drawing begins */
#define SPAN      760 /* of what is drawn */
#define BAR       18
#define BAR_PITCH 46
#define ROW       20
#define ROW_PITCH 24
#define TOP       70

static unsigned frames(const struct cgdt_layout *layout)
{
    return layout->window_pages + (layout->common ? 1u : 0u);
}

static void draw_bars(const struct plan *plan, FILE *to)
{
    uint64_t most = 1;

    for (unsigned i = 0; i < plan->n_schemes; i++) {
        if (plan->schemes[i].pages > most)
            most = plan->schemes[i].pages;
    }
    for (unsigned i = 0; i < plan->n_schemes; i++) {
        const struct plan_scheme *scheme = &plan->schemes[i];
        const unsigned y = TOP + i * BAR_PITCH;
        const double length = SPAN * (double)scheme->pages / (double)most;

        if (scheme->pages == 0) {
            fprintf(to,
                    "<text x=\"20\" y=\"%u\">%s: not possible, it ends at %" PRIu64
                    " CPUs</text>\n",
                    y, scheme->title, scheme->most_cpus);
            continue;
        }
        fprintf(to,
                "<text x=\"20\" y=\"%u\">%s: %" PRIu64 " page%s, %" PRIu64 " bytes</text>\n"
                "<rect class=\"bar\" x=\"20\" y=\"%u\" width=\"%.1f\" height=\"%u\" "
                "fill=\"#3b6ea5\"/>\n",
                y, scheme->title, scheme->pages, plural(scheme->pages), scheme->bytes, y + 6,
                length < 1.5 ? 1.5 : length, BAR);
    }
}

static void draw_whole_row(FILE *to, unsigned y, const char *label, const char *fill)
{
    fprintf(to,
            "<text x=\"%d\" y=\"%u\" text-anchor=\"end\">%s</text>\n"
            "<rect class=\"page\" x=\"%d\" y=\"%u\" width=\"%d\" height=\"%d\" fill=\"%s\" "
            "stroke=\"#666\"/>\n",
            LEFT - 10, y + 15, label, LEFT, y, SPAN, ROW, fill);
}

/* Slots that some CPU has are colored, around the wheel. */
static void draw_slots(const struct plan *plan, FILE *to, unsigned page, unsigned y)
{
    const uint32_t colors = cgdt_colors(&plan->layout);
    const double width = (double)SPAN / colors;

    fprintf(to, "<text x=\"%d\" y=\"%u\" text-anchor=\"end\">page %u</text>\n", LEFT - 10, y + 15,
            page);
    for (uint32_t color = 0; color < colors; color++) {
        const bool taken = (uint64_t)page * colors + color < plan->cpus;

        fprintf(to,
                "<rect class=\"%s\" x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%d\" "
                "stroke=\"#666\" stroke-width=\"0.5\" ",
                taken ? "slot" : "free", LEFT + color * width, y, width, ROW);
        if (taken)
            fprintf(to, "fill=\"hsl(%u, 60%%, 65%%)\"/>\n", color * 360 / colors);
        else
            fputs("fill=\"#ffffff\"/>\n", to);
    }
}

static void draw_window(const struct plan *plan, FILE *to, unsigned y)
{
    fprintf(to,
            "<text x=\"20\" y=\"%u\">Window 0 of %" PRIu64
            ": a row is a page, a cell a slot of %u descriptors; colored: a CPU has it</text>\n",
            y - 14, plan->schemes[PLAN_CGDT].windows, plan->layout.slot_entries);
    if (plan->layout.common) {
        draw_whole_row(to, y, "common page", "#dddddd");
        y += ROW_PITCH;
    }
    for (unsigned page = 0; page < plan->layout.window_pages; page++, y += ROW_PITCH)
        draw_slots(plan, to, page, y);
    if (plan->layout.mode == CGDT_MODE_PAGED)
        draw_whole_row(to, y, "the hypervisor's", "#999999");
}

int plan_draw(const struct plan *plan, const char *path)
{
    const unsigned window_y = TOP + PLAN_SCHEMES * BAR_PITCH + 40;
    const unsigned height = window_y + (frames(&plan->layout) + 1) * ROW_PITCH + 20;
    const bool is_stdout = strcmp(path, "-") == 0;
    FILE *to = is_stdout ? stdout : fopen(path, "w");
    bool good;

    if (to == NULL)
        return errno;
    fprintf(to,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" font-family=\""
            "sans-serif\" font-size=\"14\">\n"
            "<rect width=\"%d\" height=\"%u\" fill=\"#ffffff\"/>\n"
            "<text x=\"20\" y=\"34\" font-size=\"20\">GDTs of %" PRIu32
            " CPU%s, layout %s</text>\n",
            WIDTH, height, WIDTH, height, plan->cpus, plural(plan->cpus), plan->layout_name);
    draw_bars(plan, to);
    draw_window(plan, to, window_y);
    fputs("</svg>\n", to);
    errno = EIO;
    good = ferror(to) == 0;
    good = (is_stdout ? fflush(to) : fclose(to)) == 0 && good;
    return good ? 0 : errno;
}
