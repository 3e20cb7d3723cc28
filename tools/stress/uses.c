/* SPDX-License-Identifier: MIT */
/*
 * What a thread does with a slot that it alone has, of its own or of a CPU, and that leaves the
 * slot as it was: read, frames, and handles that are out of date.
 */
#define _GNU_SOURCE
#include "state.h"

bool stress_read_own(struct stress_worker *worker, const struct holding *holding, uint32_t owner)
{
    cgdt_desc_t expected[STRESS_OWN] = {0};
    cgdt_desc_t found[STRESS_OWN];

    if (holding->counter != 0)
        stress_own(expected, owner, holding->counter);
    stress_call(worker);
    if (!stress_judge(
            worker, "read",
            cgdt_read(worker->run->pool, holding->slot, STRESS_TEMPLATE, found, STRESS_OWN), 0))
        return false;
    worker->counts.read++;
    for (uint32_t i = 0; i < STRESS_OWN; i++) {
        if (found[i] == expected[i])
            continue;
        stress_violation(
            worker, "an owner's own descriptor",
            &(struct stress_place){holding->slot, STRESS_TEMPLATE + i, expected[i], found[i]});
        return false;
    }
    return true;
}

/* The frame list of the slot's CPU: sealed pages only, and the last one has the slot. */
bool stress_ask_frames(struct stress_worker *worker, const struct holding *holding, uint32_t owner)
{
    const struct stress_run *run = worker->run;
    const struct cgdt_layout *layout = &run->config.layout;
    const uint32_t heads = layout->common ? 1 : 0;
    const uint32_t position = cgdt_slot_position(layout, holding->slot);
    const uint32_t first = cgdt_slot_page(layout, holding->slot) - position;
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t n = 0;
    uint32_t entries = 0;

    stress_call(worker);
    const int error = cgdt_frames(run->pool, holding->slot, frames, &n, &entries);
    if (!stress_judge(worker, "frames", error, 0))
        return false;
    if (error < 0)
        return true;
    worker->counts.frames++;
    for (uint32_t page = first; page <= first + position; page++) {
        if (stress_page_kind(run, page) == PAGE_SEALED)
            continue;
        stress_violation(worker, "a frame list with a page that is not sealed",
                         &(struct stress_place){holding->slot, page - first, PAGE_SEALED,
                                                stress_page_kind(run, page)});
        return false;
    }
    if (n != heads + position + 1 || entries != n * CGDT_PAGE_ENTRIES) {
        stress_violation(
            worker, "frames: how many",
            &(struct stress_place){holding->slot, STRESS_NO_ENTRY, heads + position + 1, n});
        return false;
    }
    return stress_compare(worker, holding, owner, "a slot through its frame list",
                          stress_frame_page(run, frames[n - 1]) +
                              cgdt_slot_offset(layout, holding->slot));
}

/* Another generation of an owned handle names nobody's slot, whatever the other threads do. */
bool stress_show_stale(struct stress_worker *worker, const struct holding *holding, uint32_t owner)
{
    const cgdt_slot_t stale = holding->slot ^ 1u << CGDT_SLOT_GENERATION_SHIFT;
    struct cgdt_pool *pool = worker->run->pool;
    const cgdt_desc_t nothing[STRESS_OWN] = {0};
    cgdt_desc_t found[STRESS_OWN];

    stress_call(worker);
    if (cgdt_free(pool, stale) != -CGDT_ESTALE || !stress_cache_refuses(worker, stale) ||
        cgdt_write(pool, stale, STRESS_TEMPLATE, nothing, STRESS_OWN) != -CGDT_ESTALE ||
        cgdt_read(pool, stale, STRESS_TEMPLATE, found, STRESS_OWN) != -CGDT_ESTALE) {
        stress_violation(worker, "a stale handle was not refused",
                         &(struct stress_place){stale, STRESS_NO_ENTRY, 0, 0});
        return false;
    }
    worker->counts.stale += worker->run->params->cache_slots == 0 ? 3 : 4;
    return stress_read_own(worker, holding, owner);
}
