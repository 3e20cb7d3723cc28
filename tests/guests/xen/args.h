/* SPDX-License-Identifier: MIT */
/*
 * The guest's arguments: cpus=N layout=page|window|common|page-per-cpu control=none|... mode=bringup|hotplug and,
 * for hotplug, seconds=N drivers=N pcpus=N.
 */

#ifndef GUEST_ARGS_H
#define GUEST_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_DRIVERS    16u
#define FEWEST_WORKERS 16u

enum control {
    CONTROL_NONE,
    CONTROL_NEIGHBOUR_BASE,
    CONTROL_UNOWNED_TSS,
    CONTROL_WRITABLE_PAGE,
    CONTROL_EARLY_FREE, /* this one and the next two are for hotplug, the others for bringup */
    CONTROL_NO_DROP,
    CONTROL_NO_INTRODUCE
};

enum mode {
    MODE_BRINGUP, /* one CPU brings all others up, once */
    MODE_HOTPLUG  /* several bring the others on- and offline for some seconds */
};

struct args {
    uint32_t nr; /* vCPUs */
    const char *layout_name;
    uint32_t slot_entries;
    uint32_t window_pages;
    bool common; /* a common page heads every window */
    enum control control;
    const char *control_name;
    enum mode mode;
    uint32_t seconds; /* these three: hotplug only */
    uint32_t drivers; /* vCPUs 0 .. drivers-1 bring the others on- and offline */
    uint32_t pcpus;   /* processors of the machine that the drivers must be seen on, at least */
};

/* Ends the run with one line when an argument is wrong, unknown or there twice. */
void args_parse(const char *line, struct args *args);

#endif /* GUEST_ARGS_H */
