/* SPDX-License-Identifier: MIT */
/*
 * Slots in and out of a pool: order, ceiling, bulk, template; against the plain model of oracle.h.
 */
#include "fixture.h"
#include "oracle.h"

static const uint16_t sizes[] = {8, 16, 32, 64, 128, 256, 512};

static uint32_t model_windows(const struct fixture *fixture)
{
    return fixture->config.layout.mode == CGDT_MODE_NATIVE ? 1
                                                           : fixture->config.layout.window_pages;
}

/* Now and then: what trim and reserve do. False: it was neither. */
static bool follow_pages(struct fixture *fixture, struct oracle_pool *model, uint32_t dice,
                         uint64_t *seed)
{
    if (dice < 2) {
        const int trimmed = cgdt_trim(fixture->pool);

        MUST(trimmed == (int)oracle_pool_trim(model), "trimmed %d", trimmed);
    } else if (dice < 3) {
        const uint32_t n =
            random_below(seed, 2) ? random_below(seed, fixture->config.max_cpus + 1) : 0;

        oracle_pool_reserve(model, n);
        MUST(cgdt_reserve(fixture->pool, n) == 0, "reserve of %u", n);
    }
    return dice < 3;
}

/*
 * Random alloc, free, trim and reserve, on the pool and on the model; handles and counts must
 * agree throughout.
 */
static void follow_model(struct fixture *fixture, int steps, uint64_t seed)
{
    const uint32_t max = fixture->config.max_cpus;
    struct oracle_pool model;
    cgdt_slot_t *held = calloc(max, sizeof(*held));
    uint32_t n = 0;

    MUST(held && oracle_pool_init(&model, max, 512u / fixture->config.layout.slot_entries,
                                  model_windows(fixture)),
         "no memory");
    model.keep_pages = fixture->config.keep_pages;
    for (int step = 0; step < steps; step++) {
        const uint32_t dice = random_below(&seed, 100);
        const uint32_t phase = (uint32_t)step / 500 % 2; /* mostly up, then mostly down */

        if (follow_pages(fixture, &model, dice, &seed)) {
            ;
        } else if (n > 0 && dice < (phase ? 75u : 35u)) {
            const uint32_t at = random_below(&seed, n);
            MUST(cgdt_free(fixture->pool, held[at]) == 0, "step %d: free", step);
            oracle_pool_free(&model, held[at]);
            held[at] = held[--n];
        } else {
            const cgdt_slot_t wanted = oracle_pool_alloc(&model);
            cgdt_slot_t got = 99;
            const int result = cgdt_alloc(fixture->pool, &got);
            MUST(result == (wanted == ORACLE_FULL ? -CGDT_ENOSPC : 0), "step %d: %d", step, result);
            MUST(got == (wanted == ORACLE_FULL ? CGDT_NO_SLOT : wanted), "step %d: slot %x, not %x",
                 step, got, wanted);
            if (result == 0)
                held[n++] = got;
        }
        MUST(fixture->strict.out == oracle_pool_mapped(&model), "step %d: %u pages", step,
             fixture->strict.out);
    }
    const struct cgdt_pool_stats stats = fixture_stats(fixture);
    MUST(stats.taken_slots == oracle_pool_owned(&model), "owned");
    MUST(stats.taken_slots + stats.free_slots == oracle_pool_served(&model), "in service");
    oracle_pool_done(&model);
    free(held);
}

Test(pool, follows_the_model_for_every_slot_size)
{
    for (size_t s = 0; s < COUNT_OF(sizes); s++)
        for (int live = 0; live < 2; live++) {
            struct fixture fixture;

            fixture_prepare(&fixture, sizes[s], 3, 5 + 2000u / sizes[s]);
            live ? fixture_open_live(&fixture) : fixture_open(&fixture);
            follow_model(&fixture, 3000, 40 + s);
            fixture_must_be_sound(&fixture, "after the walk");
            fixture_free_all(&fixture);
            fixture_close(&fixture);
        }
}

