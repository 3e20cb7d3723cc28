/* SPDX-License-Identifier: MIT */
/* The guest's arguments: cpus=N layout=page|window|page-per-cpu control=none|... */

#ifndef GUEST_ARGS_H
#define GUEST_ARGS_H

#include <stdint.h>

enum control {
    CONTROL_NONE,
    CONTROL_NEIGHBOUR_BASE,
    CONTROL_UNOWNED_TSS,
    CONTROL_WRITABLE_PAGE
};

struct args {
    uint32_t nr; /* vCPUs */
    const char *layout_name;
    uint32_t slot_entries;
    uint32_t window_pages;
    enum control control;
    const char *control_name;
};

/* Ends the run with one line when an argument is wrong, unknown or there twice. */
void args_parse(const char *line, struct args *args);

#endif /* GUEST_ARGS_H */
