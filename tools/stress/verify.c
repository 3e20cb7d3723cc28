/* SPDX-License-Identifier: MIT */
/* What is right: contents of a slot, results of calls. And the report if not. */
#define _GNU_SOURCE
#include "state.h"

#include <inttypes.h>
#include <stdio.h>

/* Code and data as Xen keeps them, so that what is read is what was asked for. */
const cgdt_desc_t stress_template[STRESS_TEMPLATE] = {0, 0x00affb000000ffff, 0x00cff3000000ffff};

void stress_violation(struct stress_worker *worker, const char *what,
                      const struct stress_place *place)
{
    static const struct stress_place nowhere = {.entry = STRESS_NO_ENTRY};
    struct stress_run *run = worker->run;
    struct stress_result *result = run->result;
    const struct cgdt_layout *layout = &run->config.layout;

    (void)pthread_mutex_lock(&run->report);
    if (place == NULL)
        place = &nowhere;
    if (result->violations++ == 0) {
        int at = snprintf(
            result->first, sizeof(result->first),
            "%s: thread=%" PRIu32 " operation=%" PRIu64 " expected=0x%" PRIx64 " found=0x%" PRIx64,
            what, worker->id, stress_operations(&worker->counts), place->expected, place->found);
        char *rest = result->first + at;
        const size_t room = sizeof(result->first) - (size_t)at;

        if (place->slot != CGDT_NO_SLOT)
            at = snprintf(rest, room,
                          " slot=0x%" PRIx32 " window=%" PRIu32 " page=%" PRIu32 " color=%" PRIu32,
                          place->slot, cgdt_slot_window(layout, place->slot),
                          cgdt_slot_position(layout, place->slot),
                          cgdt_slot_color(layout, place->slot));
        else
            at = 0;
        if (place->entry != STRESS_NO_ENTRY)
            (void)snprintf(rest + at, room - (size_t)at, " %s=%" PRIu32,
                           place->slot != CGDT_NO_SLOT ? "entry" : "pool-page", place->entry);
    }
    (void)pthread_mutex_unlock(&run->report);
    atomic_store_explicit(&run->stop, true, memory_order_relaxed);
}

static bool is_injected(int result)
{
    return result <= -STRESS_FAULT && result > -(STRESS_FAULT + FAULT_KINDS);
}

static bool is_allowed(const struct stress_worker *worker, int result, unsigned may)
{
    /* A fault is told, unless the call found another way; a live write has none. */
    if (result >= 0)
        return worker->faults == 0 ||
               ((may & MAY_HIDE) != 0 && (worker->faults >> FAULT_LIVE_WRITE & 1u) == 0);
    if (is_injected(result))
        return (worker->faults >> (-result - STRESS_FAULT) & 1u) != 0;
    switch (result) {
    case -CGDT_ENOSPC:
        return (may & MAY_NOSPC) != 0;
    case -CGDT_EEXIST:
        return (may & MAY_EXIST) != 0;
    case -CGDT_EBUSY:
        return (may & MAY_BUSY) != 0;
    case -CGDT_ENOENT:
        return (may & MAY_NOENT) != 0;
    case -CGDT_EAGAIN:
        return (may & MAY_AGAIN) != 0;
    case -CGDT_ESTALE:
        return (may & MAY_STALE) != 0;
    case -STRESS_NOT_LET_GO:
        return (may & MAY_KEEP) != 0 && worker->not_let_go;
    default:
        return false;
    }
}

bool stress_judge(struct stress_worker *worker, const char *call, int result, unsigned may)
{
    char what[96];

    if (is_allowed(worker, result, may))
        return true;
    (void)snprintf(what, sizeof(what), "%s answers %d, kinds of port faults in it: 0x%" PRIx32,
                   call, result, worker->faults);
    stress_violation(worker, what, NULL);
    return false;
}

void stress_own(cgdt_desc_t own[STRESS_OWN], uint32_t owner, uint32_t counter)
{
    struct cgdt_desc_fields fields = {.base = counter,
                                      .limit = owner & 0xfffffu,
                                      .type = 3,
                                      .dpl = 3,
                                      .segment = true,
                                      .present = true};

    own[0] = cgdt_desc_encode(&fields);
    fields.base = owner;
    fields.limit = ~counter & 0xfffffu;
    own[1] = cgdt_desc_encode(&fields);
}

bool stress_verify(struct stress_worker *worker, const struct holding *holding, uint32_t owner,
                   const char *when)
{
    const uint32_t entries = worker->run->config.layout.slot_entries;
    cgdt_desc_t found[CGDT_MAX_SLOT_ENTRIES];

    stress_call(worker);
    if (!stress_judge(worker, "read",
                      cgdt_read(worker->run->pool, holding->slot, 0, found, entries), 0))
        return false;
    worker->counts.read++;
    return stress_compare(worker, holding, owner, when, found);
}

bool stress_compare(struct stress_worker *worker, const struct holding *holding, uint32_t owner,
                    const char *when, const cgdt_desc_t *found)
{
    const uint32_t entries = worker->run->config.layout.slot_entries;
    cgdt_desc_t own[STRESS_OWN] = {0};

    if (holding->counter != 0)
        stress_own(own, owner, holding->counter);
    for (uint32_t entry = 0; entry < entries; entry++) {
        cgdt_desc_t expected = 0;

        if (entry < STRESS_TEMPLATE)
            expected = stress_template[entry];
        else if (entry < STRESS_TEMPLATE + STRESS_OWN)
            expected = own[entry - STRESS_TEMPLATE];
        if (found[entry] == expected)
            continue;
        stress_violation(worker, when,
                         &(struct stress_place){holding->slot, entry, expected, found[entry]});
        return false;
    }
    return true;
}

bool stress_take(struct stress_worker *worker, cgdt_slot_t slot, uint32_t owner)
{
    const uint32_t number = cgdt_slot_number(slot);
    uint32_t nobody = STRESS_NOBODY;

    if (number >= worker->run->config.max_cpus) {
        stress_violation(worker, "a slot beyond the ceiling",
                         &(struct stress_place){slot, STRESS_NO_ENTRY, 0, 0});
        return false;
    }
    if (atomic_compare_exchange_strong_explicit(&worker->run->owners[number], &nobody, owner,
                                                memory_order_relaxed, memory_order_relaxed))
        return true;
    stress_violation(worker, "a slot given twice",
                     &(struct stress_place){slot, STRESS_NO_ENTRY, STRESS_NOBODY, nobody});
    return false;
}

bool stress_drop(struct stress_worker *worker, cgdt_slot_t slot, uint32_t owner)
{
    const uint32_t was = atomic_exchange_explicit(&worker->run->owners[cgdt_slot_number(slot)],
                                                  STRESS_NOBODY, memory_order_relaxed);

    if (was == owner)
        return true;
    stress_violation(worker, "a slot changed its owner",
                     &(struct stress_place){slot, STRESS_NO_ENTRY, owner, was});
    return false;
}
