/* SPDX-License-Identifier: MIT */
/*
 * The guest's arguments: cpus=N layout=page|window|common|page-per-cpu control=none|...
 * mode=bringup|... and what belongs to one mode: args.c has the list.
 */

#ifndef GUEST_ARGS_H
#define GUEST_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_DRIVERS    16u
#define FEWEST_WORKERS 16u

enum mode {
    MODE_BRINGUP,    /* one CPU brings all others up; then off- and online, if wanted */
    MODE_HOTPLUG,    /* several bring the others on- and offline, some thousand times */
    MODE_CHECKER,    /* the library's checker against Xen's own */
    MODE_THREADS,    /* software threads go from vCPU to vCPU */
    MODE_EXPLAIN,    /* what Xen refuses, and what the port says about it */
    MODE_FLIPS,      /* one vCPU changes a descriptor, another one loads it */
    MODE_NEIGHBOURS, /* what vCPUs see of each other */
    MODE_MEASURE,    /* instructions and hypercalls */
    MODE_DOMU,       /* a guest that is no dom0: hotplug by xl, save and restore */
    MODE_MOVE        /* most go off, the others move together; several times */
};

enum control {
    CONTROL_NONE,
    CONTROL_NEIGHBOUR_BASE, /* this one and the next two: bringup */
    CONTROL_UNOWNED_TSS,
    CONTROL_WRITABLE_PAGE,
    CONTROL_EARLY_FREE, /* these three: hotplug */
    CONTROL_NO_DROP,
    CONTROL_NO_INTRODUCE,
    CONTROL_WRONG_PROFILE, /* these two: checker */
    CONTROL_WRONG_START,
    CONTROL_NO_CONVERSION, /* threads */
    CONTROL_THROUGH_ZERO,  /* flips */
    CONTROL_KEPT_FRAME,    /* domu */
    CONTROL_EARLY_END,     /* this one and the next four: move */
    CONTROL_NO_REBASE,
    CONTROL_STALE_SAVED,
    CONTROL_STALE_FRAME,
    CONTROL_KEPT_SLOT
};

struct args {
    uint32_t nr; /* vCPUs */
    const char *layout_name;
    uint32_t slot_entries;
    uint32_t window_pages;
    bool common;  /* a common page heads every window */
    bool by_hand; /* measure: a page per CPU, without the library */
    enum control control;
    const char *control_name;
    enum mode mode;
    uint32_t rounds;  /* bringup: all offline and online again; move: most. So many times */
    uint32_t cycles;  /* these four: hotplug, the last flips too. At least so many */
    uint32_t seconds; /* and for as long, for whoever wants it: no test says so */
    uint32_t drivers; /* vCPUs 0 .. drivers-1 bring the others on- and offline */
    uint32_t
        pcpus; /* processors of the machine; hotplug: that the drivers must be seen on, at least */
    uint32_t count; /* checker: descriptors; threads: switches; flips: flips */
    uint32_t pages; /* checker: pages */
    uint32_t seed;  /* move: who goes, in which order */
};

/* Ends the run with one line when an argument is wrong, unknown, there twice or of another mode. */
void args_parse(const char *line, struct args *args);

#endif /* GUEST_ARGS_H */
