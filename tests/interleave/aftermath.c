/* SPDX-License-Identifier: MIT */
/* See aftermath.h. */
#include "aftermath.h"
#include "caches.h"
#include "contents.h"

/* The slot is in that CPU's cache if the model says so, and in no other. */
static bool caches_match(const struct model *model, uint32_t number)
{
    const cgdt_slot_t handle = (number + 1) | (uint32_t)model->generation[number]
                                                  << CGDT_SLOT_GENERATION_SHIFT;

    for (unsigned cpu = 0; cpu < EXPLORER_CPUS; cpu++) {
        if (cache_has(cpu, handle) != (model->owner[number] == CACHED(cpu)))
            return false;
    }
    return true;
}

static bool is_cached(cgdt_slot_t owner)
{
    return owner >= CACHED(0) && owner < CACHED(EXPLORER_CPUS);
}

const char *aftermath_matches(struct cgdt_pool *pool, const struct model *model)
{
    for (uint32_t number = 0; number < model->slots; number++) {
        const cgdt_slot_t owner = model->owner[number];
        const uint32_t page = number >> pool->color_shift;
        const uint32_t color = number & ((1u << pool->color_shift) - 1u);
        uint64_t owned = 0;

        (void)cgdt_page_taken(pool, page, &owned);
        if ((owned >> color & 1u) != (owner != CGDT_NO_SLOT))
            return owner != CGDT_NO_SLOT
                       ? "a slot that has an owner is free: it will be given twice"
                       : "a slot that nobody owns is not free: it is lost";
        if (!caches_match(model, number))
            return "a slot is in another cache than it was put into, or in none";
        if (owner == CGDT_NO_SLOT || is_cached(owner))
            continue;
        if (!contents_are(pool, owner, model->value[number]))
            return "a slot does not hold what its owner wrote";
    }
    for (uint32_t cpu = 0; cpu < model->slots; cpu++) {
        cgdt_slot_t slot = CGDT_NO_SLOT;

        (void)cgdt_cpu_slot(pool, cpu, &slot);
        if (slot != model->cpu[cpu])
            return "the directory names another slot than the CPU was given";
    }
    return NULL;
}

/* The summary never says "full" for good where there is room (slotmap.c). */
static bool summary_leads_to_all(const struct slotmap *map)
{
    const uint32_t bits = 1u << CGDT_SLOTMAP_WORD_SHIFT;
    uint32_t words = (map->slots + bits - 1) / bits;

    for (uint32_t level = 0; level < map->top; level++) {
        for (uint32_t i = 0; i < words; i++) {
            if (map->level[level][i] != 0 &&
                (map->level[level + 1][i / bits] >> i % bits & 1u) == 0)
                return false;
        }
        words = (words + bits - 1) / bits;
    }
    return true;
}

/* Allocate all that is left: as many as the model says, mapped ones first. */
static const char *use_up(struct cgdt_pool *pool, struct model *model)
{
    struct cgdt_pool_stats stats;
    const unsigned maps = world_maps();
    uint32_t left = 0;

    cgdt_stats(pool, &stats, sizeof(stats));
    if ((stats.held_pages != 0 && !world_has_refused()) || stats.sealed_pages != stats.mapped_pages)
        return "a page is held, or not sealed, though no call is under way";
    for (uint32_t number = 0; number < model->slots; number++)
        left += model->owner[number] == CGDT_NO_SLOT ? 1u : 0u;
    for (uint32_t i = 0; i < left; i++) {
        struct record record = {.call = {CALL_ALLOC, 0, 1, 0}};

        record.result = cgdt_alloc(pool, &record.slot[0]);
        if (record.result != 0)
            return "slots are lost: an alloc fails though some are left";
        if (!model_allows(model, &record))
            return "a slot is given twice, or with a wrong generation";
        if (!contents_are(pool, record.slot[0], 0))
            return "a slot was not clean";
        if (i < stats.free_slots && world_maps() != maps)
            return "an alloc grows though a mapped slot is free";
    }
    cgdt_slot_t more;
    return cgdt_alloc(pool, &more) == -CGDT_ENOSPC ? NULL : "more slots than the ceiling";
}

const char *aftermath_sweep(struct cgdt_pool *pool, const struct model *model)
{
    struct model after = *model;

    if (after.mover != 0) {
        if (cgdt_cpu_move_abort(pool, after.mover - 1) != 0)
            return "a move cannot be taken back";
        after.owner[cgdt_slot_number(after.other)] = CGDT_NO_SLOT;
        after.generation[cgdt_slot_number(after.other)]++;
    }
    for (unsigned cpu = 0; cpu < EXPLORER_CPUS; cpu++)
        (void)cgdt_cache_flush(cache_of(cpu));
    for (uint32_t number = 0; number < after.slots; number++)
        after.owner[number] = is_cached(after.owner[number]) ? CGDT_NO_SLOT : after.owner[number];
    if (cgdt_check(pool, NULL) != 0)
        return "cgdt_check() finds a violation";
    if (!summary_leads_to_all(&pool->map))
        return "the summary says \"full\" for good where there is room";
    const char *wrong = use_up(pool, &after);
    if (wrong != NULL)
        return wrong;
    /* Every CPU can come out of whatever it was in, and back. */
    for (uint32_t cpu = 0; cpu < after.slots; cpu++) {
        const cgdt_slot_t slot = after.cpu[cpu];

        if (slot == CGDT_NO_SLOT)
            continue;
        if (cgdt_free(pool, slot) != -CGDT_EBUSY || cgdt_cpu_offline(pool, cpu) != 0 ||
            cgdt_cpu_online(pool, cpu, NULL) != 0 || cgdt_cpu_offline(pool, cpu) != 0)
            return "a CPU cannot go offline and come back";
        after.owner[cgdt_slot_number(slot)] = CGDT_NO_SLOT;
    }
    for (uint32_t number = 0; number < after.slots; number++) {
        if (after.owner[number] != CGDT_NO_SLOT && cgdt_free(pool, after.owner[number]) != 0)
            return "a slot cannot be freed";
    }
    if (cgdt_check(pool, NULL) != 0)
        return "cgdt_check() finds a violation once all is free";
    if (cgdt_reserve(pool, 0) != 0 || cgdt_trim(pool) < 0 || cgdt_pool_destroy(pool) != 0)
        return "a pool without owners cannot be trimmed and destroyed";
    for (uint32_t page = 0; page < pool->pages.count; page++) {
        if (world_is_mapped(page))
            return "a page stays mapped after destroy";
    }
    return NULL;
}
