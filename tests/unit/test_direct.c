/* SPDX-License-Identifier: MIT */
/* Ports that are stored to directly: sealed pages through their alias, and no live_write(). */
#include "fixture.h"

#include <cgdt/port/fixed.h>

#define SLOTS 32u

static _Alignas(4096) cgdt_desc_t writable[2][CGDT_PAGE_ENTRIES];
static const cgdt_desc_t template_descs[] = {0, CODE64, DATA3, CODE64, DATA3};

/* From where a page is written to the view that this test gives out. */
#define ALIAS_DISTANCE 0x100000

static int far_seal(void *ctx, uint32_t page, void **view)
{
    (void)ctx;
    (void)page;
    *view = (char *)*view + ALIAS_DISTANCE;
    return 0;
}

static int far_unseal(void *ctx, uint32_t page, void **view)
{
    (void)ctx;
    (void)page;
    *view = (char *)*view - ALIAS_DISTANCE;
    return 0;
}

static struct cgdt_fixed fixed;
static _Alignas(CGDT_POOL_ALIGN) unsigned char memory[4096];

static struct cgdt_pool *open_direct(const struct cgdt_port *port, const cgdt_desc_t *template,
                                     intptr_t alias_bytes)
{
    struct cgdt_pool *pool = NULL;
    const struct cgdt_config config = {
        .struct_bytes = sizeof(struct cgdt_config),
        .port = port,
        .port_ctx = &fixed,
        .alias_bytes = alias_bytes,
        .layout = {.slot_entries = 32,
                   .window_pages = 2,
                   .reserved_entry = CGDT_XEN_RESERVED_ENTRY},
        .profile = CGDT_PROFILE_XEN_PV64,
        .max_cpus = SLOTS,
        .template_descs = template,
        .template_entries = COUNT_OF(template_descs),
    };

    memset(writable, 0, sizeof(writable));
    fixed = (struct cgdt_fixed){.pages = writable, .count = 2};
    cr_assert_eq(cgdt_pool_init(&pool, memory, sizeof(memory), &config), 0);
    cr_assert_eq(cgdt_seal(pool), 0);
    return pool;
}

Test(direct, a_port_without_live_write_must_say_that_it_is_direct)
{
    struct cgdt_port port = cgdt_fixed_port;
    struct cgdt_pool *pool = NULL;
    struct cgdt_config config = {
        .struct_bytes = sizeof(struct cgdt_config),
        .profile = CGDT_PROFILE_XEN_PV64,
        .port = &port,
        .port_ctx = &fixed,
        .layout = {.slot_entries = 32,
                   .window_pages = 2,
                   .reserved_entry = CGDT_XEN_RESERVED_ENTRY},
        .max_cpus = SLOTS,
    };

    cr_assert_null(port.live_write);
    cr_assert_eq(cgdt_pool_init(&pool, memory, sizeof(memory), &config), 0);
    port.direct = false;
    cr_assert_eq(cgdt_pool_init(&pool, memory, sizeof(memory), &config), -CGDT_EINVAL);
}

Test(direct, a_slot_comes_with_the_template_and_goes_all_zero)
{
    struct cgdt_pool *pool = open_direct(&cgdt_fixed_port, template_descs, 0);
    const cgdt_desc_t far_off = mark(7);
    cgdt_slot_t slots[SLOTS];

    for (uint32_t i = 0; i < SLOTS; i++) {
        cr_assert_eq(cgdt_alloc(pool, &slots[i]), 0);
        cr_assert_arr_eq(&writable[i / 16][i % 16 * 32], template_descs, sizeof(template_descs));
        cr_assert_eq(cgdt_write(pool, slots[i], 31, &far_off, 1), 0);
        cr_assert_eq(writable[i / 16][i % 16 * 32 + 31], far_off);
    }
    for (uint32_t i = 0; i < SLOTS; i++)
        cr_assert_eq(cgdt_free(pool, slots[i]), 0);
    for (uint32_t i = 0; i < 2 * CGDT_PAGE_ENTRIES; i++)
        MUST(writable[i / CGDT_PAGE_ENTRIES][i % CGDT_PAGE_ENTRIES] == 0, "entry %u", i);
    cr_assert_eq(cgdt_pool_destroy(pool), 0);
}

