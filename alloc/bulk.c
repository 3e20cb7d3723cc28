/* SPDX-License-Identifier: MIT */
/* Several slots at once: cgdt_alloc_bulk(), cgdt_free_bulk(). One at a time is in alloc.c. */
#include "cgdt/slots.h"
#include "claim.h"
#include "slot.h"

CGDT_COMPACT_ int cgdt_alloc_bulk(struct cgdt_pool *pool, uint32_t n, cgdt_slot_t *slots)
{
    if (n == 0)
        return 0;
    if (slots == NULL || n > CGDT_MAX_SLOTS)
        return -CGDT_EINVAL;
    return cgdt_claim_slots_(pool, n, slots);
}

/*
 * Eight handles whose slots have their bytes in one word: all of them taken from their owner, or
 * none.
 */
CGDT_COMPACT_ static bool begin_eight(struct cgdt_pool *pool, const cgdt_slot_t *slots)
{
    const uint32_t first = cgdt_slot_number_or_more_(slots[0]);
    uint64_t generations = 0;
    uint32_t others = 0; /* bits that are there in a handle of another slot */

    /* Most often not, where they are in no order. */
    if (cgdt_slot_number_or_more_(slots[7]) != first + 7)
        return false;
    CGDT_UNROLL_
    for (uint32_t i = 8; i-- > 0;) {
        const uint32_t slot = slots[i] - (first + 1 + i);

        others |= slot;
        generations = generations << 8 | cgdt_slot_generation_(slot);
    }
    return (others & ~(~0u << CGDT_SLOT_GENERATION_SHIFT)) == 0 &&
           cgdt_slotmap_release_begin_eight_(&pool->map, first,
                                             cgdt_slotmap_owned_bytes_(generations),
                                             cgdt_slotmap_next_bytes_(generations));
}

/* Slots of the word that begins with `first` that wait to be published, by one operation. */
struct waiting {
    uint32_t first;
    uint64_t bits;
};

static CGDT_INLINE_UNLESS_SMALL_ void publish_waiting(struct cgdt_pool *pool,
                                                      struct waiting *waiting)
{
    if (waiting->bits != 0)
        cgdt_slotmap_publish_bits_(&pool->map, waiting->first, waiting->bits);
}

/* `row` slots in a row, on one page, are zero. */
static inline void zeroed(struct cgdt_pool *pool, struct waiting *waiting, uint32_t row,
                          cgdt_slot_t *slots)
{
    const uint32_t number = cgdt_slot_number(slots[0]);

    /* volatile: as in claim_locked(). */
    for (volatile cgdt_slot_t *slot = slots; slot < slots + row; slot++)
        *slot = CGDT_NO_SLOT;
    if (number - waiting->first >= 1u << CGDT_SLOTMAP_WORD_SHIFT) {
        publish_waiting(pool, waiting);
        waiting->first = number & ~((1u << CGDT_SLOTMAP_WORD_SHIFT) - 1u);
        waiting->bits = 0;
    }
    waiting->bits |= ~0ull >> (64u - row) << (number - waiting->first);
}

/* Of slots whose owner has begun to free them, those that can be zeroed go, the others stay. */
CGDT_COMPACT_ static int finish(struct cgdt_pool *pool, uint32_t n, cgdt_slot_t *slots)
{
    struct waiting waiting = {0, 0};
    int first_error = 0;

    for (uint32_t i = 0, step; i < n; i += step) {
        const uint32_t number = cgdt_slot_number(slots[i]);
        const uint32_t row = cgdt_slot_unmarked_row_(pool, n - i, &slots[i]);
        const int error = row == 0 ? cgdt_slot_erase_slowly_(pool, number) : 0;

        step = row == 0 ? 1 : row;
        if (error != 0) {
            cgdt_slot_release_abort_(pool, slots[i], 0);
            first_error = first_error != 0 ? first_error : error;
            continue;
        }
        cgdt_slot_erase_row_(pool, number, row);
        zeroed(pool, &waiting, step, &slots[i]);
    }
    publish_waiting(pool, &waiting);
    return first_error;
}

CGDT_COMPACT_ int cgdt_free_bulk(struct cgdt_pool *pool, uint32_t n, cgdt_slot_t *slots)
{
    uint32_t begun = 0;

    if (n == 0)
        return 0;
    if (slots == NULL || n > CGDT_MAX_SLOTS)
        return -CGDT_EINVAL;
    while (begun < n) {
        if (n - begun >= 8 && begin_eight(pool, &slots[begun])) {
            begun += 8;
            continue;
        }
        const int error = cgdt_slot_release_begin_(pool, slots[begun], 0);
        if (error != 0) {
            while (begun-- > 0)
                cgdt_slot_release_abort_(pool, slots[begun], 0);
            return error;
        }
        begun++;
    }
    return finish(pool, n, slots);
}
