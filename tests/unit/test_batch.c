/* SPDX-License-Identifier: MIT */
/*
 * The order of stores of a batch. A reader model looks at the page after every single store, as a
 * CPU on the page could: it must never find a 16-byte descriptor with halves of two different ones.
 */
#include <cgdt/check.h>
#include <cgdt/port.h>

#include "must.h"

#define ENTRIES 8
#define LDT64   0x00008200000000ffull
#define TSS64   0x0000890000000067ull
#define DATA    0x00cff3000000ffffull
#define GATE    0x00008c00000b0000ull /* a call gate as Xen keeps it */

static struct cgdt_batch batch_of(const cgdt_desc_t *slot, const cgdt_desc_t *values,
                                  uint16_t first, uint16_t count,
                                  const struct cgdt_profile *profile)
{
    const struct cgdt_batch batch = {
        .slot = slot, .values = values, .first = first, .count = count, .profile = profile};

    return batch;
}

/* Whether the entry is what starts a 16-byte descriptor; from the manual, not from cgdt. */
static bool starts_wide(cgdt_desc_t desc)
{
    const unsigned attributes = (unsigned)(desc >> 40) & 0xff;

    return (attributes & 0x90) == 0x80 && (attributes & 0x0f) != 0;
}

/*
 * What a CPU that fetches entry k now would get must be an old or a new descriptor, or one not
 * present.
 */
static void reader(const cgdt_desc_t *now, const cgdt_desc_t *old, const cgdt_desc_t *new_,
                   const char *when)
{
    for (int k = 0; k < ENTRIES; k++) {
        const bool is_old = now[k] == old[k];
        const bool is_new = now[k] == new_[k];

        if (!starts_wide(now[k])) {
            MUST(is_old || is_new || now[k] == 0, "%s: entry %d is of nobody's making", when, k);
            continue;
        }
        MUST(k + 1 < ENTRIES, "%s: a wide descriptor at the end", when);
        MUST((is_old && now[k + 1] == old[k + 1]) || (is_new && now[k + 1] == new_[k + 1]),
             "%s: entry %d is torn: %016" PRIx64 " %016" PRIx64, when, k, now[k], now[k + 1]);
    }
}

/*
 * Apply a change store by store, with the reader in between; `lag` stores are gathered before any
 * lands.
 */
static void change(cgdt_desc_t *slot, const cgdt_desc_t *new_, uint32_t lag,
                   const struct cgdt_profile *profile)
{
    struct cgdt_batch batch = batch_of(slot, new_, 0, ENTRIES, profile);
    struct cgdt_update queue[4 * ENTRIES];
    struct cgdt_update update;
    cgdt_desc_t old[ENTRIES];
    uint32_t given = 0;
    uint32_t landed = 0;

    memcpy(old, slot, sizeof(old));
    while (cgdt_batch_next(&batch, &update)) {
        MUST(given < COUNT_OF(queue), "too many stores");
        queue[given++] = update;
        for (; given - landed > lag; landed++) {
            slot[queue[landed].entry] = queue[landed].value;
            reader(slot, old, new_, "between");
        }
    }
    for (; landed < given; landed++) {
        slot[queue[landed].entry] = queue[landed].value;
        reader(slot, old, new_, "at the end");
    }
    MUST(memcmp(slot, new_, sizeof(old)) == 0, "the change is not complete");
}

/* A random slot of data, zeros, and pairs that begin with one of two low halves. */
static void random_pairs(uint64_t *seed, cgdt_desc_t *slot, cgdt_desc_t low, cgdt_desc_t other)
{
    for (int k = 0; k < ENTRIES; k++) {
        const uint32_t kind = random_below(seed, 4);
        const uint64_t number = random_below(seed, 3);

        slot[k] = kind == 0 ? 0 : DATA | number << 16;
        if (kind >= 2 && k + 1 < ENTRIES) {
            slot[k] = (kind == 2 ? low : other) | number << 8;
            slot[++k] = random_below(seed, 3);
        }
    }
}

static void random_slot(uint64_t *seed, cgdt_desc_t *slot)
{
    random_pairs(seed, slot, TSS64, LDT64);
}

Test(batch, no_reader_ever_sees_a_torn_descriptor)
{
    uint64_t seed = 61;

    for (int round = 0; round < 100000; round++) {
        cgdt_desc_t slot[ENTRIES];
        cgdt_desc_t new_[ENTRIES];

        random_slot(&seed, slot);
        random_slot(&seed, new_);
        change(slot, new_, 0, CGDT_PROFILE_NATIVE64);
    }
}