/* Each bit of `far` is a slot whose owner writes its last entry. */
static void fill_and_free_in_bulk(struct cgdt_pool *pool, uint64_t *seed, uint32_t far)
{
    const cgdt_desc_t far_off = mark(7);
    const uint32_t cut = random_below(seed, SLOTS + 1);
    cgdt_slot_t slots[SLOTS];

    MUST(cgdt_alloc_bulk(pool, SLOTS, slots) == 0, "%x", far);
    for (uint32_t i = 0; i < SLOTS; i++) {
        MUST(memcmp(&writable[i / 16][i % 16 * 32], template_descs, sizeof(template_descs)) == 0,
             "slot %u", i);
        if (far >> i & 1u)
            MUST(cgdt_write(pool, slots[i], 31, &far_off, 1) == 0, "slot %u", i);
    }
    /* In several rows, some of which fall. */
    for (uint32_t swaps = random_below(seed, 4); swaps > 0; swaps--) {
        const uint32_t one = random_below(seed, SLOTS);
        const uint32_t other = random_below(seed, SLOTS);
        const cgdt_slot_t kept = slots[one];

        slots[one] = slots[other];
        slots[other] = kept;
    }
    MUST(cgdt_free_bulk(pool, cut, slots) == 0, "%x", far);
    MUST(cgdt_free_bulk(pool, SLOTS - cut, slots + cut) == 0, "%x", far);
    for (uint32_t i = 0; i < 2 * CGDT_PAGE_ENTRIES; i++)
        MUST(writable[i / CGDT_PAGE_ENTRIES][i % CGDT_PAGE_ENTRIES] == 0, "%x: entry %u", far, i);
}

Test(direct, a_bulk_goes_all_zero_whichever_of_its_slots_were_written_to_the_end)
{
    struct cgdt_pool *pool = open_direct(&cgdt_fixed_port, template_descs, 0);
    uint64_t seed = 11;

    for (uint32_t slot = 0; slot < SLOTS; slot++)
        fill_and_free_in_bulk(pool, &seed, 1u << slot);
    for (uint32_t i = 0; i < 2000; i++) {
        const uint32_t far = random_below(&seed, ~0u);

        fill_and_free_in_bulk(pool, &seed, i % 2 == 0 ? far : far & far << 7 & far << 13);
    }
    cr_assert_eq(cgdt_pool_destroy(pool), 0);
}

/* Xen would raise ring 0 to ring 3, so the template is not stored as it is. */
Test(direct, a_template_is_stored_in_the_form_that_the_profile_keeps)
{
    const cgdt_desc_t ring0[COUNT_OF(template_descs)] = {0, DATA3 & ~CGDT_DESC_DPL(3)};
    struct cgdt_pool *pool = open_direct(&cgdt_fixed_port, ring0, 0);
    cgdt_slot_t slots[2]; /* on a new page, and on one in service */

    for (uint32_t i = 0; i < 2; i++) {
        cr_assert_eq(cgdt_alloc(pool, &slots[i]), 0);
        cr_assert_eq(writable[0][i * 32 + 1], DATA3, "slot %u", i);
    }
    cr_assert_eq(cgdt_free_bulk(pool, 2, slots), 0);
    cr_assert_eq(cgdt_pool_destroy(pool), 0);
}

Test(direct, stores_go_to_the_alias_and_never_to_the_view)
{
    struct cgdt_port port = cgdt_fixed_port;
    cgdt_slot_t slot;

    port.seal = far_seal;
    port.unseal = far_unseal;
    struct cgdt_pool *pool = open_direct(&port, template_descs, -ALIAS_DISTANCE);
    /* Nothing is mapped there: a store to the view would not come back. */
    cr_assert_eq(cgdt_alloc(pool, &slot), 0);
    cr_assert_arr_eq(writable[0], template_descs, sizeof(template_descs));
    cr_assert_eq(cgdt_free(pool, slot), 0);
    cr_assert_eq(writable[0][1], 0);
    cr_assert_eq(cgdt_pool_destroy(pool), 0);
}

/* ---- what a free looks at ---- */

/* Behind the template's group of 8, and past cgdt_write(). */
static struct cgdt_pool *store_behind_its_back(void)
{
    struct cgdt_pool *pool = open_direct(&cgdt_fixed_port, template_descs, 0);
    cgdt_slot_t slot;

    cr_assert_eq(cgdt_alloc(pool, &slot), 0);
    writable[0][20] = mark(7);
    cr_assert_eq(cgdt_free(pool, slot), 0);
    return pool;
}

