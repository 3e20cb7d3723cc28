/* SPDX-License-Identifier: MIT */
/*
 * The native port of kernels that map each page's alias by itself: the aliases, and those that are
 * not to be had; quiesce, locks and poison.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "aliased_setup.h"
#include "must.h"

#define CODE (-4321)

/* ---- aliases ---- */

Test(native_aliased, gdtr_is_the_slots_place_in_its_pages_alias)
{
    struct cgdt_pool *pool = aliased_open(&aliased_ops, true);

    for (uint32_t i = 0; i < ALIASED_SLOTS; i++)
        MUST(aliased_base_of(pool, aliased_alloc(pool)) ==
                 (uintptr_t)aliased_place(i / 16) + i % 16 * 256,
             "%u", i);
}

Test(native_aliased, the_writable_address_of_a_slot_is_in_its_page)
{
    struct cgdt_pool *pool = aliased_open(&aliased_ops, true);

    for (uint32_t i = 0; i < ALIASED_SLOTS; i++) {
        const cgdt_slot_t slot = aliased_alloc(pool);

        MUST(cgdt_native_aliased_writable(&aliased_native, cgdt_pool_layout(pool), slot) ==
                 (uintptr_t)aliased_kernel.writable + i * 256,
             "%u", i);
    }
}

Test(native_aliased, a_write_shows_in_the_alias)
{
    struct cgdt_pool *pool = aliased_open(&aliased_ops, true);
    const cgdt_desc_t desc = ALIASED_DATA0 | CGDT_DESC_DPL(3);

    for (uint32_t i = 0; i < ALIASED_SLOTS; i++) {
        const cgdt_slot_t slot = aliased_alloc(pool);

        MUST(cgdt_write(pool, slot, 9, &desc, 1) == 0, "%u", i);
        const cgdt_desc_t *table = (const cgdt_desc_t *)aliased_base_of(pool, slot);
        MUST(table[1] == ALIASED_DATA0 && table[9] == desc && table[10] == 0, "%u", i);
    }
    cr_assert_eq(cgdt_check(pool, NULL), 0);
}

Test(native_aliased, a_store_to_the_table_that_the_cpu_uses_faults, .signal = SIGSEGV)
{
    struct cgdt_pool *pool = aliased_open(&aliased_ops, true);

    *(volatile cgdt_desc_t *)aliased_base_of(pool, aliased_alloc(pool)) = 1;
}

Test(native_aliased, there_is_no_alias_before_the_seal)
{
    struct cgdt_pool *pool = aliased_open(&aliased_ops, false);
    const cgdt_desc_t *view = NULL;
    const cgdt_slot_t slot = aliased_alloc(pool);

    cr_assert_eq(aliased_kernel.made, 0);
    cr_assert_eq(cgdt_slot_view(pool, slot, &view), 0);
    cr_assert_eq((const char *)view, aliased_kernel.writable);
    cr_assert_eq(cgdt_seal(pool), 0);
    cr_assert_eq(aliased_kernel.made, 1);
    cr_assert_eq(aliased_kernel.last_at, aliased_kernel.writable);
    cr_assert_eq(aliased_base_of(pool, slot), (uintptr_t)aliased_place(0));
}

Test(native_aliased, the_alias_goes_with_its_page)
{
    struct cgdt_pool *pool = aliased_open(&aliased_ops, true);
    const cgdt_slot_t slot = aliased_alloc(pool);

    cr_assert_eq(cgdt_free(pool, slot), 0);
    cr_assert_eq(aliased_kernel.gone, 0);
    cr_assert_eq(cgdt_trim(pool), 1);
    cr_assert_eq(aliased_kernel.gone, 1);
    cr_assert_eq(aliased_kernel.last_put, aliased_place(0));
    cr_assert_null(aliased_writable[0]);
}

Test(native_aliased, a_page_that_comes_again_is_clean)
{
    struct cgdt_pool *pool = aliased_open(&aliased_ops, true);

    for (int round = 0; round < 2; round++) {
        const cgdt_slot_t slot = aliased_alloc(pool);
        const cgdt_desc_t desc = ALIASED_DATA0 | CGDT_DESC_DPL(3);

        cr_assert_eq(aliased_base_of(pool, slot), (uintptr_t)aliased_place(0));
        cr_assert_eq(cgdt_write(pool, slot, 9, &desc, 1), 0);
        cr_assert_eq(cgdt_check(pool, NULL), 0);
        cr_assert_eq(cgdt_free(pool, slot), 0);
        cr_assert_eq(cgdt_trim(pool), 1);
        ((cgdt_desc_t *)(void *)aliased_kernel.writable)[20] = 5; /* somebody else had it */
    }
    cr_assert_eq(aliased_kernel.made, 2);
    cr_assert_eq(aliased_kernel.gone, 2);
    cr_assert_eq(cgdt_pool_destroy(pool), 0);
}

