/* SPDX-License-Identifier: MIT */
/*
 * What a CPU can find on a page while a batch is stored, from begin to end: for every old and every
 * new value of PROOF_ENTRIES entries, after every prefix of the stores. batch_step.c has more
 * entries, and all that the core does with a batch.
 */
#include "proof.h"

#include <cgdt/check.h>
#include <cgdt/port.h>

#include "batch.h"

#define ENTRIES ((uint32_t)PROOF_ENTRIES)
#define AROUND  1u /* entries in front of the batch and behind it, which are not its own */
#define ALL     (ENTRIES + 2 * AROUND)

static cgdt_desc_t page[ALL];   /* what the page holds */
static cgdt_desc_t old[ALL];    /* what it held */
static cgdt_desc_t values[ALL]; /* what it is to hold */
static uint32_t low;            /* any entry of the batch but the last */

/* Present, a system descriptor, not of type 0: with the next it is one of 16 bytes (SDM 3A 5.8). */
static bool is_low_half(cgdt_desc_t desc)
{
    return (desc >> 47 & 1) == 1 && (desc >> 44 & 1) == 0 && (desc >> 40 & 15) != 0;
}

/* At any moment: the old descriptor, or the new one, or none. */
static void look(void)
{
    const cgdt_desc_t now = page[low];
    const cgdt_desc_t behind = page[low + 1];

    CLAIM(!is_low_half(now) || (now == old[low] && behind == old[low + 1]) ||
              (now == values[low] && behind == values[low + 1]),
          "a 16-byte descriptor is the old one or the new one, never half of each");
    CLAIM(page[low] == old[low] || page[low] == values[low] || page[low] == 0,
          "an entry is the old one, the new one, or zero on its way");
    CLAIM(page[0] == old[0] && page[ALL - 1] == old[ALL - 1], "nothing around it is touched");
}

static void any_change(void)
{
    for (uint32_t i = 0; i < ALL; i++) {
        page[i] = old[i] = any_u64();
        values[i] = any_u64();
    }
    low = AROUND + any_below(ENTRIES - 1);
    /* Whoever asks for a batch has whole descriptors in it, old and new: cgdt_write() says so. */
    ASSUME(!is_low_half(old[AROUND - 1]) && !is_low_half(old[ALL - 2]) &&
           !is_low_half(values[ALL - 2]));
    for (uint32_t i = AROUND; i + 2 < ALL - AROUND + 1; i++)
        ASSUME((!is_low_half(old[i]) || !is_low_half(old[i + 1])) &&
               (!is_low_half(values[i]) || !is_low_half(values[i + 1])));
}

static struct cgdt_batch batch_of(const cgdt_desc_t *from)
{
    const struct cgdt_batch batch = {.slot = page,
                                     .values = from,
                                     .profile = CGDT_PROFILE_NATIVE64,
                                     .first = AROUND,
                                     .count = (uint16_t)ENTRIES,
                                     .stored = true};

    return batch;
}

/* As a port does that stores each at once. */
static void store_all(struct cgdt_batch *batch)
{
    struct cgdt_update update;

    while (cgdt_batch_next(batch, &update)) {
        CLAIM(update.entry >= AROUND && update.entry < ALL - AROUND, "a store of the batch's own");
        page[update.entry] = update.value;
        look();
    }
}

static void all_is_as_wanted(void)
{
    CLAIM(page[low] == values[low] && page[low + 1] == values[low + 1], "at the end all is there");
}

void no_prefix_of_a_ports_stores_shows_a_torn_descriptor(void)
{
    any_change();
    struct cgdt_batch batch = batch_of(values + AROUND);

    batch.order = CGDT_BATCH_ANY;
    store_all(&batch);
    all_is_as_wanted();
}

void zeroing_tears_nothing(void)
{
    any_change();
    for (uint32_t i = 0; i < ALL; i++)
        values[i] = 0;
    struct cgdt_batch batch = batch_of(NULL);

    (void)cgdt_batch_prepare_(&batch);
    store_all(&batch);
    all_is_as_wanted();
}

/* A port that fails half way has the rest taken back by a batch of what was there. */
void undo_restores_every_byte(void)
{
    any_change();
    struct cgdt_batch batch = batch_of(values + AROUND);
    struct cgdt_update update;
    uint32_t stores = any_below(3 * ENTRIES + 1);

    while (stores-- > 0 && cgdt_batch_next(&batch, &update))
        page[update.entry] = update.value;
    for (uint32_t i = 0; i < ALL; i++) {
        values[i] = old[i]; /* the new one is the old one; what is there may be of either */
        old[i] = page[i];
    }
    batch = batch_of(values + AROUND);
    store_all(&batch);
    all_is_as_wanted();
}
