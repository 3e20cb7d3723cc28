/* SPDX-License-Identifier: MIT */
/* The search for an order of the calls that explains their answers; see history.h. */
#include "history.h"

static bool is_before(const struct record *a, const struct record *b)
{
    return a->returned < b->began || (a->cpu == b->cpu && a->began < b->began);
}

/* Whether a call of `left` comes before this one: then this one cannot be next. */
static bool comes_later(const struct record *records, unsigned n, unsigned left, unsigned which)
{
    for (unsigned i = 0; i < n; i++) {
        if ((left >> i & 1u) != 0 && is_before(&records[i], &records[which]))
            return true;
    }
    return false;
}

/* Depth first; `order[depth]` is the next record to try at that depth. */
bool history_is_linearizable(struct model *model, const struct record *records, unsigned n)
{
    struct model at[MAX_CALLS + 1];
    unsigned order[MAX_CALLS + 1] = {0};
    unsigned left = (1u << n) - 1;
    unsigned depth = 0;

    at[0] = *model;
    while (left != 0) {
        const unsigned which = order[depth]++;

        if (which == n) {
            if (depth == 0)
                return false;
            depth--;
            left |= 1u << (order[depth] - 1);
            continue;
        }
        if ((left >> which & 1u) == 0 || comes_later(records, n, left, which))
            continue;
        at[depth + 1] = at[depth];
        if (!model_allows(&at[depth + 1], &records[which]))
            continue;
        left &= ~(1u << which);
        order[++depth] = 0;
    }
    *model = at[depth];
    return true;
}

static const char *const names[] = {
    [CALL_ALLOC] = "alloc",
    [CALL_FREE] = "free",
    [CALL_TRIM] = "trim",
    [CALL_RESERVE] = "reserve",
    [CALL_ONLINE] = "online",
    [CALL_OFFLINE] = "offline",
    [CALL_WRITE] = "write",
    [CALL_CPU_SLOT] = "cpu slot",
    [CALL_READ] = "read",
    [CALL_LOOK] = "look",
    [CALL_FRAMES] = "frames",
    [CALL_MOVE] = "move",
    [CALL_MOVE_END] = "move end",
    [CALL_MOVE_BACK] = "move back",
    [CALL_ALLOC_NOWAIT] = "alloc nowait",
    [CALL_ALLOC_NEAR] = "alloc near",
    [CALL_ONLINE_NEAR] = "online near",
    [CALL_ALLOC_WITH] = "alloc with",
    [CALL_ONLINE_WITH] = "online with",
    [CALL_ONLINE_AT] = "online at",
    [CALL_CACHE_ALLOC] = "cache alloc",
    [CALL_CACHE_FREE] = "cache free",
    [CALL_CACHE_FLUSH] = "cache flush",
};

void history_print(FILE *to, const struct record *record)
{
    (void)fprintf(to, "%s", names[record->call.kind]);
    if (record->call.kind != CALL_FREE && record->call.kind != CALL_READ)
        (void)fprintf(to, " %u", record->call.n);
    if (record->call.kind == CALL_FREE || record->call.kind == CALL_CACHE_FREE ||
        record->call.kind == CALL_WRITE || record->call.kind == CALL_READ)
        (void)fprintf(to, " slot 0x%x", (unsigned)record->slot[0]);
    (void)fprintf(to, " -> %d", record->result);
    if (record->call.kind == CALL_ALLOC_NEAR)
        (void)fprintf(to, " to 0x%x", (unsigned)record->near);
    if (record->call.kind == CALL_ALLOC || record->call.kind == CALL_ONLINE ||
        record->call.kind == CALL_ALLOC_NEAR || record->call.kind == CALL_ONLINE_NEAR ||
        record->call.kind == CALL_ALLOC_WITH || record->call.kind == CALL_ONLINE_WITH ||
        record->call.kind == CALL_CPU_SLOT || record->call.kind == CALL_CACHE_ALLOC ||
        record->call.kind == CALL_MOVE) {
        for (unsigned i = 0; i < MAX_BULK && record->slot[i] != CGDT_NO_SLOT; i++)
            (void)fprintf(to, " 0x%x", (unsigned)record->slot[i]);
    }
    if (record->call.kind == CALL_READ)
        (void)fprintf(to, " value %u", (unsigned)record->value);
    (void)fprintf(to, "  (%u .. %u)", record->began, record->returned);
}
