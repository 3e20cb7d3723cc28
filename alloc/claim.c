/* SPDX-License-Identifier: MIT */
/*
 * A call for n slots on its way: the first `claimed` come from pages in service, the rest from new
 * ones.
 *
 * Slots are claimed all at once, or under the lock, and go back under it if there are too few: a
 * call that held some meanwhile would make another CPU believe that the pool is full. Once all are
 * had, nobody has to wait for the templates.
 */
#include "claim.h"
#include "grow.h"
#include "slot.h"

struct request {
    cgdt_slot_t *slots;
    uint32_t n;
    uint32_t claimed; /* slots that were free on pages in service */
    uint32_t written; /* of those, how many hold the template */
    uint32_t filled;  /* slots claimed, and those on new pages that have the template */
};

/* The handles that the owners of claimed slots will have. */
CGDT_APART_ static void note(struct cgdt_pool *pool, struct request *request, uint32_t first,
                             uint64_t bits)
{
    cgdt_slot_t *slot = &request->slots[request->claimed];

    for (; bits != 0; bits &= bits - 1)
        *slot++ = cgdt_slot_coming_handle_(pool, first + cgdt_lowest_index_(bits));
    request->claimed = (uint32_t)(slot - request->slots);
}

/* Take what pages in service have, at most what is missing, lowest first. */
CGDT_COMPACT_ static void claim(struct cgdt_pool *pool, struct request *request)
{
    while (request->claimed < request->n) {
        uint32_t first = 0;
        const uint64_t bits =
            cgdt_slotmap_claim_(&pool->map, request->n - request->claimed, &first);

        if (bits == 0)
            break;
        note(pool, request, first, bits);
    }
}

/* The template onto the slots of pages in service. */
CGDT_COMPACT_ static int write_claimed(struct cgdt_pool *pool, struct request *request)
{
    while (request->written < request->claimed) {
        const cgdt_slot_t *slot = &request->slots[request->written];
        const uint32_t number = cgdt_slot_number(*slot);
        const uint32_t row = cgdt_slot_row_(pool, request->claimed - request->written, slot);
        const int error = row == 0 ? cgdt_slot_fill_slowly_(pool, number, NULL) : 0;

        if (error != 0)
            return error;
        cgdt_slot_fill_row_(pool, number, row);
        request->written += row == 0 ? 1 : row;
    }
    return 0;
}

/* From here on the handles are good. */
CGDT_COMPACT_ static void own(struct cgdt_pool *pool, const cgdt_slot_t *slots, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        cgdt_slotmap_own_as_(&pool->map, cgdt_slot_number(slots[i]),
                             cgdt_slot_generation_(slots[i]), 0);
}

/* Everything claimed goes back; what cannot be cleaned stays in slots[], the caller's. */
CGDT_COMPACT_ static void undo_claims(struct cgdt_pool *pool, struct request *request)
{
    for (uint32_t i = 0; i < request->claimed; i++) {
        cgdt_slot_t *slot = &request->slots[i];

        if (i < request->written && cgdt_slot_erase_slowly_(pool, cgdt_slot_number(*slot)) != 0) {
            own(pool, slot, 1);
            continue;
        }
        cgdt_slotmap_publish_bits_(&pool->map, cgdt_slot_number(*slot), 1);
        *slot = CGDT_NO_SLOT;
    }
    for (uint32_t i = request->claimed; i < request->n; i++)
        request->slots[i] = CGDT_NO_SLOT;
}

/*
 * Handles on a page that is on its way in, and the template onto them: it is private, so this
 * cannot fail.
 */
CGDT_COMPACT_ static uint32_t fill_page(struct cgdt_pool *pool, const struct request *request,
                                        uint32_t page)
{
    const uint32_t first = cgdt_pool_first_of_(pool, page);
    const uint32_t slots = cgdt_pool_slots_of_(pool, page);
    uint32_t color = 0;

    for (; color < slots && request->filled + color < request->n; color++) {
        request->slots[request->filled + color] = cgdt_slot_coming_handle_(pool, first + color);
        (void)cgdt_slot_fill_slowly_(pool, first + color, NULL);
    }
    return color;
}

/* Under the lock: the slots that pages in service have not, on new ones. */
CGDT_COMPACT_ static int grow_for_all(struct cgdt_pool *pool, struct request *request)
{
    struct growth growth = {0, 0, 0, 0};

    request->filled = request->claimed;
    while (request->filled < request->n) {
        uint32_t page;
        const int error = cgdt_grow_page_(pool, &growth, &page);

        if (error != 0) {
            cgdt_grow_undo_(pool, &growth);
            return error;
        }
        const uint32_t here = fill_page(pool, request, page);
        if (cgdt_grow_seal_(pool, &growth, page))
            request->filled += here;
    }
    cgdt_grow_serve_(pool, &growth, request->n - request->claimed);
    return 0;
}

/* The handles are good from here on; or all goes back. */
CGDT_COMPACT_ static int settle(struct cgdt_pool *pool, struct request *request, int error)
{
    if (error == 0)
        own(pool, request->slots, request->n);
    else
        undo_claims(pool, request);
    return error;
}

CGDT_SELDOM_ static int claim_locked(struct cgdt_pool *pool, struct request *request)
{
    const uint32_t n = request->n;
    int error = 0;

    /* volatile: else compilers make memset() of it, which a kernel need not have. */
    for (volatile cgdt_slot_t *slot = request->slots; slot < request->slots + n; slot++)
        *slot = CGDT_NO_SLOT;
    if (n > pool->map.slots)
        return -CGDT_ENOSPC;
    cgdt_pool_lock_(pool);
    claim(pool, request);
    const bool grows = request->claimed < n;
    if (grows) {
        /* Nothing is asked of the port if it cannot be enough. */
        if (n - request->claimed > pool->map.slots - pool->served_slots)
            error = -CGDT_ENOSPC;
        if (error == 0)
            error = write_claimed(pool, request);
        if (error == 0)
            error = grow_for_all(pool, request);
        error = settle(pool, request, error);
    }
    cgdt_pool_unlock_(pool);
    return grows ? error : settle(pool, request, write_claimed(pool, request));
}

#ifdef __OPTIMIZE_SIZE__
#define claim_at_once(pool, request) false
#else

/* Without the lock what is had is had by one operation, so nobody is told "full" in vain. */
static bool claim_at_once(struct cgdt_pool *pool, struct request *request)
{
    uint32_t first = 0;
    const uint64_t bits =
        request->n <= 64 ? cgdt_slotmap_claim_all_(&pool->map, request->n, &first) : 0;

    note(pool, request, first, bits);
    return bits != 0;
}

#endif

CGDT_COMPACT_ int cgdt_claim_slots_(struct cgdt_pool *pool, uint32_t n, cgdt_slot_t *slots)
{
    struct request request = {.slots = slots, .n = n};

    return claim_at_once(pool, &request) ? settle(pool, &request, write_claimed(pool, &request))
                                         : claim_locked(pool, &request);
}
