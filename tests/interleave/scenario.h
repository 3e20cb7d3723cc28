/* SPDX-License-Identifier: MIT */
/* The scenarios: a pool in some state, and what each CPU does with it. */
#ifndef CGDT_TESTS_SCENARIO_H
#define CGDT_TESTS_SCENARIO_H

#include "caches.h"

#define MAX_PROGRAM 4u /* calls of one CPU */
#define MAX_HANDLES 8u
#define MAX_FREED   4u

struct scenario {
    const char *name;
    const char *claim;

    /*
     * 8 (64 colors): words of 64 bits. 128 or more: deep trees, of words of 4 bits
     * (CMakeLists.txt).
     */
    uint16_t slot_entries;

    /* The pool. 0 means: windows of one page, Xen's rules. */
    bool direct; /* sealed pages take ordinary stores */
    uint8_t window_pages;
    uint8_t keep_pages;
    uint8_t max_cpus;
    const struct cgdt_profile *profile;

    /*
     * Its state: slots 0 .. taken-1 are allocated; then one slot of each of the first stale_words
     * words of free bits is freed and taken again, the last word first, which leaves the summary
     * saying that they have room; then `freed` ones (slot + 1) and all on
     * `free_page` (page + 1), which stays mapped, are given back; then `cached` ones (slot + 1) go
     * into the caches of the CPUs, in that order; then CPU 0 is brought online.
     */
    uint8_t taken;
    uint8_t stale_words;
    uint8_t freed[MAX_FREED];
    uint8_t free_page;
    uint8_t cached[EXPLORER_CPUS][CACHED_SLOTS];
    bool cpu0_online;
    bool cpu0_above;  /* it comes before anything is given back */
    bool cpu0_handle; /* handle 0 is its slot's */

    /* Handles 0 up, each of slot + 1: of its owner, or of who owned it before it was freed. */
    uint8_t handles[MAX_HANDLES];

    /* Handle 0 is made up: of this slot + 1, freed once, it is what the next owner will get. */
    uint8_t forged;

    /* A slot that is to be near others may come from any page: there are not enough. */
    bool shares;

    /* The port refuses the n-th of these operations. */
    enum world_fault refused;
    uint8_t refused_at;

    unsigned bound; /* preemptions; UNBOUNDED */
    unsigned cpus;
    struct {
        unsigned n;
        struct call call[MAX_PROGRAM];
    } program[EXPLORER_CPUS];
};

extern const struct scenario scenarios[];
extern const unsigned scenario_count;

#endif
