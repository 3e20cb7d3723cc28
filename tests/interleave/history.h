/* SPDX-License-Identifier: MIT */
/*
 * What the calls of a schedule answered, and whether some order of them, one after the other, explains all
 * answers (linearizability): an order that keeps every "returned before the other began".
 */
#ifndef CGDT_TESTS_HISTORY_H
#define CGDT_TESTS_HISTORY_H

#include "world.h"

#define MAX_BULK  8u
#define MAX_CALLS 24u /* of all CPUs */
#define MAX_SLOTS 80u

enum call_kind {
    ALLOC,   /* n slots into registers `reg` and up: cgdt_alloc(), or cgdt_alloc_bulk() if n > 1 */
    FREE,    /* register `reg`; from now on it is nobody's ... */
    FREED,   /* ... and now, within the same call, it is free */
    TRIM,    /* as seen by its caller: a number of windows */
    LEFT,    /* within a trim: window n goes */
    RESERVE, /* n slots */
    ONLINE,  /* CPU n; the slot into register `reg` */
    OFFLINE, /* CPU n; the slot is free ... */
    OFF_NOW, /* ... and now, within the same call, the CPU has none */
    WHERE,   /* cgdt_cpu_slot() of CPU n */
    WRITE,   /* value n into the slot of register `reg` */
    READ,    /* the slot of register `reg` */
    LOOK,    /* what a CPU's hardware sees of the slot of register `reg` */
};

/* What a scenario says. */
struct call {
    enum call_kind kind;
    uint8_t reg;
    uint8_t n;
};

/* What came of it. */
struct record {
    struct call call;
    cgdt_slot_t slot[MAX_BULK]; /* given (FREE, WRITE, READ), or received */
    uint32_t value;             /* READ, LOOK: what was read */
    int result;
    unsigned began;
    unsigned returned;
};

#define RELEASING 0x7fffffffu

/* The pool as one CPU alone would know it. */
struct model {
    uint32_t slots;
    uint32_t window_slots;
    cgdt_slot_t owner[MAX_SLOTS]; /* the handle of whoever owns it; CGDT_NO_SLOT: free; RELEASING */
    uint8_t generation[MAX_SLOTS];
    uint32_t value[MAX_SLOTS];
    cgdt_slot_t cpu[MAX_SLOTS];
};

/* Whether the model could answer so; then it has done the call. */
bool model_allows(struct model *model, const struct record *record);

/* Whether some order explains n records; the model is then as after one such order. */
bool history_is_linearizable(struct model *model, const struct record *records, unsigned n);

void history_print(FILE *to, const struct record *record);

#endif
