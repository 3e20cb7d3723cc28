/* SPDX-License-Identifier: MIT */
/*
 * Slots in and out.
 *
 * The life of a slot: free (zero) -> claimed -> template written -> owned -> releasing, so that no second free
 * gets in -> zeroed -> published as free. Between claim and publish the slot is its owner's alone, so its
 * contents need no further order among CPUs.
 */
#include "pool.h"

/* The bit that no handle uses. */
#define UNUSED (~(CGDT_SLOT_NUMBER_MASK | ~0u << CGDT_SLOT_GENERATION_SHIFT))

_Static_assert(~0u >> CGDT_SLOT_GENERATION_SHIFT == CGDT_SLOTMAP_GENERATIONS - 1u,
               "a handle tells as many generations as the map counts");

/* A call for n slots on its way: the first `claimed` come from pages in service, the rest from new ones. */
struct request {
    cgdt_slot_t *slots;
    uint32_t n;
    uint32_t claimed; /* slots that were free on pages in service */
    uint32_t written; /* of those, how many hold the template */
};

cgdt_slot_t cgdt_slot_handle_(const struct cgdt_pool *pool, uint32_t number)
{
    return (number + 1) | cgdt_slotmap_generation_(&pool->map, number)
                              << CGDT_SLOT_GENERATION_SHIFT;
}

static uint32_t page_of(const struct cgdt_pool *pool, uint32_t number)
{
    return number >> pool->color_shift;
}

static uint32_t generation_of(cgdt_slot_t slot)
{
    return slot >> CGDT_SLOT_GENERATION_SHIFT;
}

/* Why a handle is not its owner's. */
static int not_owned(const struct cgdt_pool *pool, cgdt_slot_t slot)
{
    const uint32_t number = cgdt_slot_number(slot);

    if (number >= pool->map.slots || /* CGDT_NO_SLOT has number 2^32-1 */
        cgdt_window_page_(&pool->windows, page_of(pool, number)).view == NULL ||
        cgdt_slot_handle_(pool, number) == slot)
        return -CGDT_ENOENT;
    return -CGDT_ESTALE;
}

int cgdt_slot_owned_(const struct cgdt_pool *pool, cgdt_slot_t slot, struct page_state *page)
{
    const uint32_t number = cgdt_slot_number(slot);

    if (number >= pool->map.slots ||
        !cgdt_slotmap_is_owned_(&pool->map, number, generation_of(slot)) || (slot & UNUSED) != 0)
        return not_owned(pool, slot);
    /* A page stays in service while one of its slots is owned. */
    *page = cgdt_window_page_(&pool->windows, page_of(pool, number));
    return 0;
}

/* A change to a slot that the caller owns. */
static int store(const struct cgdt_pool *pool, cgdt_slot_t slot, const struct change *change)
{
    const uint32_t page = page_of(pool, cgdt_slot_number(slot));
    const struct page_state state = cgdt_window_page_(&pool->windows, page);

    return cgdt_page_store_(pool, page, &state, cgdt_slot_offset(&pool->config.layout, slot),
                            change);
}

static int write_template(const struct cgdt_pool *pool, cgdt_slot_t slot)
{
    return store(pool, slot,
                 &(struct change){.values = pool->config.template_descs,
                                  .n = pool->config.template_entries,
                                  .fresh = true,
                                  .kept = pool->template_kept});
}

static int erase(const struct cgdt_pool *pool, cgdt_slot_t slot)
{
    return store(pool, slot, &(struct change){.n = pool->config.layout.slot_entries});
}

/* Handles for slots first + i where bit i is set, lowest first; returns how many. */
static uint32_t hand_out(const struct cgdt_pool *pool, uint32_t first, uint64_t bits,
                         cgdt_slot_t *slots)
{
    uint32_t n = 0;

    for (; bits != 0; bits &= bits - 1)
        slots[n++] = cgdt_slot_handle_(pool, first + cgdt_lowest_index_(bits));
    return n;
}

typedef uint64_t claim_fn(struct slotmap *map, uint32_t max, uint32_t *first);

/* Take what pages in service have, at most what is missing. */
static void claim(struct cgdt_pool *pool, struct request *request, claim_fn *from)
{
    while (request->claimed < request->n) {
        uint32_t first = 0;
        const uint64_t bits = from(&pool->map, request->n - request->claimed, &first);

        if (bits == 0)
            break;
        request->claimed += hand_out(pool, first, bits, &request->slots[request->claimed]);
    }
}

/* The template onto the slots of pages in service. */
static int write_claimed(struct cgdt_pool *pool, struct request *request)
{
    for (; request->written < request->claimed; request->written++) {
        const int error = write_template(pool, request->slots[request->written]);

        if (error != 0)
            return error;
    }
    return 0;
}

/* From here on the handles are good. */
static void own(struct cgdt_pool *pool, const cgdt_slot_t *slots, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        cgdt_slotmap_own_(&pool->map, cgdt_slot_number(slots[i]));
}

