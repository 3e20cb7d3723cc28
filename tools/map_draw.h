/* SPDX-License-Identifier: MIT */
/* The picture of `cgdt map`. */
#ifndef CGDT_TOOLS_MAP_DRAW_H
#define CGDT_TOOLS_MAP_DRAW_H

#include "stress_engine.h"

struct map_view {
    uint32_t width; /* characters in a line */
    uint32_t rows;  /* of pages; what has no room is counted */
    bool live;      /* a terminal: each picture is drawn over the one before */
    bool hues;
};

/* One picture, on stdout. */
void map_draw(const struct map_view *view, const struct stress_progress *progress);

/* All pages in service, as one line of JSON. */
void map_print_json(const struct stress_progress *progress);

#endif
