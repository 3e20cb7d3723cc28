/* SPDX-License-Identifier: MIT */
/* A caller-given array of pages, as the table of head.S was: the fixed port. */
#include <cgdt/cgdt.h>
#include <cgdt/port/fixed.h>

#include <pthread.h>
#include <sched.h>

#include "must.h"
#include "page_life.h"

#define PAGES 4

static _Alignas(4096) cgdt_desc_t pages[PAGES + 1][512];
static _Alignas(CGDT_POOL_ALIGN) unsigned char memory[65536];

static struct cgdt_config config_of(struct cgdt_fixed *fixed, uint32_t max_cpus, bool common)
{
    const struct cgdt_config config = {
        .struct_bytes = sizeof(struct cgdt_config),
        .profile = CGDT_PROFILE_XEN_PV64,
        .port = &cgdt_fixed_port,
        .port_ctx = fixed,
        .layout = {.slot_entries = 32,
                   .reserved_entry = CGDT_XEN_RESERVED_ENTRY,
                   .window_pages = 2,
                   .common = common},
        .max_cpus = max_cpus,
    };
    return config;
}

static struct cgdt_pool *open_pool(const struct cgdt_config *config)
{
    struct cgdt_pool *pool = NULL;
    const int result = cgdt_pool_init(&pool, memory, sizeof(memory), config);

    MUST(result == 0, "init: %d", result);
    MUST(cgdt_seal(pool) == 0, "seal");
    return pool;
}

static void fill(struct cgdt_pool *pool, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        cgdt_slot_t slot;

        MUST(cgdt_alloc(pool, &slot) == 0 && slot == i + 1, "slot %u", i);
    }
}

Test(fixed, array_page_i_is_pool_page_i)
{
    struct cgdt_fixed fixed = {.pages = pages, .count = PAGES, .first_frame = 500};
    const struct cgdt_config config = config_of(&fixed, PAGES * 16, false);
    struct cgdt_pool *pool = open_pool(&config);
    const cgdt_desc_t desc = 0x00cff3000000ffff;

    fill(pool, PAGES * 16);
    for (cgdt_slot_t slot = 1; slot <= PAGES * 16; slot++) {
        cgdt_frame_t frames[CGDT_MAX_FRAMES];
        uint32_t n = 0, entries = 0;
        const uint32_t page = (slot - 1) / 16;

        cr_assert_eq(cgdt_write(pool, slot, 7, &desc, 1), 0);
        cr_assert_eq(pages[page][(slot - 1) % 16 * 32 + 7], desc, "slot %u", slot);
        cr_assert_eq(cgdt_frames(pool, slot, frames, &n, &entries), 0);
        cr_assert_eq(frames[n - 1], 500 + page, "slot %u", slot);
    }
}

Test(fixed, an_operation_that_succeeds_says_0)
{
    struct cgdt_fixed fixed = {.pages = pages, .count = PAGES};

    page_life_of_successes(&cgdt_fixed_port, &fixed, CGDT_PROFILE_XEN_PV64);
}

Test(fixed, the_array_ends_with_enomem)
{
    struct cgdt_fixed fixed = {.pages = pages, .count = PAGES};
    const struct cgdt_config config = config_of(&fixed, 1000, false);
    struct cgdt_pool *pool = open_pool(&config);
    cgdt_slot_t slot = 99;

    fill(pool, PAGES * 16);
    cr_assert_eq(cgdt_alloc(pool, &slot), -CGDT_ENOMEM);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    cr_assert_eq(cgdt_check(pool, NULL), 0);
}

Test(fixed, the_common_page_is_the_arrays_last)
{
    struct cgdt_fixed fixed = {.pages = pages, .count = PAGES + 1, .first_frame = 500};
    const struct cgdt_config config = config_of(&fixed, PAGES * 16, true);
    struct cgdt_pool *pool = open_pool(&config);
    const cgdt_desc_t desc = 0x00cff3000000ffff;
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t n = 0, entries = 0;

    fill(pool, PAGES * 16);
    cr_assert_eq(cgdt_write_common(pool, 9, &desc, 1), 0);
    cr_assert_eq(pages[PAGES][9], desc);
    cr_assert_eq(cgdt_frames(pool, 1, frames, &n, &entries), 0);
    cr_assert_eq(n, 2);
    cr_assert_eq(frames[0], 500 + PAGES);
}

/*
 * One page too few: the last one must not become a slot page as well, nor be wiped by the attempt.
 */
