/* SPDX-License-Identifier: MIT */
/*
 * Batches of up to PROOF_ENTRIES entries, by induction over their stores. Between any two of them
 * the page is in a state that the old and the new values tell: between() has it. One more store, of
 * those that the core hands out, leads from each such state to another, and none of them shows a
 * torn descriptor. So no sequence of stores does, and no prefix of one.
 */
#include "proof.h"

#include <cgdt/check.h>
#include <cgdt/port.h>

#include <batch.c> /* alloc/batch.c, with what is static in it */

#define MOST   ((uint32_t)PROOF_ENTRIES)
#define AROUND 1u /* entries in front of the batch and behind it, which are not its own */
#define ALL    (MOST + 2 * AROUND)

/* Where a batch is: of three passes, or of one. batch->pass and batch->next have the same. */
struct point {
    uint32_t pass;
    uint32_t next;
};

static uint32_t count;          /* entries of the batch, from AROUND on */
static cgdt_desc_t old[ALL];    /* what the page held */
static cgdt_desc_t values[ALL]; /* what it is to hold; the same, where it is not the batch's */
static cgdt_desc_t page[ALL];   /* what it holds */

/* Present, a system descriptor, not of type 0: with the next it is one of 16 bytes (SDM 3A 5.8). */
static bool is_low_half(cgdt_desc_t desc)
{
    return (desc >> 47 & 1) == 1 && (desc >> 44 & 1) == 0 && (desc >> 40 & 15) != 0;
}

static bool is_own(uint32_t entry)
{
    return entry >= AROUND && entry < AROUND + count;
}

/* No 16-byte descriptor is half in the batch, and no high half looks like a low one. */
static bool are_whole(const cgdt_desc_t *descs)
{
    for (uint32_t i = 0; i + 1 < ALL; i++)
        if (is_low_half(descs[i]) && (is_low_half(descs[i + 1]) || is_own(i) != is_own(i + 1)))
            return false;
    return true;
}

static void any_change_of(uint32_t entries)
{
    count = entries;
    for (uint32_t i = 0; i < ALL; i++) {
        old[i] = any_u64();
        values[i] = is_own(i) ? any_u64() : old[i];
    }
    /* Whoever asks for a batch has whole descriptors in it, old and new: cgdt_write() says so. */
    ASSUME(are_whole(old) && are_whole(values));
}

static void any_change(void)
{
    any_change_of(1 + any_below(MOST));
}

/* What an entry holds at a point of the three passes. */
static cgdt_desc_t between(struct point at, uint32_t i)
{
    if (!is_own(i))
        return old[i];
    const bool goes = is_low_half(old[i]) && old[i + 1] != values[i + 1];
    const cgdt_desc_t taken_down = goes ? 0 : old[i];
    const cgdt_desc_t with_bodies = is_low_half(values[i]) ? taken_down : values[i];
    const bool is_behind = i >= AROUND + at.next;

    if (at.pass == 0)
        return is_behind ? old[i] : taken_down;
    if (at.pass == 1)
        return is_behind ? taken_down : with_bodies;
    return at.pass == 2 && is_behind ? with_bodies : values[i];
}

static struct cgdt_batch batch_at(struct point at, enum cgdt_batch_order order)
{
    const struct cgdt_batch batch = {.slot = page,
                                     .values = values + AROUND,
                                     .profile = CGDT_PROFILE_NATIVE64,
                                     .first = AROUND,
                                     .count = (uint16_t)count,
                                     .order = (uint8_t)order,
                                     .pass = (uint8_t)at.pass,
                                     .stored = true,
                                     .next = (uint16_t)at.next};

    return batch;
}

/* Of two neighbours. */
static void nothing_is_torn(uint32_t low)
{
    const cgdt_desc_t now = page[low];
    const cgdt_desc_t behind = page[low + 1];

    CLAIM(!is_low_half(now) || (now == old[low] && behind == old[low + 1]) ||
              (now == values[low] && behind == values[low + 1]),
          "a 16-byte descriptor is the old one or the new one, never half of each");
    CLAIM(now == old[low] || now == values[low] || now == 0,
          "an entry is the old one, the new one, or zero on its way");
    CLAIM(!is_low_half(now) || (!is_low_half(behind) && is_own(low) == is_own(low + 1)),
          "whole descriptors are there, so that another batch can take all of it back");
}

