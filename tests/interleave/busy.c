/* SPDX-License-Identifier: MIT */
/* See busy.h. */
#include "busy.h"

/* What makes another call for the same CPU say -EBUSY while it lasts. */
static bool is_at_cpu(const struct call *call)
{
    return call->kind == CALL_ONLINE || call->kind == CALL_ONLINE_AT ||
           call->kind == CALL_ONLINE_NEAR || call->kind == CALL_ONLINE_WITH ||
           call->kind == CALL_OFFLINE || call->kind == CALL_MOVE || ends_move(call);
}

/* From a move of `began` that went well to the return of what ended it, if anything did. */
static unsigned end_of_move(const struct record *records, unsigned n, const struct record *begun)
{
    unsigned end = NEVER;

    for (unsigned i = 0; i < n; i++) {
        if (records[i].result == 0 && ends_move(&records[i].call) &&
            records[i].call.n == begun->call.n && records[i].began > begun->began &&
            records[i].returned < end)
            end = records[i].returned;
    }
    return end;
}

/* Whether the first can have been told -EBUSY because of the second. */
static bool is_in_the_way(const struct record *records, unsigned n, const struct record *told,
                          const struct record *other)
{
    const bool moves = other->call.kind == CALL_MOVE && other->result == 0;
    const unsigned end = moves ? end_of_move(records, n, other) : other->returned;
    const bool same = told->call.n == other->call.n && is_at_cpu(&other->call);
    const bool both_move =
        told->call.kind == CALL_MOVE && (other->call.kind == CALL_MOVE || ends_move(&other->call));

    return (same || both_move) && end > told->began && other->began < told->returned;
}

bool busy_is_true(const struct record *records, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        /* A free is told so of a CPU's slot: history.c. */
        bool other = records[i].result != -CGDT_EBUSY || records[i].call.kind == CALL_FREE ||
                     records[i].call.kind == CALL_CACHE_FREE ||
                     records[i].call.kind == CALL_ONLINE_AT;

        for (unsigned j = 0; j < n; j++)
            other |= i != j && is_in_the_way(records, n, &records[i], &records[j]);
        if (!other)
            return false;
    }
    return true;
}