Test(batch, nor_a_torn_call_gate_of_xen)
{
    uint64_t seed = 65;

    for (int round = 0; round < 100000; round++) {
        cgdt_desc_t slot[ENTRIES];
        cgdt_desc_t new_[ENTRIES];

        random_pairs(&seed, slot, GATE, GATE | 1);
        random_pairs(&seed, new_, GATE, GATE | 1);
        change(slot, new_, (uint32_t)round % 9, CGDT_PROFILE_XEN_PV64);
    }
}

Test(batch, nor_if_the_port_gathers_stores_before_it_does_them)
{
    uint64_t seed = 62;

    for (int round = 0; round < 50000; round++)
        for (uint32_t lag = 1; lag < 4 * ENTRIES; lag += 1 + (uint32_t)round % 5) {
            cgdt_desc_t slot[ENTRIES];
            cgdt_desc_t new_[ENTRIES];

            random_slot(&seed, slot);
            random_slot(&seed, new_);
            change(slot, new_, lag, CGDT_PROFILE_NATIVE64);
        }
}

Test(batch, a_pair_appears_with_its_low_half_last)
{
    const cgdt_desc_t slot[ENTRIES] = {0};
    const cgdt_desc_t pair[2] = {TSS64, 0xffff8000};
    struct cgdt_batch batch = batch_of(slot, pair, 2, 2, CGDT_PROFILE_NATIVE64);
    struct cgdt_update update;

    cr_assert(cgdt_batch_next(&batch, &update));
    cr_assert_eq(update.entry, 3);
    cr_assert_eq(update.value, pair[1]);
    cr_assert(cgdt_batch_next(&batch, &update));
    cr_assert_eq(update.entry, 2);
    cr_assert_eq(update.value, pair[0]);
    cr_assert_not(cgdt_batch_next(&batch, &update));
}

Test(batch, a_pair_disappears_with_its_low_half_first)
{
    const cgdt_desc_t slot[ENTRIES] = {0, 0, TSS64, 0xffff8000};
    struct cgdt_batch batch = batch_of(slot, NULL, 0, ENTRIES, CGDT_PROFILE_NATIVE64);
    struct cgdt_update update;

    cr_assert(cgdt_batch_next(&batch, &update));
    cr_assert_eq(update.entry, 2);
    cr_assert_eq(update.value, 0);
    cr_assert(cgdt_batch_next(&batch, &update));
    cr_assert(update.entry == 3 || cgdt_batch_next(&batch, &update));
    cr_assert_eq(update.entry, 3);
    cr_assert_eq(update.value, 0);
}

Test(batch, equal_entries_are_left_out)
{
    const cgdt_desc_t slot[ENTRIES] = {0, DATA, DATA | 1 << 16, TSS64, 5, DATA, 0, 0};
    const cgdt_desc_t values[ENTRIES] = {0, DATA, DATA | 2 << 16, TSS64, 5, DATA, 0, DATA};
    struct cgdt_batch batch = batch_of(slot, values, 0, ENTRIES, CGDT_PROFILE_NATIVE64);
    struct cgdt_update update;
    uint32_t touched = 0;

    while (cgdt_batch_next(&batch, &update))
        touched |= 1u << update.entry;
    cr_assert_eq(touched, 1u << 2 | 1u << 7);
}

Test(batch, entries_are_those_of_the_page)
{
    const cgdt_desc_t slot[ENTRIES] = {0};
    const cgdt_desc_t values[2] = {DATA, DATA};
    struct cgdt_batch batch = batch_of(slot, values, 3, 2, CGDT_PROFILE_XEN_PV64);
    struct cgdt_update update;

    batch.slot_offset = 448;
    cr_assert(cgdt_batch_next(&batch, &update));
    cr_assert_eq(update.entry, 451);
    cr_assert(cgdt_batch_next(&batch, &update));
    cr_assert_eq(update.entry, 452);
}

Test(batch, rewinding_yields_the_same_stores_again)
{
    uint64_t seed = 63;

    for (int round = 0; round < 2000; round++) {
        cgdt_desc_t slot[ENTRIES];
        cgdt_desc_t new_[ENTRIES];
        struct cgdt_update first[4 * ENTRIES];
        struct cgdt_update update;
        uint32_t n = 0;

        random_slot(&seed, slot);
        random_slot(&seed, new_);
        struct cgdt_batch batch = batch_of(slot, new_, 0, ENTRIES, CGDT_PROFILE_NATIVE64);
        while (cgdt_batch_next(&batch, &first[n]))
            n++;
        MUST(!cgdt_batch_next(&batch, &update), "the end is not the end");
        cgdt_batch_rewind(&batch);
        for (uint32_t i = 0; i < n; i++)
            MUST(cgdt_batch_next(&batch, &update) && update.entry == first[i].entry &&
                     update.value == first[i].value,
                 "store %u", i);
        MUST(!cgdt_batch_next(&batch, &update), "one more than before");
    }
}