/* Everything claimed goes back; what cannot be cleaned stays in slots[], the caller's. */
static void undo_claims(struct cgdt_pool *pool, struct request *request)
{
    for (uint32_t i = 0; i < request->claimed; i++) {
        cgdt_slot_t *slot = &request->slots[i];

        if (i < request->written && erase(pool, *slot) != 0) {
            own(pool, slot, 1);
            continue;
        }
        cgdt_slotmap_publish_(&pool->map, cgdt_slot_number(*slot), 1);
        *slot = CGDT_NO_SLOT;
    }
}

/* Hold new pages for what is still missing. Before it says no, every page in service is looked at once. */
static int hold_rest(struct cgdt_pool *pool, struct request *request, struct growth *growth)
{
    for (;;) {
        const uint32_t before = request->claimed;

        *growth = (struct growth){0, 0, 0};
        if (request->claimed == request->n)
            return 0;
        const int error = cgdt_grow_hold_(pool, request->n - request->claimed, growth);
        if (error == 0)
            return 0;
        claim(pool, request, cgdt_slotmap_claim_exact_);
        if (request->claimed == before)
            return error;
    }
}

/* Handles on held pages, and the template onto them: they are private, so this cannot fail. */
static void fill_held(struct cgdt_pool *pool, const struct request *request,
                      const struct growth *growth)
{
    uint32_t done = request->claimed;

    for (uint32_t page = cgdt_grow_next_(pool, growth, growth->first - 1); page < growth->end;
         page = cgdt_grow_next_(pool, growth, page)) {
        const uint32_t first = cgdt_pool_first_of_(pool, page);
        const uint32_t slots = cgdt_pool_slots_of_(pool, page);

        for (uint32_t color = 0; color < slots && done < request->n; color++) {
            request->slots[done] = cgdt_slot_handle_(pool, first + color);
            (void)write_template(pool, request->slots[done++]);
        }
    }
}

/* Under the lock: n slots, from pages in service first, then from new ones. */
static int alloc_growing(struct cgdt_pool *pool, struct request *request)
{
    struct growth growth;

    claim(pool, request, cgdt_slotmap_claim_);
    int error = hold_rest(pool, request, &growth);
    if (error == 0) {
        fill_held(pool, request, &growth);
        error = write_claimed(pool, request);
        if (error == 0)
            error = cgdt_grow_seal_(pool, &growth);
        else
            cgdt_grow_undo_(pool, &growth);
    }
    if (error == 0) {
        cgdt_grow_publish_(pool, &growth, request->n - request->claimed);
        own(pool, request->slots, request->n);
    } else {
        for (uint32_t i = request->claimed; i < request->n; i++)
            request->slots[i] = CGDT_NO_SLOT;
        undo_claims(pool, request);
    }
    return error;
}

/* n slots under the lock. */
static int alloc_locked(struct cgdt_pool *pool, uint32_t n, cgdt_slot_t *slots)
{
    struct request request = {slots, n, 0, 0};

    cgdt_pool_lock_(pool);
    const int error = alloc_growing(pool, &request);
    cgdt_pool_unlock_(pool);
    return error;
}

/*
 * One slot is taken by one atomic operation. Several are taken under the lock: a call that held some and then
 * failed for want of more would have made another CPU believe that the pool is full.
 */
int cgdt_alloc_bulk(struct cgdt_pool *pool, uint32_t n, cgdt_slot_t *slots)
{
    if (n == 0)
        return 0;
    if (slots == NULL || n > CGDT_MAX_SLOTS)
        return -CGDT_EINVAL;
    for (uint32_t i = 0; i < n; i++)
        slots[i] = CGDT_NO_SLOT;
    return n > pool->map.slots ? -CGDT_ENOSPC : alloc_locked(pool, n, slots);
}

int cgdt_alloc(struct cgdt_pool *pool, cgdt_slot_t *slot)
{
    uint32_t first = 0;

    if (slot == NULL)
        return -CGDT_EINVAL;
    *slot = CGDT_NO_SLOT;
    const uint64_t bit = cgdt_slotmap_claim_(&pool->map, 1, &first);
    if (bit == 0)
        return alloc_locked(pool, 1, slot);
    const uint32_t number = first + cgdt_lowest_index_(bit);
    const cgdt_slot_t got = cgdt_slot_handle_(pool, number);
    const int error = write_template(pool, got);
    if (error != 0) {
        cgdt_slotmap_publish_(&pool->map, number, 1);
        return error;
    }
    own(pool, &got, 1);
    *slot = got;
    return 0;
}

int cgdt_free(struct cgdt_pool *pool, cgdt_slot_t slot)
{
    const uint32_t number = cgdt_slot_number(slot);
    const uint32_t generation = generation_of(slot);
    struct page_state page;
    int error = cgdt_slot_owned_(pool, slot, &page);

    if (error != 0)
        return error;
    if (!cgdt_slotmap_release_begin_(&pool->map, number, generation))
        return -CGDT_ESTALE;
    error = erase(pool, slot);
    if (error != 0) {
        cgdt_slotmap_release_abort_(&pool->map, number, generation);
        return error;
    }
    cgdt_slotmap_publish_(&pool->map, number, 1);
    return 0;
}