/* Whether one point comes before another, or is the same. */
static bool is_reached(struct point at, struct point by)
{
    return at.pass < by.pass || (at.pass == by.pass && at.next <= by.next);
}

/*
 * The core is asked about entry `at.next` of a pass. What it looks at may lag behind what it has
 * handed out, as far as the port likes that gathers stores: `seen` is any earlier point.
 */
static void a_store_at(struct point at, struct point seen)
{
    const struct point then = {at.pass, at.next + 1};
    const struct cgdt_batch batch = batch_at(at, CGDT_BATCH_ANY);
    cgdt_desc_t value = 0;

    for (uint32_t i = 0; i < ALL; i++)
        page[i] = between(seen, i);
    const bool stores = in_pass(&batch, at.next, &value);

    for (uint32_t i = 0; i < ALL; i++)
        page[i] = between(at, i);
    if (stores)
        page[AROUND + at.next] = value;
    for (uint32_t i = 0; i < ALL; i++)
        CLAIM(page[i] == between(then, i), "from a state between two stores to another");
    for (uint32_t low = 0; low + 1 < ALL; low++)
        nothing_is_torn(low);
}

void each_store_of_three_passes_leads_from_a_whole_state_to_another(void)
{
    const struct point seen = {any_below(3), any_below(MOST + 1)};

    any_change();
    const struct point at = {any_below(3), any_below(MOST)};

    ASSUME(at.next < count && is_reached(seen, at));
    a_store_at(at, seen);
}

/* No entry is left out, and none is asked about twice: whatever the page holds. */
void each_pass_asks_about_each_entry_in_order(void)
{
    const struct point at = {PROOF_PASS, any_below(MOST + 1)};
    const struct point witness = {any_below(3), any_below(MOST)};
    cgdt_desc_t value = 0;

    any_change();
    for (uint32_t i = 0; i < ALL; i++)
        page[i] = any_u64();
    ASSUME(at.next <= count && witness.next < count && is_reached(at, witness));
    struct cgdt_batch batch = batch_at(at, CGDT_BATCH_ANY);
    struct cgdt_update update;
    const struct cgdt_batch there = batch_at(witness, CGDT_BATCH_ANY);
    const bool stores = in_pass(&there, witness.next, &value);
    const bool more = cgdt_batch_next(&batch, &update);
    const bool is_here = more && batch.pass == witness.pass && batch.next == witness.next + 1;

    CLAIM(!is_here || (stores && update.entry == AROUND + witness.next && update.value == value),
          "a store is that of its point");
    CLAIM(!stores || (more && is_reached((struct point){batch.pass, batch.next - 1u}, witness)),
          "none before it is left out");
    CLAIM(!more || (batch.pass < 3 && batch.next >= 1 && batch.next <= count &&
                    is_reached(at, (struct point){batch.pass, batch.next - 1u})),
          "it is one of those to come");
    CLAIM(more || batch.pass == 3, "at the end it says so");
}

/* Whether the change is one that needs a single pass, from below or from above. */
static bool is_for(enum cgdt_batch_order order)
{
    bool is_zeroed = true;
    bool was_zero = true;
    bool has_pairs = false;

    for (uint32_t i = 0; i < ALL; i++) {
        is_zeroed = is_zeroed && (!is_own(i) || values[i] == 0);
        was_zero = was_zero && (!is_own(i) || old[i] == 0);
        has_pairs = has_pairs || (is_own(i) && (is_low_half(old[i]) || is_low_half(values[i])));
    }
    return order == CGDT_BATCH_RISING ? is_zeroed || !has_pairs : was_zero;
}

/* What an entry holds after so many steps of one pass. */
static cgdt_desc_t on_the_way(enum cgdt_batch_order order, uint32_t steps, uint32_t i)
{
    if (!is_own(i))
        return old[i];
    const uint32_t step = order == CGDT_BATCH_RISING ? i - AROUND : AROUND + count - 1 - i;

    return step < steps ? values[i] : old[i];
}