Test(pool, follows_the_model_when_serialized)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 32, 2, 77);
    fixture.config.serialized = true;
    fixture_open_live(&fixture);
    follow_model(&fixture, 5000, 50);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(pool, follows_the_model_natively_where_any_page_may_go)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 64, 3, 77);
    fixture_set_native(&fixture, CGDT_PROFILE_NATIVE64);
    fixture_open_live(&fixture);
    follow_model(&fixture, 5000, 52);
    fixture_must_be_sound(&fixture, "after the walk");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(pool, follows_the_model_with_pages_that_are_kept)
{
    for (uint32_t keep = 1; keep <= 5; keep++) {
        struct fixture fixture;

        fixture_prepare(&fixture, 128, 3, 60);
        fixture.config.keep_pages = keep;
        fixture_open_live(&fixture);
        follow_model(&fixture, 3000, 53 + keep);
        fixture_free_all(&fixture);
        fixture_close(&fixture);
    }
}

Test(pool, follows_the_model_with_a_common_page)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 8, 2, 300);
    fixture_set_common(&fixture);
    fixture.config.template_descs = NULL;
    fixture.config.template_entries = 0;
    fixture_open_live(&fixture);
    fixture.strict.out--; /* the model knows no common page */
    follow_model(&fixture, 5000, 51);
    fixture.strict.out++;
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(pool, the_ceiling_is_exactly_max_cpus)
{
    const uint32_t counts[] = {1, 2, 15, 16, 17, 31, 33, 224, 225};

    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct fixture fixture;
        cgdt_slot_t slot = 99;

        fixture_prepare(&fixture, 32, 14, counts[i]);
        fixture_open_live(&fixture);
        for (uint32_t n = 0; n < counts[i]; n++)
            MUST(fixture_alloc(&fixture) == n + 1, "slot %u", n);
        cr_assert_eq(cgdt_alloc(fixture.pool, &slot), -CGDT_ENOSPC);
        cr_assert_eq(slot, CGDT_NO_SLOT);
        cr_assert_eq(cgdt_free(fixture.pool, counts[i]), 0);
        cr_assert_eq(fixture_alloc(&fixture), next_owner(counts[i]));
        fixture_free_all(&fixture);
        fixture_close(&fixture);
    }
}

/* One window and no growth: what the fixed area of a hypervisor allowed. */
static void one_window(uint8_t pages, uint16_t reserved, uint32_t wanted)
{
    struct fixture fixture;
    cgdt_slot_t slot;

    fixture_prepare(&fixture, 32, pages, pages * 16u);
    fixture.config.layout.reserved_entry = reserved;
    fixture_open_live(&fixture);
    for (uint32_t n = 0; n < wanted; n++)
        MUST(cgdt_slot_window(&fixture.config.layout, fixture_alloc(&fixture)) == 0, "%u", n);
    cr_assert_eq(cgdt_alloc(fixture.pool, &slot), -CGDT_ENOSPC);
    cr_assert_eq(fixture.strict.out, pages);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(pool, one_window_of_14_pages_serves_224_cpus)
{
    one_window(14, CGDT_XEN_RESERVED_ENTRY, 224);
}

Test(pool, one_window_of_15_pages_serves_the_240_cpus_of_2005)
{
    one_window(15, CGDT_XEN_2005_RESERVED_ENTRY, 240);
}

Test(pool, slots_of_512_entries_are_one_page_per_cpu)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 512, 1, 40);
    fixture_open_live(&fixture);
    for (uint32_t n = 0; n < 40; n++) {
        MUST(fixture_alloc(&fixture) == n + 1, "slot %u", n);
        MUST(fixture.strict.out == n + 1, "%u pages for %u CPUs", fixture.strict.out, n + 1);
    }
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(pool, sixteen_tables_share_a_page_before_the_next_is_mapped)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 32, 14, 1024);
    fixture_open_live(&fixture);
    for (uint32_t n = 0; n < 1024; n++) {
        (void)fixture_alloc(&fixture);
        MUST(fixture.strict.out == n / 16 + 1, "%u pages for %u CPUs", fixture.strict.out, n + 1);
    }
    cr_assert_eq(fixture_stats(&fixture).mapped_pages, 64);
    cr_assert_eq(fixture_stats(&fixture).mapped_windows, 5);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(pool, a_new_slot_holds_the_template_and_zeros)
{
    for (int live = 0; live < 2; live++) {
        struct fixture fixture;

        fixture_prepare(&fixture, 16, 2, 100);
        live ? fixture_open_live(&fixture) : fixture_open(&fixture);
        for (uint32_t n = 0; n < 100; n++) {
            const cgdt_slot_t slot = fixture_alloc(&fixture);
            const cgdt_desc_t *descs = fixture_slot(&fixture, slot);

            for (uint32_t entry = 0; entry < 16; entry++)
                MUST(descs[entry] == (entry == 1   ? CODE64
                                      : entry == 2 ? DATA3
                                                   : 0),
                     "slot %u, entry %u", slot, entry);
        }
        fixture_free_all(&fixture);
        fixture_close(&fixture);
    }
}

