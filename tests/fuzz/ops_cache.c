/* SPDX-License-Identifier: MIT */
/* Calls of caches; see ops.h. What is in one is a stack of slot numbers in the model. */
#include "ops.h"

void caches_open(struct run *run)
{
    for (uint32_t i = 0; i < CACHES; i++) {
        struct cached *cached = &run->cached[i];
        const uint32_t room = 2 + (run->model.slots + i) % (CACHED_MAX - 1);

        cached->room = room;
        cached->n = 0;
        MUST(cgdt_cache_init(&cached->cache, CGDT_CACHE_BYTES(room), run->pool) == 0, "cache");
    }
}

static struct cached *take_cache(struct run *run)
{
    return &run->cached[take8(run->input) % CACHES];
}

static void push(struct run *run, struct cached *cached, uint32_t slot)
{
    run->model.owned[slot] = true; /* nobody else gets it */
    run->model.cached[slot] = true;
    cached->slots[cached->n++] = slot;
}

/* The last slots go to the pool, all but `left`. */
static void pop(struct run *run, struct cached *cached, uint32_t left)
{
    while (cached->n > left) {
        const uint32_t slot = cached->slots[--cached->n];

        run->model.owned[slot] = false;
        run->model.cached[slot] = false;
    }
}

/* What half an empty cache takes: free slots of the lowest word that has any, lowest last. */
static void refill(struct run *run, struct cached *cached)
{
    uint32_t slots[CACHED_MAX];
    uint32_t n = 0;

    for (uint32_t slot = 0; slot < run->model.slots && n < cached->room / 2; slot++) {
        if (n > 0 && slot / 64 != slots[0] / 64)
            break;
        if (run->model.serving[slot / run->model.colors] && !run->model.owned[slot])
            slots[n++] = slot;
    }
    while (n > 0)
        push(run, cached, slots[--n]);
}

static void alloc_growing(struct run *run, struct cached *cached)
{
    cgdt_slot_t slot = 99;
    uint32_t planned = 0;
    const int wanted = model_plan(&run->model, 1, &planned) ? 0 : -CGDT_ENOSPC;

    if (is_as_wanted_growing(run, cgdt_cache_alloc(&cached->cache, &slot), wanted))
        take_given(run, 1, &slot, &planned);
    else
        MUST(slot == CGDT_NO_SLOT, "%x on failure", slot);
}

void op_cache_alloc(struct run *run)
{
    struct cached *cached = take_cache(run);
    const uint32_t before = cached->n;
    cgdt_slot_t slot = 99;

    MUST(cgdt_cache_alloc(&cached->cache, NULL) == -CGDT_EINVAL, "alloc to nowhere");
    if (cached->n == 0)
        refill(run, cached);
    if (cached->n == 0) {
        alloc_growing(run, cached);
        return;
    }
    const int result = cgdt_cache_alloc(&cached->cache, &slot);
    if (!is_as_wanted(run, result, 0)) {
        MUST(slot == CGDT_NO_SLOT, "%x on failure", slot);
        if (before == 0) /* what it took is back */
            pop(run, cached, 0);
        return;
    }
    const uint32_t last = cached->slots[cached->n - 1];
    pop(run, cached, cached->n - 1);
    MUST(slot == model_handle(&run->model, last), "%x, not slot %u", slot, last);
    model_take(&run->model, 1, &last);
}

void op_cache_free(struct run *run)
{
    struct cached *cached = take_cache(run);
    const uint32_t handle = take_handle(run);
    uint32_t slot = 0;
    const int wanted = model_release(&run->model, handle, &slot);

    if (!is_as_wanted(run, cgdt_cache_free(&cached->cache, handle), wanted))
        return;
    model_free(&run->model, slot);
    if (cached->n == cached->room)
        pop(run, cached, cached->room / 2);
    push(run, cached, slot);
}

static void flush(struct run *run, struct cached *cached)
{
    MUST(cgdt_cache_flush(&cached->cache) == 0, "flush");
    pop(run, cached, 0);
}

void op_cache_flush(struct run *run)
{
    flush(run, take_cache(run));
}

void caches_close(struct run *run)
{
    for (uint32_t i = 0; i < CACHES; i++)
        flush(run, &run->cached[i]);
}