#ifdef CGDT_DEBUG_ERASE
Test(direct, a_debug_build_wipes_what_was_stored_past_cgdt_write)
{
    struct cgdt_pool *pool = store_behind_its_back();

    cr_assert_eq(writable[0][20], 0);
    cr_assert_eq(cgdt_pool_destroy(pool), 0);
}
#else
Test(direct, what_was_stored_past_cgdt_write_is_found_by_the_check)
{
    struct cgdt_pool *pool = store_behind_its_back();
    struct cgdt_violation violation;

    cr_assert_eq(cgdt_check(pool, &violation), 1);
    cr_assert_eq(violation.reason, CGDT_UNOWNED_NOT_ZERO);
    cr_assert_eq(violation.entry, 20);
    writable[0][20] = 0;
    cr_assert_eq(cgdt_pool_destroy(pool), 0);
}
#endif

Test(direct, what_one_owner_wrote_far_behind_is_looked_for_in_his_slot_alone)
{
    struct cgdt_pool *pool = open_direct(&cgdt_fixed_port, template_descs, 0);
    const cgdt_desc_t far_off = mark(7);
    cgdt_slot_t slots[2];

    cr_assert_eq(cgdt_alloc_bulk(pool, 2, slots), 0);
    cr_assert_eq(cgdt_write(pool, slots[0], 8, &far_off, 1), 0);
    cr_assert_eq(cgdt_write(pool, slots[1], 7, &far_off, 1), 0);
    cr_assert_eq(cgdt_free(pool, slots[1]), 0);
    cr_assert_eq(cgdt_free(pool, slots[0]), 0);
    for (uint32_t i = 0; i < CGDT_PAGE_ENTRIES; i++)
        MUST(writable[0][i] == 0, "entry %u", i);
    cr_assert_eq(cgdt_pool_destroy(pool), 0);
}

/* Each next owner's free looks again: the mark went with the one that it was for. */
Test(direct, a_slot_is_zeroed_after_each_of_its_owners)
{
    struct cgdt_pool *pool = open_direct(&cgdt_fixed_port, template_descs, 0);
    const cgdt_desc_t far_off = mark(7);

    for (uint32_t owner = 0; owner < 4; owner++) {
        cgdt_slot_t slot;

        cr_assert_eq(cgdt_alloc(pool, &slot), 0);
        if (owner % 2 == 0)
            cr_assert_eq(cgdt_write(pool, slot, 31, &far_off, 1), 0);
        cr_assert_eq(cgdt_free(pool, slot), 0);
        cr_assert_eq(writable[0][31], 0, "owner %u", owner);
        cr_assert_eq(writable[0][1], 0, "owner %u", owner);
    }
    cr_assert_eq(cgdt_pool_destroy(pool), 0);
}

/* ---- aliases that the port names ---- */

static uint32_t asked;

static cgdt_desc_t *alias_of(void *ctx, uint32_t page, const void *view)
{
    (void)ctx;
    asked++;
    return view == (char *)writable[page] + ALIAS_DISTANCE ? writable[page] : NULL;
}

/* Nothing is mapped at the view: a store to it would not come back. */
Test(direct, where_the_port_says_that_a_page_is_writable_is_where_all_stores_go)
{
    struct cgdt_port port = cgdt_fixed_port;
    cgdt_slot_t slots[SLOTS];

    port.seal = far_seal;
    port.unseal = far_unseal;
    port.direct = false;
    port.writable = alias_of;
    struct cgdt_pool *pool = open_direct(&port, template_descs, 0);
    cr_assert_eq(cgdt_reserve(pool, SLOTS), 0);
    asked = 0;
    for (uint32_t i = 0; i < SLOTS; i++) {
        cr_assert_eq(cgdt_alloc(pool, &slots[i]), 0);
        cr_assert_arr_eq(&writable[i / 16][i % 16 * 32], template_descs, sizeof(template_descs));
    }
    cr_assert_eq(asked, SLOTS);
    for (uint32_t i = 0; i < SLOTS; i++)
        cr_assert_eq(cgdt_free(pool, slots[i]), 0);
    for (uint32_t i = 0; i < 2 * CGDT_PAGE_ENTRIES; i++)
        MUST(writable[i / CGDT_PAGE_ENTRIES][i % CGDT_PAGE_ENTRIES] == 0, "entry %u", i);
    cr_assert_eq(cgdt_pool_destroy(pool), 0);
}

Test(direct, a_port_that_names_aliases_needs_no_live_write)
{
    struct cgdt_port port = cgdt_fixed_port;

    port.direct = false;
    port.writable = alias_of;
    cr_assert_eq(cgdt_pool_destroy(open_direct(&port, template_descs, 0)), 0);
}