void each_store_of_one_pass_leads_from_a_whole_state_to_another(void)
{
    const enum cgdt_batch_order order = any_bool() ? CGDT_BATCH_RISING : CGDT_BATCH_FALLING;
    const struct point at = {0, any_below(MOST + 1)};
    const uint32_t witness = any_below(ALL);
    struct cgdt_batch batch;
    struct cgdt_update update;

    any_change();
    ASSUME(is_for(order) && at.next <= count);
    for (uint32_t i = 0; i < ALL; i++)
        page[i] = on_the_way(order, at.next, i);
    batch = batch_at(at, order);
    const bool more = cgdt_batch_next(&batch, &update);

    CLAIM(!more || is_own(update.entry), "a store of the batch's own");
    CLAIM(more || batch.next == count, "at the end it says so");
    if (more)
        page[update.entry] = update.value;
    CLAIM(page[witness] == on_the_way(order, batch.next, witness),
          "from a state between two stores to another");
    nothing_is_torn(any_below(ALL - 1));
}

void the_order_that_is_chosen_is_one_for_the_change(void)
{
    bool differs_somewhere = false;

    any_change();
    for (uint32_t i = 0; i < ALL; i++) {
        page[i] = old[i];
        differs_somewhere = differs_somewhere || old[i] != values[i];
    }
    struct cgdt_batch batch = batch_at((struct point){0, 0}, CGDT_BATCH_ANY);
    if (any_bool()) {
        for (uint32_t i = 0; i < ALL; i++)
            ASSUME(!is_own(i) || values[i] == 0);
        batch.values = NULL;
    }
    CLAIM(cgdt_batch_prepare_(&batch) == differs_somewhere, "whether anything is to be done");
    CLAIM(batch.order == CGDT_BATCH_ANY ||
              (batch.order == CGDT_BATCH_RISING && is_for(CGDT_BATCH_RISING)),
          "one pass only where that is enough");
}

#ifdef PROOF_WATCH_STORES
/* The core has stored an entry. */
void proof_stored(const uint64_t *at)
{
    const uint32_t entry = (uint32_t)(__CPROVER_POINTER_OFFSET(at) / sizeof(*at));

    CLAIM(at >= page + AROUND && at < page + AROUND + count, "a store of the batch's own");
    nothing_is_torn(entry - 1);
    nothing_is_torn(entry);
}

/* What the core does by itself, through an alias. */
static void store(enum cgdt_batch_order order, const cgdt_desc_t *from)
{
    struct cgdt_batch batch = {.slot = page,
                               .values = from,
                               .profile = CGDT_PROFILE_NATIVE64,
                               .first = AROUND,
                               .count = (uint16_t)count,
                               .order = (uint8_t)order,
                               .stored = true};

    for (uint32_t i = 0; i < ALL; i++)
        page[i] = old[i];
    cgdt_batch_store(&batch, page);
    for (uint32_t i = 0; i < ALL; i++)
        CLAIM(page[i] == values[i], "at the end all is as wanted, and what is around as it was");
}

void no_store_of_the_core_over_anything_shows_a_torn_descriptor(void)
{
    any_change_of(MOST);
    store(CGDT_BATCH_ANY, values + AROUND);
}

void no_store_of_the_core_onto_zeros_shows_a_torn_descriptor(void)
{
    for (uint32_t entries = 1; entries <= MOST; entries++) {
        any_change_of(entries);
        ASSUME(is_for(CGDT_BATCH_FALLING));
        store(CGDT_BATCH_FALLING, values + AROUND);
    }
}

void no_zeroing_by_the_core_shows_a_torn_descriptor(void)
{
    for (uint32_t entries = 1; entries <= MOST; entries++) {
        any_change_of(entries);
        for (uint32_t i = AROUND; i < AROUND + entries; i++)
            values[i] = 0;
        store(CGDT_BATCH_RISING, NULL);
    }
}
#endif