Test(batch, values_come_in_the_form_that_xen_keeps)
{
    const cgdt_desc_t slot[ENTRIES] = {0};
    const cgdt_desc_t ring0 = 0x00cf93000000ffff;
    struct cgdt_batch batch = batch_of(slot, &ring0, 1, 1, CGDT_PROFILE_XEN_PV64);
    struct cgdt_update update;

    cr_assert(cgdt_batch_next(&batch, &update));
    cr_assert_eq(update.value, DATA);
}

Test(batch, store_does_the_whole_batch_on_an_alias)
{
    uint64_t seed = 64;

    for (int round = 0; round < 2000; round++) {
        static _Alignas(4096) cgdt_desc_t page[512];
        cgdt_desc_t new_[ENTRIES];

        memset(page, 0, sizeof(page));
        random_slot(&seed, page + 64);
        random_slot(&seed, new_);
        struct cgdt_batch batch = batch_of(page + 64, new_, 0, ENTRIES, CGDT_PROFILE_NATIVE64);
        batch.slot_offset = 64;
        cgdt_batch_store(&batch, page);
        MUST(memcmp(page + 64, new_, sizeof(new_)) == 0, "round %d", round);
        for (int i = 0; i < 512; i++)
            MUST((i >= 64 && i < 64 + ENTRIES) || page[i] == 0, "entry %d was touched", i);
    }
}

Test(batch, one_descriptor_is_stored_whole)
{
    cgdt_desc_t pair[2] = {~0ull, ~0ull};

    cgdt_store_descriptor(&pair[0], 0x0123456789abcdefull);
    cr_assert_eq(pair[0], 0x0123456789abcdefull);
    cr_assert_eq(pair[1], ~0ull);
}

Test(batch, a_low_half_alone_at_the_end_of_a_batch_is_one_store)
{
    cgdt_desc_t slot[ENTRIES] = {0, DATA, 0, GATE, 7};
    const cgdt_desc_t values[] = {DATA, GATE | 0x100};
    struct cgdt_batch batch = batch_of(slot, values, 2, 2, CGDT_PROFILE_XEN_PV64);
    struct cgdt_update update;

    cr_assert(cgdt_batch_next(&batch, &update));
    cr_assert(update.entry == 2 && update.value == DATA);
    slot[2] = DATA;
    cr_assert(cgdt_batch_next(&batch, &update));
    cr_assert(update.entry == 3 && update.value == (GATE | 0x100));
    slot[3] = update.value;
    cr_assert_not(cgdt_batch_next(&batch, &update));
}

Test(batch, store_in_any_order_takes_zeros_and_values_in_their_stored_form)
{
    static _Alignas(4096) cgdt_desc_t page[512];
    const cgdt_desc_t values[] = {GATE, 5, DATA};
    struct cgdt_batch batch = batch_of(page + 8, values, 1, 3, CGDT_PROFILE_XEN_PV64);

    batch.slot_offset = 8;
    batch.stored = true;
    cgdt_batch_store(&batch, page);
    cr_assert_eq(memcmp(page + 9, values, sizeof(values)), 0);
    batch.values = NULL;
    cgdt_batch_rewind(&batch);
    cgdt_batch_store(&batch, page);
    for (int i = 0; i < 512; i++)
        cr_assert_eq(page[i], 0, "entry %d", i);
}

Test(batch, zeros_take_as_many_entries_as_the_batch_has_and_no_more)
{
    static _Alignas(4096) cgdt_desc_t page[512];
    cgdt_desc_t before[512];
    uint64_t seed = 65;

    for (uint16_t count = 1; count <= 40; count++) {
        const uint16_t first = (uint16_t)random_below(&seed, 20);

        for (uint32_t i = 0; i < 512; i++)
            page[i] = random_below(&seed, 2) ? next_random(&seed) : 0;
        memcpy(before, page, sizeof(page));
        struct cgdt_batch batch = batch_of(page, NULL, first, count, CGDT_PROFILE_NATIVE64);
        cgdt_batch_store(&batch, page);
        for (uint32_t i = 0; i < 512; i++)
            MUST(page[i] == (i >= first && i < first + count ? 0 : before[i]),
                 "%u from %u: entry %u", count, first, i);
    }
}