Test(native_aliased, destroy_takes_every_alias_away)
{
    struct cgdt_pool *pool = aliased_open(&aliased_ops, true);

    cr_assert_eq(cgdt_reserve(pool, ALIASED_SLOTS), 0);
    cr_assert_eq(aliased_kernel.made, ALIASED_PAGES);
    cr_assert_eq(cgdt_pool_destroy(pool), 0);
    cr_assert_eq(aliased_kernel.gone, ALIASED_PAGES);
}

Test(native_aliased, a_clear_accessed_bit_is_refused)
{
    const cgdt_desc_t clear = ALIASED_DATA0 & ~(cgdt_desc_t)CGDT_DESC_ACCESSED;
    const cgdt_desc_t descs[] = {0, clear};
    struct cgdt_pool *pool = aliased_open(&aliased_ops, true);
    struct cgdt_pool *other;

    cr_assert_eq(cgdt_write(pool, aliased_alloc(pool), 9, &clear, 1), -CGDT_EROFS);
    aliased_prepare(&aliased_ops);
    cr_assert_eq(aliased_try_open(&other, descs), -CGDT_EROFS);
}

/* ---- aliases that are not to be had ---- */

Test(native_aliased, a_page_without_an_alias_does_not_join_the_pool)
{
    struct cgdt_pool *pool = aliased_open(&aliased_ops, true);
    cgdt_slot_t slot = 99;

    aliased_kernel.refuse_from = 1;
    for (int i = 0; i < 16; i++)
        (void)aliased_alloc(pool);
    cr_assert_eq(cgdt_alloc(pool, &slot), -CGDT_ENOMEM);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    cr_assert(aliased_writable[0] != NULL && aliased_writable[1] == NULL &&
              aliased_writable[2] == NULL);
    cr_assert_eq(cgdt_check(pool, NULL), 0);
    aliased_kernel.refuse_from = 0;
    cr_assert_eq(aliased_base_of(pool, aliased_alloc(pool)), (uintptr_t)aliased_place(1));
}

Test(native_aliased, a_seal_that_lacks_an_alias_leaves_all_pages_private)
{
    struct cgdt_pool *pool = aliased_open(&aliased_ops, false);
    const cgdt_desc_t *view = NULL;

    for (int i = 0; i < 33; i++)
        (void)aliased_alloc(pool);
    aliased_kernel.refuse_from = 2;
    cr_assert_eq(cgdt_seal(pool), -CGDT_ENOMEM);
    cr_assert_eq(aliased_kernel.gone, 2);
    cr_assert_eq(cgdt_slot_view(pool, 17, &view), 0);
    cr_assert_eq((const char *)view, aliased_kernel.writable + 4096);
    aliased_kernel.refuse_from = 0;
    cr_assert_eq(cgdt_seal(pool), 0);
    cr_assert_eq(aliased_base_of(pool, 17), (uintptr_t)aliased_place(1));
}

Test(native_aliased, an_alias_that_is_not_aligned_goes_back_at_once)
{
    struct cgdt_pool *pool = aliased_open(&aliased_ops, true);
    cgdt_slot_t slot;

    aliased_kernel.crooked_bytes = 8;
    cr_assert_eq(cgdt_alloc(pool, &slot), -CGDT_EPROTO);
    cr_assert_eq(aliased_kernel.made, ALIASED_PAGES); /* each page is tried */
    cr_assert_eq(aliased_kernel.gone, ALIASED_PAGES);
    cr_assert_eq(aliased_kernel.last_put, aliased_place(ALIASED_PAGES - 1) + 8);
}

Test(native_aliased, both_operations_must_be_there)
{
    const struct cgdt_native_ops get = {.alias_get = aliased_get}, put = {.alias_put = aliased_put};
    const struct cgdt_native_ops *const ops[] = {NULL, &get, &put};
    void *view = NULL;

    for (size_t i = 0; i < COUNT_OF(ops); i++) {
        aliased_prepare(ops[i]);
        cr_assert_eq(cgdt_native_aliased_port.map(&aliased_native, 0, &view), -CGDT_EINVAL, "%zu",
                     i);
        cr_assert_null(aliased_writable[0]);
    }
}

/* ---- quiesce, locks, poison ---- */

