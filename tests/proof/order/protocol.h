/* SPDX-License-Identifier: MIT */
/*
 * A protocol of the core as a litmus test: the core's own functions on two or three CPUs, and what
 * must never come of it. needs.txt has the least order of each access with which it does not; what
 * is less is its control, and shows what must never come.
 */
#ifndef CGDT_TESTS_ORDER_PROTOCOL_H
#define CGDT_TESTS_ORDER_PROTOCOL_H

#include "search.h"

#define MAX_QUOTES 6u

struct protocol {
    const char *name; /* the claim */
    struct program program;
    /* Of a whole candidate: what is wrong, or NULL. Says protocol_reached() where it might be. */
    const char *(*wrong)(void);
    bool by_tso_alone; /* C does not promise it, and the text in alloc/ says who does */
    /* Where a thread has no function of the core's: what it stands for, and is there once. */
    struct {
        const char *file;
        const char *text;
    } quotes[MAX_QUOTES];
};

void protocol_reached(void);

extern const struct protocol slot_protocols[];
extern const struct protocol owner_protocols[];
extern const struct protocol near_protocols[];
extern const struct protocol page_protocols[];
extern const struct protocol pool_protocols[];
extern const struct protocol cpu_protocols[];

#endif