Test(fixed, the_common_page_is_never_a_slot_page)
{
    struct cgdt_fixed fixed = {.pages = pages, .count = PAGES};
    const struct cgdt_config config = config_of(&fixed, PAGES * 16, true);
    const cgdt_desc_t desc = 0x00cff3000000ffff;

    for (int written = 0; written < 2; written++) {
        struct cgdt_pool *pool = open_pool(&config);
        cgdt_slot_t slot = 99;

        if (written)
            cr_assert_eq(cgdt_write_common(pool, 9, &desc, 1), 0);
        fill(pool, (PAGES - 1) * 16);
        cr_assert_eq(cgdt_alloc(pool, &slot), -CGDT_ENOMEM);
        cr_assert_eq(pages[PAGES - 1][9], written ? desc : 0);
        cr_assert_eq(cgdt_check(pool, NULL), 0);
        for (slot = 1; slot <= (PAGES - 1) * 16; slot++)
            MUST(cgdt_free(pool, slot) == 0, "%u", slot);
        cr_assert_eq(cgdt_pool_destroy(pool), 0);
    }
}

Test(fixed, pages_that_leave_are_zero_again)
{
    struct cgdt_fixed fixed = {.pages = pages, .count = PAGES + 1};
    const struct cgdt_config config = config_of(&fixed, PAGES * 16, true);
    const cgdt_desc_t desc = 0x00cff3000000ffff;

    for (int round = 0; round < 2; round++) {
        struct cgdt_pool *pool = open_pool(&config);

        fill(pool, PAGES * 16);
        cr_assert_eq(cgdt_write_common(pool, 9, &desc, 1), 0);
        for (cgdt_slot_t slot = 1; slot <= PAGES * 16; slot++)
            MUST(cgdt_free(pool, slot) == 0, "%u", slot);
        cr_assert_eq(cgdt_pool_destroy(pool), 0);
        for (int page = 0; page <= PAGES; page++)
            for (int entry = 0; entry < 512; entry++)
                MUST(pages[page][entry] == 0, "page %d, entry %d", page, entry);
    }
}

/* Somebody's table, perhaps one that a CPU is on. */
Test(fixed, a_page_that_is_not_zero_is_refused_and_left_alone)
{
    struct cgdt_fixed fixed = {.pages = pages, .count = PAGES};
    struct cgdt_config config = config_of(&fixed, PAGES * 16, false);
    cgdt_slot_t slot;

    config.layout.window_pages = PAGES; /* one window: there is no other to go to */
    struct cgdt_pool *pool = open_pool(&config);
    pages[0][511] = 0x00af9b000000ffff;
    for (int i = 0; i < 2; i++)
        cr_assert_eq(cgdt_alloc(pool, &slot), -CGDT_EPROTO);
    cr_assert_eq(pages[0][511], 0x00af9b000000ffff);
}

Test(fixed, an_array_that_is_not_aligned_is_refused)
{
    struct cgdt_fixed fixed = {.pages = &pages[0][1], .count = PAGES};
    const struct cgdt_config config = config_of(&fixed, PAGES * 16, false);
    struct cgdt_pool *pool = open_pool(&config);
    cgdt_slot_t slot;

    cr_assert_eq(cgdt_alloc(pool, &slot), -CGDT_EPROTO);
}

Test(fixed, an_empty_array_has_no_page_not_even_a_common_one)
{
    struct cgdt_fixed fixed = {.pages = pages, .count = 0};
    const struct cgdt_config config = config_of(&fixed, 16, true);
    struct cgdt_pool *pool = NULL;

    cr_assert_eq(cgdt_pool_init(&pool, memory, sizeof(memory), &config), -CGDT_ENOMEM);
}

static void *lock_and_unlock(void *fixed)
{
    cgdt_fixed_port.lock(fixed);
    cgdt_fixed_port.unlock(fixed);
    return NULL;
}

/*
 * Who finds the lock taken leaves a 1 there and tries again: a 2 that has become a 1 is one who
 * waits.
 */
Test(fixed, whoever_finds_the_lock_taken_waits)
{
    struct cgdt_fixed fixed = {.pages = pages, .count = PAGES, .locked = 2};
    pthread_t waiting;

    cr_assert_eq(pthread_create(&waiting, NULL, lock_and_unlock, &fixed), 0);
    while (__atomic_load_n(&fixed.locked, __ATOMIC_ACQUIRE) == 2)
        (void)sched_yield();
    cr_assert_eq(__atomic_load_n(&fixed.locked, __ATOMIC_ACQUIRE), 1, "it did not wait");
    cgdt_fixed_port.unlock(&fixed);
    cr_assert_eq(pthread_join(waiting, NULL), 0);
    cr_assert_eq(fixed.locked, 0);
}

/*
 * The array may be another pool's when the first is gone, and then its last page is a slot page
 * again.
 */
Test(fixed, the_last_page_is_a_slot_page_again_when_the_common_page_has_left)
{
    struct cgdt_fixed fixed = {.pages = pages, .count = PAGES};
    const struct cgdt_config first = config_of(&fixed, 16, true);
    const struct cgdt_config second = config_of(&fixed, PAGES * 16, false);

    cr_assert_eq(cgdt_pool_destroy(open_pool(&first)), 0);
    fill(open_pool(&second), PAGES * 16);
}
