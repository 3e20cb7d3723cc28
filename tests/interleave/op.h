/* SPDX-License-Identifier: MIT */
/* What a CPU announces, and which two of those cannot change places. */
#ifndef CGDT_TESTS_OP_H
#define CGDT_TESTS_OP_H

#include <stdbool.h>
#include <stdint.h>

enum op_kind {
    OP_READ,
    OP_WRITE,
    OP_LOCKED, /* a read-modify-write, whether it changes the word or not; what a port changes */
    OP_LOCK,
    OP_UNLOCK,
    OP_CALL,   /* a call begins */
    OP_RETURN, /* it has returned */
};

struct op {
    enum op_kind kind;
    uint32_t place; /* which word; 0 .. EXPLORER_PLACES-1 */
};

/* What waits until the CPU's stores have come to memory. */
static inline bool op_waits(enum op_kind kind)
{
    return kind == OP_LOCKED || kind == OP_LOCK || kind == OP_UNLOCK;
}

static inline bool op_is_call_edge(const struct op *op)
{
    return op->kind == OP_CALL || op->kind == OP_RETURN;
}

static inline bool op_are_dependent(const struct op *a, const struct op *b)
{
    if (op_is_call_edge(a) || op_is_call_edge(b))
        return op_is_call_edge(a) && op_is_call_edge(b) && a->kind != b->kind;
    return a->place == b->place && (a->kind != OP_READ || b->kind != OP_READ);
}

/* Whether there can be a state in which both are possible. */
static inline bool op_may_be_coenabled(const struct op *a, const struct op *b)
{
    return a->kind != OP_UNLOCK && b->kind != OP_UNLOCK;
}

#endif
