/* SPDX-License-Identifier: MIT */
/* What is right: contents of a slot, results of calls, counts of a pool at rest. And the report if not. */
#define _GNU_SOURCE
#include "stress_state.h"

#include <inttypes.h>
#include <stdio.h>

#define ORDER_SLOTS 64u /* to allocate in order at a meeting */

_Thread_local struct stress_worker *stress_self;

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

/* Pages that the pool holds back may still have what a failed call left on them: nobody sees those. */
static bool is_held_back(const struct stress_run *run, const struct cgdt_violation *violation)
{
    uint64_t owned;

    return violation->reason == CGDT_UNOWNED_NOT_ZERO &&
           cgdt_page_owned(run->pool,
                           violation->window * run->config.layout.window_pages + violation->page,
                           &owned) == 0;
}

static void check_pool(struct stress_worker *worker)
{
    struct cgdt_violation violation;
    char text[200];
    const int result = cgdt_check(worker->run->pool, &violation);

    if (result == 0 || (result == 1 && is_held_back(worker->run, &violation)))
        return;
    if (result == 1)
        (void)cgdt_violation_text(&violation, text, sizeof(text));
    else
        (void)snprintf(text, sizeof(text), "cgdt_check answers %d", result);
    stress_violation(worker, text, NULL);
}

static void demand(struct stress_worker *worker, const char *what, uint64_t expected,
                   uint64_t found)
{
    if (expected != found)
        stress_violation(worker, what, &(struct stress_place){0, STRESS_NO_ENTRY, expected, found});
}

/* The next number after `number` that is free on a page in service; max_cpus if there is none. */
static uint32_t next_free(const struct stress_run *run, uint32_t number)
{
    const uint32_t colors = cgdt_colors(&run->config.layout);

    for (number++; number < run->config.max_cpus; number++) {
        uint64_t owned = 0;

        if (cgdt_page_owned(run->pool, number / colors, &owned) != 1)
            number |= colors - 1; /* the next page */
        else if ((owned >> number % colors & 1u) == 0)
            break;
    }
    return number;
}

/*
 * "The lowest free slot": with all threads at rest that is one particular slot, and so are those after it.
 * A summary that has lost sight of a free slot would give another one, or grow.
 */
static void verify_order(struct stress_worker *worker, uint32_t n)
{
    struct stress_run *run = worker->run;
    cgdt_slot_t slots[ORDER_SLOTS];
    uint32_t number = UINT32_MAX;
    uint32_t taken = 0;

    while (taken < n && taken < ORDER_SLOTS) {
        number = next_free(run, number);
        if (cgdt_alloc(run->pool, &slots[taken]) != 0) {
            stress_violation(worker, "alloc fails at rest", NULL);
            break;
        }
        const uint32_t found = cgdt_slot_number(slots[taken++]);
        if (found == number)
            continue;
        stress_violation(worker, "alloc at rest gives another slot than the lowest free one",
                         &(struct stress_place){slots[taken - 1], STRESS_NO_ENTRY, number, found});
        break;
    }
    while (taken > 0) {
        if (cgdt_free(run->pool, slots[--taken]) != 0)
            stress_violation(worker, "free fails at rest", NULL);
    }
}

void stress_verify_pool(struct stress_worker *worker)
{
    struct stress_run *run = worker->run;
    struct cgdt_pool_stats stats;
    uint64_t owned = 0;
    uint64_t listed = 0;

    for (uint32_t i = 0; i < run->params->threads; i++)
        owned += run->workers[i].n_held;
    for (uint32_t cpu = 0; cpu < run->n_cpus; cpu++)
        owned += atomic_load_explicit(&run->cpus[cpu].word, memory_order_relaxed) != 0;
    for (uint32_t slot = 0; slot < run->config.max_cpus; slot++)
        listed += atomic_load_explicit(&run->owners[slot], memory_order_relaxed) != STRESS_NOBODY;
    cgdt_stats(run->pool, &stats);
    demand(worker, "slots that threads and CPUs have, and the list of owners", owned, listed);
    demand(worker, "stats: owned slots", owned, stats.owned_slots);
    demand(worker, "stats: sealed pages", stats.mapped_pages, stats.sealed_pages);
    demand(worker, "pages that the port gave, and the pool's",
           atomic_load_explicit(&run->pages_out, memory_order_relaxed),
           stats.mapped_pages + stats.held_pages + stats.common_pages);
    if (run->fault_limit == 0)
        demand(worker, "held pages without a fault", 0, stats.held_pages);
    worker->faults_off = true;
    check_pool(worker);
    verify_order(worker, stats.free_slots);
    worker->faults_off = false;
}