Test(pool, the_template_is_stored_as_the_hypervisor_would_keep_it)
{
    static const cgdt_desc_t ring0[] = {0, 0x00af9b000000ffff};
    struct fixture fixture;

    fixture_prepare(&fixture, 32, 2, 40);
    fixture.config.template_descs = ring0;
    fixture.config.template_entries = 2;
    fixture_open_live(&fixture);
    cr_assert_eq(fixture_slot(&fixture, fixture_alloc(&fixture))[1], CODE64);
    cr_assert_eq(fixture_slot(&fixture, fixture_alloc(&fixture))[1], CODE64);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(pool, a_template_may_fill_the_whole_slot)
{
    cgdt_desc_t all[8];
    struct fixture fixture;

    for (uint32_t i = 0; i < 8; i++)
        all[i] = i ? mark(i) : 0;
    fixture_prepare(&fixture, 8, 2, 200);
    fixture.config.template_descs = all;
    fixture.config.template_entries = 8;
    fixture_open_live(&fixture);
    for (uint32_t n = 0; n < 200; n++)
        MUST(memcmp(fixture_slot(&fixture, fixture_alloc(&fixture)), all, sizeof(all)) == 0, "%u",
             n);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(pool, bulk_takes_the_lowest_free_slots_and_then_new_pages)
{
    struct fixture fixture;
    cgdt_slot_t slots[100];

    fixture_prepare(&fixture, 32, 4, 200);
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 40, slots), 0);
    for (uint32_t i = 0; i < 40; i++)
        cr_assert_eq(slots[i], i + 1);
    for (uint32_t i = 5; i < 40; i += 7)
        cr_assert_eq(cgdt_free(fixture.pool, slots[i]), 0);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 60, slots), 0);
    const uint32_t wanted[] = {6, 13, 20, 27, 34, 41, 42};
    for (size_t i = 0; i < COUNT_OF(wanted); i++)
        cr_assert_eq(slots[i] & CGDT_SLOT_NUMBER_MASK, wanted[i], "%zu: %x", i, slots[i]);
    cr_assert_eq(slots[59], 41 + 54);
    fixture_must_be_sound(&fixture, "after bulk");
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(pool, bulk_of_none_does_nothing)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 32, 4, 200);
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 0, NULL), 0);
    cr_assert_eq(fixture.strict.out, 0);
    fixture_close(&fixture);
}

