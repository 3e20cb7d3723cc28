/* SPDX-License-Identifier: MIT */
/* The picture of `cgdt map`. */
#ifndef CGDT_TOOLS_MAP_DRAW_H
#define CGDT_TOOLS_MAP_DRAW_H

#include "../stress/engine.h"

struct map_page {
    uint64_t owned; /* bit c: color c */
    bool mapped;
};

/* What was seen: each page at a moment of its own. */
struct map_picture {
    struct map_page *pages; /* n_pages of them: the caller's */
    uint32_t n_pages;
    uint32_t colors;
    uint32_t slots; /* that the pool can have: its last page may have fewer than colors */
    uint32_t window_pages;
    uint32_t mapped_pages;
    uint32_t taken_slots;
    const char *phase; /* of what happens, in words; NULL: nothing is said of it */
};

struct map_view {
    uint32_t width; /* characters in a line, at least 1 */
    uint32_t lines; /* of the terminal, the cursor's included: no picture has more; 0: no end */
    uint32_t rows;  /* of pages; what has no room is counted. 0: what lines have, or 20 */
    bool live;      /* a terminal: each picture is drawn over the one before */
    bool hues;
};

/* Looks at the pool: fills all of the picture but pages and n_pages. */
void map_look(struct map_picture *picture, const struct stress_progress *progress);

/* One picture, on stdout. */
void map_draw(const struct map_view *view, const struct map_picture *picture,
              const struct stress_progress *progress);

/* The same as one line of JSON, with all pages that are mapped. */
void map_print_json(const struct map_picture *picture, const struct stress_progress *progress);

#endif
