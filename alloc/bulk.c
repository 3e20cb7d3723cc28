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
    /* volatile: else compilers make memset() of it, which a kernel need not have. */
    for (volatile cgdt_slot_t *slot = slots; slot < slots + n; slot++)
        *slot = CGDT_NO_SLOT;
    return n > pool->map.slots ? -CGDT_ENOSPC : cgdt_claim_slots_(pool, n, slots);
}

/*
 * Eight handles whose slots have their bytes in one word: all of them taken from their owner, or
 * none.
 */
CGDT_COMPACT_ static bool begin_eight(struct cgdt_pool *pool, const cgdt_slot_t *slots)
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
CGDT_COMPACT_ static int finish(struct cgdt_pool *pool, uint32_t n, cgdt_slot_t *slots)
{
    /* Slots of the word that begins with `first` that wait to be published, by one operation. */
    uint32_t first = 0;
    uint64_t bits = 0;
    int first_error = 0;

    for (uint32_t i = 0; i < n; i++) {
        const uint32_t number = cgdt_slot_number(slots[i]);
        const int error = cgdt_slot_erase_(pool, number);

        if (error != 0) {
            cgdt_slot_release_abort_(pool, slots[i], 0);
            first_error = first_error != 0 ? first_error : error;
            continue;
        }
        slots[i] = CGDT_NO_SLOT;
        if (number - first >= 1u << CGDT_SLOTMAP_WORD_SHIFT) {
            if (bits != 0)
                cgdt_slotmap_publish_bits_(&pool->map, first, bits);
            first = number & ~((1u << CGDT_SLOTMAP_WORD_SHIFT) - 1u);
            bits = 0;
        }
        bits |= 1ull << (number - first);
    }
    if (bits != 0)
        cgdt_slotmap_publish_bits_(&pool->map, first, bits);
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
