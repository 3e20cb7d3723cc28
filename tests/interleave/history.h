/* SPDX-License-Identifier: MIT */
/*
 * What the calls of a schedule answered, and whether some order of them, one after the other,
 * explains all answers (linearizability): an order that keeps every "returned before the other
 * began".
 */
#ifndef CGDT_TESTS_HISTORY_H
#define CGDT_TESTS_HISTORY_H

#include "world.h"

#define MAX_BULK  8u
#define MAX_CALLS 24u /* of all CPUs, with their steps */
#define MAX_SLOTS 80u

/*
 * What a CPU calls, with the handle `handle` or those from it on; and steps, at a later instant of
 * a call.
 */
enum call_kind {
    CALL_ALLOC,        /* n slots: cgdt_alloc(), or cgdt_alloc_bulk() if n > 1 */
    CALL_ALLOC_NOWAIT, /* one slot */
    CALL_ALLOC_NEAR,   /* one slot, near the handle `near` - 1 */
    CALL_ALLOC_WITH,   /* one slot, with value `near` */
    CALL_FREE,        /* cgdt_free(), or cgdt_free_bulk() of n if n > 1; the slot is nobody's ... */
    STEP_FREED,       /* ... and now it is free */
    CALL_TRIM,        /* as seen by its caller: a number of pages */
    STEP_LEFT,        /* page n goes */
    CALL_RESERVE,     /* n slots */
    CALL_ONLINE,      /* CPU n, whose slot the handle is then */
    CALL_ONLINE_NEAR, /* the same, near CPU `near` - 1 */
    CALL_ONLINE_WITH, /* the same, with value `near` */
    CALL_OFFLINE,     /* CPU n: its slot is free ... */
    STEP_OFF,         /* ... and now the CPU has none */
    CALL_CPU_SLOT,    /* of CPU n */
    CALL_MOVE,        /* CPU n begins to move */
    CALL_MOVE_END,    /* CPU n has the slot that it moved to ... */
    CALL_MOVE_BACK,   /* or the one that it had ... */
    STEP_LETS_GO,     /* ... and lets go of the other one ... */
    STEP_MOVED,       /* ... which is free now */
    CALL_CACHE_ALLOC, /* one slot, from the CPU's own cache */
    CALL_CACHE_FLUSH, /* as seen by its caller */
    STEP_UNCACHED,    /* a slot leaves the CPU's cache: it is free */
    /* From here on with a handle that is given. */
    CALL_CACHE_FREE, /* into the CPU's own cache */
    CALL_ONLINE_AT,  /* CPU n, onto the handle's slot */
    CALL_WRITE,      /* value n */
    CALL_READ,
    CALL_FRAMES, /* the list of its CPU */
    CALL_LOOK,   /* what a CPU's hardware sees of the slot */
};

/* What a scenario says. */
struct call {
    enum call_kind kind;
    uint8_t handle;
    uint8_t n;
    uint8_t near; /* 0: nobody; of ALLOC_WITH and ONLINE_WITH, the value */
};

static inline bool ends_move(const struct call *call)
{
    return call->kind == CALL_MOVE_END || call->kind == CALL_MOVE_BACK;
}

/* What came of it. */
struct record {
    struct call call;
    cgdt_slot_t slot[MAX_BULK]; /* given (FREE, WRITE, READ, LOOK), or received; caches.h */
    cgdt_slot_t near;           /* ALLOC_NEAR: given */
    uint32_t value;             /* READ, LOOK: what was read */
    int result;
    unsigned cpu;
    unsigned began;
    unsigned returned;
};

#define RELEASING   0x7fffffffu
#define CACHED(cpu) (0x7ffffff0u + (cpu))

/* The pool as one CPU alone would know it. */
struct model {
    uint32_t slots;
    uint32_t page_slots;
    bool shares; /* there may not be pages enough for slots that want to be near others */
    /*
     * The handle of whoever owns it; CGDT_NO_SLOT: free; RELEASING: being freed; CACHED(cpu): in
     * that CPU's cache.
     */
    cgdt_slot_t owner[MAX_SLOTS];
    uint8_t generation[MAX_SLOTS];
    uint32_t value[MAX_SLOTS];
    cgdt_slot_t cpu[MAX_SLOTS];
    uint32_t mover;    /* who is moving, CPU + 1; 0: nobody */
    cgdt_slot_t other; /* the slot that it has besides */
    bool ending;
};

/* Whether the model could answer so; then it has done the call. */
bool model_allows(struct model *model, const struct record *record);

/* Whether some order explains n records; the model is then as after one such order. */
bool history_is_linearizable(struct model *model, const struct record *records, unsigned n);

void history_print(FILE *to, const struct record *record);

#endif