static int answer(void *ctx, uint32_t cpu)
{
    MUST(ctx == &aliased_kernel, "the context");
    aliased_kernel.asked = cpu;
    return aliased_kernel.quiesce;
}

static void lock(void *ctx)
{
    MUST(ctx == &aliased_kernel, "the context");
    aliased_kernel.locks++;
    aliased_kernel.locked++;
}

static void unlock(void *ctx)
{
    MUST(ctx == &aliased_kernel, "the context");
    aliased_kernel.locked--;
}

/* The second of three slots. */
static void poisoned(void *ctx, uint32_t page, uint32_t slot_offset)
{
    const cgdt_desc_t *table = (const cgdt_desc_t *)(const void *)aliased_place(page);

    MUST(ctx == &aliased_kernel, "the context");
    aliased_kernel.poisonings++;
    aliased_kernel.all_poison = page == 0 && slot_offset == ALIASED_ENTRIES;
    for (uint32_t entry = 0; entry < 3 * ALIASED_ENTRIES; entry++) {
        const cgdt_desc_t other = entry % ALIASED_ENTRIES == 1 ? ALIASED_DATA0 : 0;

        if (table[entry] != (entry / ALIASED_ENTRIES == 1 ? CGDT_NATIVE_POISON : other))
            aliased_kernel.all_poison = false;
    }
}

static const struct cgdt_native_ops all_ops = {.quiesce = answer,
                                               .lock = lock,
                                               .unlock = unlock,
                                               .poisoned = poisoned,
                                               .alias_get = aliased_get,
                                               .alias_put = aliased_put};

Test(native_aliased, a_cpu_that_will_not_let_go_keeps_its_slot)
{
    struct cgdt_pool *pool = aliased_open(&all_ops, true);
    cgdt_slot_t slot = CGDT_NO_SLOT;

    aliased_kernel.quiesce = CODE;
    cr_assert_eq(cgdt_cpu_online(pool, 5, &slot), 0);
    cr_assert_eq(cgdt_cpu_offline(pool, 5), CODE);
    cr_assert_eq(aliased_kernel.asked, 5);
    aliased_kernel.quiesce = 0;
    cr_assert_eq(cgdt_cpu_offline(pool, 5), 0);
}

Test(native_aliased, the_kernels_own_lock_is_used_where_it_has_one)
{
    struct cgdt_pool *pool = aliased_open(&all_ops, true);

    (void)aliased_alloc(pool);
    cr_assert_gt(aliased_kernel.locks, 0);
    cr_assert_eq(aliased_kernel.locked, 0);
    cr_assert_eq(aliased_native.locked, 0);
}

static void *lock_and_unlock(void *port_ctx)
{
    cgdt_native_aliased_port.lock(port_ctx);
    cgdt_native_aliased_port.unlock(port_ctx);
    return NULL;
}

/* As of the native port: a 2 that has become a 1 is one who waits. */
Test(native_aliased, whoever_finds_the_lock_taken_waits)
{
    struct cgdt_native_aliased taken = {.locked = 2};
    pthread_t waiting;

    cr_assert_eq(pthread_create(&waiting, NULL, lock_and_unlock, &taken), 0);
    while (__atomic_load_n(&taken.locked, __ATOMIC_ACQUIRE) == 2)
        (void)sched_yield();
    cr_assert_eq(__atomic_load_n(&taken.locked, __ATOMIC_ACQUIRE), 1, "it did not wait");
    cgdt_native_aliased_port.unlock(&taken);
    cr_assert_eq(pthread_join(waiting, NULL), 0);
    cr_assert_eq(taken.locked, 0);
}

static void free_the_middle(bool poison)
{
    struct cgdt_pool *pool = aliased_open(&all_ops, true);
    const cgdt_desc_t zero = 0;

    aliased_native.poison = poison;
    (void)aliased_alloc(pool);
    const cgdt_slot_t middle = aliased_alloc(pool);
    (void)aliased_alloc(pool);
    MUST(cgdt_write(pool, middle, 3, &zero, 1) == 0, "write");
    MUST(aliased_kernel.poisonings == 0, "a write poisons nothing");
    MUST(cgdt_free(pool, middle) == 0, "free");
    MUST(cgdt_check(pool, NULL) == 0, "check");
}

Test(native_aliased, a_slot_that_is_freed_is_poison_for_a_moment_and_then_zero)
{
    free_the_middle(true);
    cr_assert_eq(aliased_kernel.poisonings, 1);
    cr_assert(aliased_kernel.all_poison);
}

Test(native_aliased, nothing_is_poisoned_unless_asked_for)
{
    free_the_middle(false);
    cr_assert_eq(aliased_kernel.poisonings, 0);
}