Test(pool, bulk_fills_new_pages_before_they_are_sealed)
{
    struct fixture fixture;
    cgdt_slot_t slots[160];

    fixture_prepare(&fixture, 32, 14, 200);
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 160, slots), 0);
    cr_assert_eq(fixture.faulty.tried[FAULTY_LIVE_WRITE], 0, "templates through ordinary stores");
    cr_assert_eq(fixture.faulty.did[FAULTY_SEAL], 10);
    cr_assert_eq(fixture_stats(&fixture).sealed_pages, 10);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(pool, bulk_of_everything_is_all_or_nothing)
{
    struct fixture fixture;
    cgdt_slot_t slots[101];

    fixture_prepare(&fixture, 32, 4, 100);
    fixture_open_live(&fixture);
    (void)fixture_alloc(&fixture);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 100, slots), -CGDT_ENOSPC);
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 1);
    cr_assert_eq(fixture.strict.out, 1);
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, 99, slots), 0);
    cr_assert_eq(slots[98], 100);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(pool, a_freed_slot_is_all_zeros)
{
    struct fixture fixture;
    cgdt_desc_t full[32];

    for (uint32_t i = 0; i < 32; i++)
        full[i] = i ? mark(1000 + i) : 0;
    fixture_prepare(&fixture, 32, 4, 100);
    fixture_open_live(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    const cgdt_slot_t neighbour = fixture_alloc(&fixture);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 0, full, 32), 0);
    cr_assert_eq(cgdt_write(fixture.pool, neighbour, 0, full, 32), 0);
    cr_assert_eq(cgdt_free(fixture.pool, slot), 0);
    for (uint32_t i = 0; i < 32; i++)
        cr_assert_eq(fixture_slot(&fixture, slot)[i], 0, "entry %u", i);
    cr_assert_eq(memcmp(fixture_slot(&fixture, neighbour), full, sizeof(full)), 0);
    cr_assert_eq(cgdt_free(fixture.pool, neighbour), 0);
    fixture_close(&fixture);
}

Test(pool, memory_need_not_be_clean)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 64, 4, 1000);
    fixture_open(&fixture); /* fills it with 0xa5 first */
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 0);
    cr_assert_eq(fixture_stats(&fixture).free_slots, 0);
    cr_assert_eq(fixture_alloc(&fixture), 1);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(pool, destroy_waits_for_the_last_slot)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 32, 4, 100);
    fixture_open_live(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    struct snapshot before;
    snapshot_take(&before, &fixture);
    cr_assert_eq(cgdt_pool_destroy(fixture.pool), -CGDT_EBUSY);
    cr_assert(snapshot_same(&before, &fixture));
    cr_assert_eq(cgdt_free(fixture.pool, slot), 0);
    fixture_close(&fixture);
}

Test(pool, seal_turns_every_private_page_and_only_once)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 32, 4, 100);
    fixture_set_common(&fixture);
    fixture_open(&fixture);
    for (int i = 0; i < 100; i++)
        (void)fixture_alloc(&fixture);
    cr_assert_eq(fixture_stats(&fixture).sealed_pages, 0);
    cr_assert_eq(cgdt_seal(fixture.pool), 0);
    cr_assert_eq(fixture_stats(&fixture).sealed_pages, 7);
    for (uint32_t page = 0; page < 7; page++)
        cr_assert_eq(strict_state_of(&fixture.strict, page), STRICT_SEALED);
    cr_assert_eq(strict_state_of(&fixture.strict, CGDT_COMMON_PAGE), STRICT_SEALED);
    cr_assert_eq(cgdt_seal(fixture.pool), 0);
    cr_assert_eq(fixture.faulty.tried[FAULTY_SEAL], 8);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(pool, the_layout_comes_back_as_it_was_given)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 128, 5, 100);
    fixture_open(&fixture);
    const struct cgdt_layout *layout = cgdt_pool_layout(fixture.pool);
    cr_assert_eq(layout->slot_entries, 128);
    cr_assert_eq(layout->window_pages, 5);
    cr_assert_eq(layout->mode, CGDT_MODE_PAGED);
    fixture_close(&fixture);
}

Test(pool, owned_colors_are_the_bits_of_their_page)
{
    struct fixture fixture;
    uint64_t owned = 99;

    fixture_prepare(&fixture, 8, 4, 100);
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_page_taken(fixture.pool, 0, &owned), 0);
    cr_assert_eq(owned, 0);
    for (int i = 0; i < 70; i++)
        (void)fixture_alloc(&fixture);
    cr_assert_eq(cgdt_page_taken(fixture.pool, 0, &owned), 1);
    cr_assert_eq(owned, ~0ull);
    cr_assert_eq(cgdt_page_taken(fixture.pool, 1, &owned), 1);
    cr_assert_eq(owned, 0x3f);
    cr_assert_eq(cgdt_free(fixture.pool, 3), 0);
    cr_assert_eq(cgdt_page_taken(fixture.pool, 0, &owned), 1);
    cr_assert_eq(owned, ~4ull);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}
