/* SPDX-License-Identifier: MIT */
/*
 * Slots in and out.
 *
 * The life of a slot: free (zero) -> claimed -> template written -> owned -> releasing, so that no second free
 * gets in -> zeroed -> published as free. Between claim and publish the slot is its owner's alone, so its
 * contents need no further order among CPUs.
 */
#include "batch.h"
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

static cgdt_slot_t handle_of(uint32_t number, uint32_t generation)
{
    return (number + 1) | generation << CGDT_SLOT_GENERATION_SHIFT;
}

/* Of a slot that is claimed: as its owner will have it. */
static cgdt_slot_t coming_handle(const struct cgdt_pool *pool, uint32_t number)
{
    return handle_of(number, cgdt_slotmap_generation_(&pool->map, number));
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
CGDT_SELDOM_ static int not_owned(const struct cgdt_pool *pool, cgdt_slot_t slot)
{
    const uint32_t number = cgdt_slot_number(slot);

    if (number >= pool->map.slots || /* CGDT_NO_SLOT has number 2^32-1 */
        cgdt_window_page_(&pool->windows, page_of(pool, number)).view == NULL ||
        coming_handle(pool, number) == slot)
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

/* A change to a claimed slot, by whatever way there is. */
CGDT_SELDOM_ static int change_slot(const struct cgdt_pool *pool, uint32_t number,
                                    const struct change *change)
{
    const uint32_t page = page_of(pool, number);
    const struct page_state state = cgdt_window_page_(&pool->windows, page);

    return cgdt_page_store_(pool, page, &state, cgdt_pool_offset_(pool, number), change);
}

/* The slot where ordinary stores may go to it; NULL: they may not. */
static inline cgdt_desc_t *writable_slot(const struct cgdt_pool *pool, uint32_t number)
{
    const struct page_state state = cgdt_window_slot_page_(&pool->windows, page_of(pool, number));
    cgdt_desc_t *page = cgdt_pool_writable_(pool, &state);

    return page != NULL ? page + cgdt_pool_offset_(pool, number) : NULL;
}

/* The ways through the port, out of the way of the others. */

CGDT_SELDOM_ static int write_template_live(const struct cgdt_pool *pool, uint32_t number)
{
    return change_slot(pool, number,
                       &(struct change){.values = pool->config.template_descs,
                                        .n = pool->config.template_entries,
                                        .fresh = true,
                                        .kept = pool->template_kept});
}

CGDT_SELDOM_ static int erase_live(const struct cgdt_pool *pool, uint32_t number)
{
    return change_slot(pool, number, &(struct change){.n = pool->config.layout.slot_entries});
}

static CGDT_SHARED_ int write_template(const struct cgdt_pool *pool, uint32_t number)
{
    cgdt_desc_t *to = writable_slot(pool, number);

    if (to == NULL || !pool->template_kept)
        return write_template_live(pool, number);
    cgdt_plain_fill_(to, pool->config.template_descs, pool->config.template_entries);
    return 0;
}

static inline int erase(const struct cgdt_pool *pool, uint32_t number)
{
    cgdt_desc_t *to = writable_slot(pool, number);

    if (to == NULL)
        return erase_live(pool, number);
    cgdt_plain_erase_(to, pool->config.layout.slot_entries);
    return 0;
}

/* For loops. */
__attribute__((noinline)) static int write_next_template(const struct cgdt_pool *pool,
                                                         cgdt_slot_t slot)
{
    return write_template(pool, cgdt_slot_number(slot));
}

/* Handles for slots first + i where bit i is set, lowest first; returns how many. */
static CGDT_SHARED_ uint32_t hand_out(const struct cgdt_pool *pool, uint32_t first, uint64_t bits,
                                      cgdt_slot_t *slots)
{
    uint32_t n = 0;

    for (; bits != 0; bits &= bits - 1)
        slots[n++] = coming_handle(pool, first + cgdt_lowest_index_(bits));
    return n;
}

typedef uint64_t claim_fn(struct slotmap *map, uint32_t max, uint32_t *first);

/* Take what pages in service have, at most what is missing. */
static CGDT_SHARED_ void claim(struct cgdt_pool *pool, struct request *request, claim_fn *from)
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
        const int error = write_next_template(pool, request->slots[request->written]);

        if (error != 0)
            return error;
    }
    return 0;
}

/* From here on the handles are good. */
static void own(struct cgdt_pool *pool, const cgdt_slot_t *slots, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        (void)cgdt_slotmap_own_(&pool->map, cgdt_slot_number(slots[i]));
}

/* Everything claimed goes back; what cannot be cleaned stays in slots[], the caller's. */
static void undo_claims(struct cgdt_pool *pool, struct request *request)
{
    for (uint32_t i = 0; i < request->claimed; i++) {
        cgdt_slot_t *slot = &request->slots[i];

        if (i < request->written && erase_live(pool, cgdt_slot_number(*slot)) != 0) {
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
            request->slots[done] = coming_handle(pool, first + color);
            (void)write_next_template(pool, request->slots[done++]);
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
CGDT_SELDOM_ static int alloc_locked(struct cgdt_pool *pool, uint32_t n, cgdt_slot_t *slots)
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

/* A page is mapped, or the summary was wrong. */
CGDT_SELDOM_ static int alloc_slowly(struct cgdt_pool *pool, cgdt_slot_t *slot)
{
    *slot = CGDT_NO_SLOT;
    return alloc_locked(pool, 1, slot);
}

CGDT_SELDOM_ static int give_up(struct cgdt_pool *pool, uint32_t number, cgdt_slot_t *slot,
                                int error)
{
    *slot = CGDT_NO_SLOT;
    cgdt_slotmap_publish_(&pool->map, number, 1);
    return error;
}

int cgdt_alloc(struct cgdt_pool *pool, cgdt_slot_t *slot)
{
    if (slot == NULL)
        return -CGDT_EINVAL;
    const uint32_t number = cgdt_slotmap_take_(&pool->map);
    if (number == CGDT_SLOTMAP_NONE)
        return alloc_slowly(pool, slot);
    const int error = write_template(pool, number);
    if (error != 0)
        return give_up(pool, number, slot, error);
    *slot = handle_of(number, cgdt_slotmap_own_(&pool->map, number));
    return 0;
}

CGDT_SELDOM_ static int keep(struct cgdt_pool *pool, cgdt_slot_t slot, int error)
{
    cgdt_slotmap_release_abort_(&pool->map, cgdt_slot_number(slot), generation_of(slot));
    return error;
}

int cgdt_free(struct cgdt_pool *pool, cgdt_slot_t slot)
{
    const uint32_t number = cgdt_slot_number(slot);

    if (number >= pool->map.slots || (slot & UNUSED) != 0 ||
        !cgdt_slotmap_release_begin_(&pool->map, number, generation_of(slot)))
        return not_owned(pool, slot);
    const int error = erase(pool, number);
    if (error != 0)
        return keep(pool, slot, error);
    cgdt_slotmap_put_(&pool->map, number);
    return 0;
}
