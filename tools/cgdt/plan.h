/* SPDX-License-Identifier: MIT */
/* What `cgdt plan` counts, and what draws it. */
#ifndef CGDT_TOOLS_PLAN_H
#define CGDT_TOOLS_PLAN_H

#include "cgdt/cgdt.h"

enum plan_scheme_id {
    PLAN_CGDT,
    PLAN_PAGE_PER_CPU,
    PLAN_ARRAY,
    PLAN_ONE_WINDOW,
    PLAN_SCHEMES,
};

/* A way to hold the tables of so many CPUs. */
struct plan_scheme {
    const char *key; /* of JSON */
    const char *title;
    uint64_t most_cpus; /* it ends there */
    uint64_t pages;     /* common page included; 0, as the next two, if most_cpus are too few */
    uint64_t windows;
    uint64_t bytes;
};

struct plan {
    uint32_t cpus;
    const char *layout_name;
    struct cgdt_layout layout;
    size_t bookkeeping_bytes; /* of the pool */
    struct plan_scheme schemes[PLAN_SCHEMES];
    unsigned n_schemes; /* without a hypervisor there are no windows that could be too few */
};

/* Counts from cpus and layout, which must be valid. */
void plan_count(struct plan *plan);

/* The handle of the n-th slot, 0 up: which the n-th CPU gets if they come one after the other. */
cgdt_slot_t plan_slot(uint32_t n);

/* A picture of it as SVG; path: "-" for stdout. Returns 0, or the errno of what failed. */
int plan_draw(const struct plan *plan, const char *path);

#endif
