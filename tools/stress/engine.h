/* SPDX-License-Identifier: MIT */
/*
 * Concurrent hotplug on one pool, every slot verified: the engine of `cgdt stress` and of
 * tests/stress.
 *
 * Each thread brings random CPUs on- and offline through the directory, where it meets the other
 * threads on the same CPU numbers, and takes, fills, verifies and frees slots of its own; windows
 * are reserved, trimmed and checked meanwhile; the port fails at random where asked to. Any
 * violation stops the run.
 *
 * From time to time all threads meet, and the pool is held against what the threads believe. At the
 * end everything is freed, trimmed and destroyed, and no page may be left.
 */
#ifndef CGDT_TOOLS_STRESS_ENGINE_H
#define CGDT_TOOLS_STRESS_ENGINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct cgdt_pool;

enum stress_layout {
    STRESS_PAGE,         /* 32 descriptors, windows of one page */
    STRESS_WINDOW,       /* 32 descriptors, windows of 14 pages */
    STRESS_COMMON,       /* 8 descriptors, a common page and 13 pages */
    STRESS_PAGE_PER_CPU, /* 512 descriptors, windows of one page */
    STRESS_LAYOUTS,
};

#define STRESS_MAX_THREADS      256u
#define STRESS_MAX_CPUS         1048576u
#define STRESS_MAX_CPUS_BY_PAGE 262144u /* of page-per-cpu: 1 GiB of pages */
#define STRESS_MAX_FAULT_RATE   0.5     /* beyond it a window of 14 pages would hardly ever leave */
#define STRESS_MAP_CELLS        32u

/* How a run is going, for whoever watches. */
struct stress_progress {
    uint64_t operations;
    double seconds;
    double share; /* of the run, 0 .. 1 */
    /*
     * One character per cell for `pages` pages: ' ' nothing mapped, '.' mapped, ':' to '#' the
     * fuller.
     */
    char map[STRESS_MAP_CELLS + 1];
    uint32_t mapped_pages;
    uint32_t taken_slots;
    uint32_t pages;               /* that the pool can have */
    const struct cgdt_pool *pool; /* for cgdt_page_taken(); NULL where it is serialized */
};

struct stress_params {
    uint32_t threads;    /* 1 .. STRESS_MAX_THREADS */
    uint32_t cpus;       /* the pool's ceiling */
    uint64_t operations; /* stop after as many; 0: no limit */
    double seconds;      /* stop after as long; 0: no limit. One of the two must be given */
    enum stress_layout layout;
    bool hosted;     /* the hosted port; otherwise the fixed one */
    bool serialized; /* a pool without atomic read-modify-writes; one thread only */
    bool full;       /* want more slots than there are: -CGDT_ENOSPC must be right when it comes */
    bool heavy_trim; /* trim all the time, not now and then */
    /*
     * Of a cache of each thread's own, through which half of its slots then come and go: 0, or 2 ..
     * CGDT_CACHE_SLOTS. Not `full`: an eighth of the CPUs for all threads together, at most.
     */
    uint32_t cache_slots;
    double fault_rate; /* chance of each port operation to fail, 0 .. STRESS_MAX_FAULT_RATE */
    uint64_t seed;

    /*
     * Once true, which anybody may make it at any time, the run ends as if its time were up. May be
     * NULL.
     */
    const atomic_bool *enough;

    /* Called about five times a second by the thread that called stress_run(). May be NULL. */
    void (*watch)(void *ctx, const struct stress_progress *progress);
    void *watch_ctx;
};

/* Successful calls; a bulk allocation counts as its slots. The first group are the operations. */
struct stress_counts {
    uint64_t alloc;
    uint64_t bulk;
    uint64_t free;
    uint64_t write;
    uint64_t read;
    uint64_t online;
    uint64_t offline;

    uint64_t frames;
    uint64_t trim; /* windows given back */
    uint64_t reserve;
    uint64_t check;
    uint64_t stale; /* handles of a wrong generation, refused as they must be */
    uint64_t full;  /* -CGDT_ENOSPC */
    /* online or offline of a CPU that somebody else had brought there, or was busy with */
    uint64_t lost;
    uint64_t cached; /* of alloc, through a cache */
    uint64_t moved;  /* slots and CPUs that moved to another place */
    uint64_t kept;   /* offline of a CPU that would not let go */
    uint64_t faults; /* injected */
};

struct stress_result {
    struct stress_counts counts;
    uint64_t operations;
    double seconds;
    uint64_t violations;
    char first[400]; /* the first violation in words; "" if there is none */
};

/* 0: ran, no violation. 1: a violation. 2: could not run, result->first says why. */
int stress_run(const struct stress_params *params, struct stress_result *result);

/* page, window, common, page-per-cpu; NULL if there is no such layout. */
const char *stress_layout_name(enum stress_layout layout);

#endif
