/* SPDX-License-Identifier: MIT */
/*
 * The order in which a change to a live slot becomes visible (invariant no-torn-descriptor).
 *
 * Three passes over the entries, so that a CPU that reads a 16-byte descriptor at any moment finds the old
 * one, the new one, or one that is not present, never halves of both:
 *
 *   TAKE_DOWN  the low half (it has the present bit) of each old one whose high half changes becomes zero
 *   BODIES     everything that is not the low half of a new one
 *   PUBLISH    the low half of each new one
 *
 * A port may apply each store at once or gather several before it applies them in order, so what the page
 * holds may lag behind what was handed out. No pass depends on which of the two it is: PUBLISH asks
 * whether either half differs from the new one, which stays true in both cases until it is published.
 */
#include "atomic.h"
#include "cgdt/check.h"
#include "cgdt/port.h"

enum pass {
    TAKE_DOWN,
    BODIES,
    PUBLISH,
    DONE,
};

/* What entry first + i is to be, in the form in which the hypervisor would keep it. */
static cgdt_desc_t wanted(const struct cgdt_batch *batch, uint32_t i)
{
    cgdt_desc_t stored = 0;

    if (batch->values != NULL)
        (void)cgdt_check_descriptor((enum cgdt_profile)batch->profile, batch->values[i], &stored);
    return stored;
}

/* Whether entry first + i is in the batch and not yet as it is to be. */
static bool differs(const struct cgdt_batch *batch, uint32_t i)
{
    return i < batch->count &&
           cgdt_load_descriptor_(&batch->slot[batch->first + i]) != wanted(batch, i);
}

static bool is_wide(const struct cgdt_batch *batch, cgdt_desc_t desc)
{
    return (batch->profile == CGDT_NATIVE64 || batch->profile == CGDT_XEN_PV64) &&
           cgdt_desc_wide64(desc);
}

/* Whether this pass stores entry first + i, and what. */
static bool in_pass(const struct cgdt_batch *batch, uint32_t i, cgdt_desc_t *value)
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

bool cgdt_batch_next(struct cgdt_batch *batch, struct cgdt_update *update)
{
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
    cgdt_store64_relaxed_((cgdt_word_t *)(void *)to, value);
    /* The next store must not overtake this one; x86 keeps stores in order, the compiler has to be told. */
    __asm__ volatile("" ::: "memory");
}

void cgdt_batch_store(struct cgdt_batch *batch, cgdt_desc_t *page)
{
    struct cgdt_update update;

    while (cgdt_batch_next(batch, &update))
        cgdt_store_descriptor(&page[update.entry], update.value);
}
