/* SPDX-License-Identifier: MIT */
/*
 * Several slots at once, and all that happens under the port's lock when a slot is asked for.
 */
#include "slot.h"

/* A call for n slots on its way: the first `claimed` come from pages in service, the rest from new ones. */
struct request {
    cgdt_slot_t *slots;
    uint32_t n;
    uint32_t claimed; /* slots that were free on pages in service */
    uint32_t written; /* of those, how many hold the template */
};

/* Handles for slots first + i where bit i is set, lowest first; returns how many. */
static CGDT_INLINE_UNLESS_SMALL_ uint32_t hand_out(const struct cgdt_pool *pool, uint32_t first, uint64_t bits,
                                      cgdt_slot_t *slots)
{
    uint32_t n = 0;

    for (; bits != 0; bits &= bits - 1)
        slots[n++] = cgdt_slot_coming_handle_(pool, first + cgdt_lowest_index_(bits));
    return n;
}

static CGDT_INLINE_UNLESS_SMALL_ int fill(const struct cgdt_pool *pool, uint32_t number)
{
    return cgdt_slot_fill_(pool, number);
}

typedef uint64_t claim_fn(struct slotmap *map, uint32_t max, uint32_t *first);

/* Take what pages in service have, at most what is missing. */
static CGDT_INLINE_UNLESS_SMALL_ void claim(struct cgdt_pool *pool, struct request *request, claim_fn *from)
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
        const int error = fill(pool, cgdt_slot_number(request->slots[request->written]));

        if (error != 0)
            return error;
    }
    return 0;
}

/* From here on the handles are good. */
static CGDT_INLINE_UNLESS_SMALL_ void own(struct cgdt_pool *pool, const cgdt_slot_t *slots, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        (void)cgdt_slotmap_own_(&pool->map, cgdt_slot_number(slots[i]));
}

/* Everything claimed goes back; what cannot be cleaned stays in slots[], the caller's. */
static void undo_claims(struct cgdt_pool *pool, struct request *request)
{
    for (uint32_t i = 0; i < request->claimed; i++) {
        cgdt_slot_t *slot = &request->slots[i];

        if (i < request->written && cgdt_slot_erase_by_batch_(pool, cgdt_slot_number(*slot)) != 0) {
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
            request->slots[done++] = cgdt_slot_coming_handle_(pool, first + color);
            (void)fill(pool, first + color);
        }
    }
}

/* Under the lock: the slots that pages in service have not, on new ones; the others too get the template. */
static int grow(struct cgdt_pool *pool, struct request *request)
{
    struct growth growth;
    int error = hold_rest(pool, request, &growth);

    if (error != 0)
        return error;
    fill_held(pool, request, &growth);
    error = write_claimed(pool, request);
    if (error != 0)
        cgdt_grow_undo_(pool, &growth);
    else
        error = cgdt_grow_seal_(pool, &growth);
    if (error == 0)
        cgdt_grow_publish_(pool, &growth, request->n - request->claimed);
    return error;
}

/* The handles are good from here on; or all goes back. */
static CGDT_INLINE_UNLESS_SMALL_ int settle(struct cgdt_pool *pool, struct request *request, int error)
{
    if (error == 0) {
        own(pool, request->slots, request->n);
        return 0;
    }
    for (uint32_t i = request->claimed; i < request->n; i++)
        request->slots[i] = CGDT_NO_SLOT;
    undo_claims(pool, request);
    return error;
}

/*
 * Several slots are claimed under the lock, and go back under it if there are too few: a call that held some
 * meanwhile would make another CPU believe that the pool is full. Once all are had, nobody has to wait for the
 * templates.
 */
CGDT_SELDOM_ int cgdt_slot_alloc_locked_(struct cgdt_pool *pool, uint32_t n, cgdt_slot_t *slots)
{
    struct request request = {slots, n, 0, 0};
    int error = 0;

    cgdt_pool_lock_(pool);
    claim(pool, &request, cgdt_slotmap_claim_);
    const bool grows = request.claimed < n;
    if (grows)
        error = settle(pool, &request, grow(pool, &request));
    cgdt_pool_unlock_(pool);
    return grows ? error : settle(pool, &request, write_claimed(pool, &request));
}

int cgdt_alloc_bulk(struct cgdt_pool *pool, uint32_t n, cgdt_slot_t *slots)
{
    if (n == 0)
        return 0;
    if (slots == NULL || n > CGDT_MAX_SLOTS)
        return -CGDT_EINVAL;
    for (uint32_t i = 0; i < n; i++)
        slots[i] = CGDT_NO_SLOT;
    return n > pool->map.slots ? -CGDT_ENOSPC : cgdt_slot_alloc_locked_(pool, n, slots);
}

/* Eight handles whose slots have their bytes in one word: all of them taken from their owner, or none. */
static bool begin_eight(struct cgdt_pool *pool, const cgdt_slot_t *slots)
{
    const uint32_t first = cgdt_slot_number(slots[0]);
    uint64_t seen = 0;
    uint64_t next = 0;

    for (uint32_t i = 8; i-- > 0;) {
        if (slots[i] & CGDT_SLOT_UNUSED_ || cgdt_slot_number(slots[i]) != first + i)
            return false;
        seen = seen << 8 | cgdt_slotmap_owned_byte_(cgdt_slot_generation_(slots[i]));
        next = next << 8 | cgdt_slotmap_next_byte_(cgdt_slot_generation_(slots[i]));
    }
    return cgdt_slotmap_release_begin_eight_(&pool->map, first, seen, next);
}

/* Of slots whose owner has begun to free them, those that can be zeroed go, the others stay. */
static int finish(struct cgdt_pool *pool, uint32_t n, cgdt_slot_t *slots)
{
    /* Slots first .. end-1 wait to be published, by one operation for all of a word. */
    uint32_t first = 0;
    uint32_t end = 0;
    int first_error = 0;

    for (uint32_t i = 0; i < n; i++) {
        const uint32_t number = cgdt_slot_number(slots[i]);
        const int error = cgdt_slot_erase_(pool, number);

        if (error != 0) {
            cgdt_slot_release_abort_(pool, slots[i]);
            first_error = first_error != 0 ? first_error : error;
            continue;
        }
        slots[i] = CGDT_NO_SLOT;
        if (number != end ||
            number >> CGDT_SLOTMAP_WORD_SHIFT != first >> CGDT_SLOTMAP_WORD_SHIFT) {
            if (first != end)
                cgdt_slotmap_publish_(&pool->map, first, end - first);
            first = number;
        }
        end = number + 1;
    }
    if (first != end)
        cgdt_slotmap_publish_(&pool->map, first, end - first);
    return first_error;
}

int cgdt_free_bulk(struct cgdt_pool *pool, uint32_t n, cgdt_slot_t *slots)
{
    uint32_t begun = 0;

    if (n == 0)
        return 0;
    if (slots == NULL || n > CGDT_MAX_SLOTS)
        return -CGDT_EINVAL;
    while (begun < n) {
        if (n - begun >= 8 && begin_eight(pool, &slots[begun])) {
            begun += 8;
        } else if (cgdt_slot_release_begin_(pool, slots[begun])) {
            begun++;
        } else {
            const int error = cgdt_slot_not_owned_(pool, slots[begun]);

            while (begun-- > 0)
                cgdt_slot_release_abort_(pool, slots[begun]);
            return error;
        }
    }
    return finish(pool, n, slots);
}
