/* SPDX-License-Identifier: MIT */
/*
 * The order in which a change to a live slot becomes visible (invariant no-torn-descriptor).
 *
 * Three passes over the entries, so that a CPU that reads a 16-byte descriptor at any moment finds
 * the old one, the new one, or one that is not present, never halves of both:
 *
 *   TAKE_DOWN  the low half (it has the present bit) of each old one whose high half changes
 *              becomes zero
 *   BODIES     everything that is not the low half of a new one
 *   PUBLISH    the low half of each new one
 *
 * A port may apply each store at once or gather several before it applies them in order, so what
 * the page holds may lag behind what was handed out. No pass depends on which of the two it is:
 * PUBLISH asks whether either half differs from the new one, which stays true in both cases until
 * it is published.
 *
 * Two changes need only one pass. Where all becomes zero, rising order takes each low half away
 * before its high half. Where all was zero, falling order puts each high half there before its low
 * half.
 */
#include "batch.h"
#include "atomic.h"
#include "cgdt/check.h"
#include "cgdt/port.h"
#include "profile.h"

enum pass {
    TAKE_DOWN,
    BODIES,
    PUBLISH,
    DONE,
};

/* What entry first + i is to be, in its stored form. */
static CGDT_INLINE_UNLESS_SMALL_ cgdt_desc_t wanted(const struct cgdt_batch *batch, uint32_t i)
{
    if (batch->values == NULL)
        return 0;
    cgdt_desc_t stored = batch->values[i];
    if (!batch->stored)
        (void)batch->profile->judge(batch->profile, stored, &stored);
    return stored;
}

/* Whether entry first + i is in the batch and not yet as it is to be. */
static CGDT_INLINE_UNLESS_SMALL_ bool differs(const struct cgdt_batch *batch, uint32_t i)
{
    return i < batch->count &&
           cgdt_load_descriptor_(&batch->slot[batch->first + i]) != wanted(batch, i);
}

static CGDT_INLINE_UNLESS_SMALL_ bool is_wide(const struct cgdt_batch *batch, cgdt_desc_t desc)
{
    return cgdt_desc_wide64(desc) && batch->profile->wide;
}

/* Whether this pass stores entry first + i, and what. */
static CGDT_INLINE_UNLESS_SMALL_ bool in_pass(const struct cgdt_batch *batch, uint32_t i,
                                              cgdt_desc_t *value)
{
    const cgdt_desc_t now = cgdt_load_descriptor_(&batch->slot[batch->first + i]);

    *value = 0;
    if (batch->pass == TAKE_DOWN)
        return is_wide(batch, now) && differs(batch, i + 1);
    *value = wanted(batch, i);
    if (batch->pass == BODIES)
        return now != *value && !is_wide(batch, *value);
    return is_wide(batch, *value) && (now != *value || differs(batch, i + 1));
}

/* The orders of one pass. */
static bool next_in_one_pass(struct cgdt_batch *batch, struct cgdt_update *update)
{
    while (batch->next < batch->count) {
        const uint32_t step = batch->next++;
        const uint32_t i = batch->order == CGDT_BATCH_FALLING ? batch->count - 1u - step : step;

        update->value = wanted(batch, i);
        update->entry = (uint32_t)batch->slot_offset + batch->first + i;
        if (cgdt_load_descriptor_(&batch->slot[batch->first + i]) != update->value)
            return true;
    }
    return false;
}

CGDT_COMPACT_ bool cgdt_batch_next(struct cgdt_batch *batch, struct cgdt_update *update)
{
    if (batch->order != CGDT_BATCH_ANY)
        return next_in_one_pass(batch, update);
    for (; batch->pass < DONE; batch->pass++, batch->next = 0) {
        while (batch->next < batch->count) {
            const uint32_t i = batch->next++;

            if (in_pass(batch, i, &update->value)) {
                update->entry = (uint32_t)batch->slot_offset + batch->first + i;
                return true;
            }
        }
    }
    return false;
}

void cgdt_store_descriptor(cgdt_desc_t *to, cgdt_desc_t value)
{
    cgdt_plain_store_(to, value);
}

CGDT_COMPACT_ bool cgdt_batch_prepare_(struct cgdt_batch *batch)
{
    bool changes = false;

    batch->order = CGDT_BATCH_RISING;
    for (uint32_t i = 0; i < batch->count; i++) {
        const cgdt_desc_t now = cgdt_load_descriptor_(&batch->slot[batch->first + i]);
        const cgdt_desc_t then = wanted(batch, i);

        changes |= now != then;
        if (batch->values == NULL && changes)
            break;
        if (batch->values != NULL && (is_wide(batch, now) || is_wide(batch, then)))
            batch->order = CGDT_BATCH_ANY;
    }
    return changes;
}

/*
 * Whatever was there, whatever comes, here and now. What the first loop took down differs from what
 * is wanted, so the second publishes it: falling, each high half is there before its low half.
 */
CGDT_COMPACT_ static void store_over(const struct cgdt_batch *batch, cgdt_desc_t *to)
{
    for (uint32_t i = 0; i + 1u < batch->count; i++) {
        if (is_wide(batch, cgdt_load_descriptor_(&to[i])) &&
            cgdt_load_descriptor_(&to[i + 1]) != wanted(batch, i + 1))
            cgdt_plain_store_(&to[i], 0);
    }
    for (uint32_t i = batch->count; i-- > 0;) {
        const cgdt_desc_t value = wanted(batch, i);

        if (cgdt_load_descriptor_(&to[i]) != value)
            cgdt_plain_store_(&to[i], value);
    }
}

CGDT_COMPACT_ void cgdt_batch_store(struct cgdt_batch *batch, cgdt_desc_t *page)
{
    cgdt_desc_t *to = page + batch->slot_offset + batch->first;

    if (batch->values == NULL)
        cgdt_plain_erase_(to, batch->count);
#ifndef __OPTIMIZE_SIZE__
    else if (batch->stored && batch->order == CGDT_BATCH_FALLING)
        cgdt_plain_fill_(to, batch->values, batch->count);
#endif
    else
        store_over(batch, to);
}
