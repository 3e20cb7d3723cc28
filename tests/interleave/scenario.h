/* SPDX-License-Identifier: MIT */
/* The scenarios: a pool in some state, and what each CPU does with it. */
#ifndef CGDT_TESTS_SCENARIO_H
#define CGDT_TESTS_SCENARIO_H

#include "history.h"

#define MAX_PROGRAM 4u /* calls of one CPU */
#define MAX_REGS    8u

struct scenario {
    const char *name;
    const char *claim;

    /* 8 (64 colors): words of 64 bits. 128 or more: deep trees, of words of 4 bits (CMakeLists.txt). */
    uint16_t slot_entries;

    /* The pool. 0 means: windows of one page, Xen's rules. */
    uint8_t window_pages;
    uint8_t keep_pages;
    uint8_t max_cpus;
    const struct cgdt_profile *profile;

    /* Its state: slots 0 .. taken-1 are allocated, then `freed` are given back, CPU 0 brought online. */
    uint8_t taken;
    uint8_t freed[4]; /* slot number + 1 */
    uint8_t whole;    /* page + 1 whose slots are all given back: mapped and free */
    uint8_t reserved;
    bool cpu0_online;
    uint8_t hold
        [MAX_REGS]; /* registers 0 up: slot number + 1 of an owned slot; or of one freed since */
    uint8_t
        forged; /* register 0: made-up handle of slot number + 1, freed once: its next owner's */

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
