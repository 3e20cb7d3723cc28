/* SPDX-License-Identifier: MIT */
/*
 * The native port of kernels that map each page's alias by itself: here those of pages 0, 1, ...
 * lie in falling order, so no two are at one distance from their pages, and none is there but from
 * seal to unseal.
 */
#define _GNU_SOURCE
#include <cgdt/cgdt.h>
#include <cgdt/port/native_aliased.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "must.h"
#include "page_life.h"

#define PAGES   4u
#define ENTRIES 32u /* 16 slots to a page */
#define SLOTS   (PAGES * 16u)
#define DATA0   0x00cf93000000ffffull
#define CODE    (-4321)

/* The kernel behind the operations; ctx. */
static struct kernel {
    int fd;
    char *writable; /* PAGES pages */
    char *aliases;  /* as many, PROT_NONE where there is none */
    uint32_t made, gone;
    uint32_t refuse_from;   /* the aliases made so far with which there are enough; 0: no end */
    uint32_t crooked_bytes; /* added to an alias' address */
    void *last_at;          /* of the last alias */
    void *last_put;         /* the last alias that was taken away */
    void *gives;            /* what page_get() does */
    void *given_back;
    int locks, locked;
    int quiesce;
    uint32_t asked;
    uint32_t poisonings;
    bool all_poison;
} kernel;

static void *writable[PAGES]; /* the port's */
static struct cgdt_native_aliased native;

static char *alias_place(uint32_t page)
{
    return kernel.aliases + (PAGES - 1 - page) * 4096;
}

static void map_at(char *place, int protection, int flags, int fd, off_t offset)
{
    MUST(mmap(place, 4096, protection, flags | MAP_FIXED, fd, offset) == place, "mmap");
}

static void *alias_get(void *ctx, uint32_t page, void *at)
{
    MUST(ctx == &kernel, "the context");
    kernel.last_at = at;
    if (kernel.refuse_from != 0 && kernel.made == kernel.refuse_from)
        return NULL;
    kernel.made++;
    map_at(alias_place(page), PROT_READ, MAP_SHARED, kernel.fd, (char *)at - kernel.writable);
    return alias_place(page) + kernel.crooked_bytes;
}

static void alias_put(void *ctx, uint32_t page, void *alias)
{
    MUST(ctx == &kernel, "the context");
    kernel.gone++;
    kernel.last_put = alias;
    map_at(alias_place(page), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void *page_get(void *ctx, uint32_t page)
{
    MUST(ctx == &kernel && page < PAGES, "page %u", page);
    return kernel.gives;
}

static void page_put(void *ctx, uint32_t page, void *at)
{
    MUST(ctx == &kernel && page < PAGES, "page %u", page);
    kernel.given_back = at;
}

static void prepare(const struct cgdt_native_ops *ops)
{
    memset(&kernel, 0, sizeof(kernel));
    memset(writable, 0, sizeof(writable));
    kernel.fd = memfd_create("physical", 0);
    MUST(kernel.fd >= 0 && ftruncate(kernel.fd, PAGES * 4096) == 0, "memfd");
    kernel.writable = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, kernel.fd, 0);
    kernel.aliases = mmap(NULL, PAGES * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(kernel.writable != MAP_FAILED && kernel.aliases != MAP_FAILED, "mmap");
    native = (struct cgdt_native_aliased){.ops = ops,
                                          .ctx = &kernel,
                                          .pages = kernel.writable,
                                          .writable = writable,
                                          .page_count = PAGES};
}

static const struct cgdt_native_ops aliases_only = {.alias_get = alias_get, .alias_put = alias_put};

static const cgdt_desc_t template_descs[] = {0, DATA0};

static int try_open(struct cgdt_pool **pool, const cgdt_desc_t *descs)
{
    static _Alignas(CGDT_POOL_ALIGN) unsigned char memory[CGDT_POOL_BYTES(SLOTS, ENTRIES)];
    const struct cgdt_config config = {
        .struct_bytes = sizeof(struct cgdt_config),
        .port = &cgdt_native_aliased_port,
        .port_ctx = &native,
        .layout = {.slot_entries = ENTRIES, .window_pages = 1, .mode = CGDT_MODE_NATIVE},
        .profile = CGDT_PROFILE_NATIVE64,
        .max_cpus = SLOTS,
        .template_descs = descs,
        .template_entries = COUNT_OF(template_descs),
    };

    return cgdt_pool_init(pool, memory, sizeof(memory), &config);
}

static struct cgdt_pool *open_pool(const struct cgdt_native_ops *ops, bool live)
{
    struct cgdt_pool *pool = NULL;

    prepare(ops);
    MUST(try_open(&pool, template_descs) == 0, "init");
    MUST(!live || cgdt_seal(pool) == 0, "seal");
    return pool;
}

static cgdt_slot_t take(struct cgdt_pool *pool)
{
    cgdt_slot_t slot = CGDT_NO_SLOT;

    MUST(cgdt_alloc(pool, &slot) == 0, "alloc");
    return slot;
}

static uintptr_t base_of(const struct cgdt_pool *pool, cgdt_slot_t slot)
{
    struct cgdt_pseudo_descriptor gdtr = {0, 0};

    MUST(cgdt_gdtr(pool, slot, &gdtr) == 0, "gdtr");
    return gdtr.base;
}

/* ---- aliases ---- */

Test(native_aliased, gdtr_is_the_slots_place_in_its_pages_alias)
{
    struct cgdt_pool *pool = open_pool(&aliases_only, true);

    for (uint32_t i = 0; i < SLOTS; i++)
        MUST(base_of(pool, take(pool)) == (uintptr_t)alias_place(i / 16) + i % 16 * 256, "%u", i);
}

Test(native_aliased, the_writable_address_of_a_slot_is_in_its_page)
{
    struct cgdt_pool *pool = open_pool(&aliases_only, true);

    for (uint32_t i = 0; i < SLOTS; i++) {
        const cgdt_slot_t slot = take(pool);

        MUST(cgdt_native_aliased_writable(&native, cgdt_pool_layout(pool), slot) ==
                 (uintptr_t)kernel.writable + i * 256,
             "%u", i);
    }
}

Test(native_aliased, a_write_shows_in_the_alias)
{
    struct cgdt_pool *pool = open_pool(&aliases_only, true);
    const cgdt_desc_t desc = DATA0 | CGDT_DESC_DPL(3);

    for (uint32_t i = 0; i < SLOTS; i++) {
        const cgdt_slot_t slot = take(pool);

        MUST(cgdt_write(pool, slot, 9, &desc, 1) == 0, "%u", i);
        const cgdt_desc_t *table = (const cgdt_desc_t *)base_of(pool, slot);
        MUST(table[1] == DATA0 && table[9] == desc && table[10] == 0, "%u", i);
    }
    cr_assert_eq(cgdt_check(pool, NULL), 0);
}

Test(native_aliased, a_store_to_the_table_that_the_cpu_uses_faults, .signal = SIGSEGV)
{
    struct cgdt_pool *pool = open_pool(&aliases_only, true);

    *(volatile cgdt_desc_t *)base_of(pool, take(pool)) = 1;
}

Test(native_aliased, there_is_no_alias_before_the_seal)
{
    struct cgdt_pool *pool = open_pool(&aliases_only, false);
    const cgdt_desc_t *view = NULL;
    const cgdt_slot_t slot = take(pool);

    cr_assert_eq(kernel.made, 0);
    cr_assert_eq(cgdt_slot_view(pool, slot, &view), 0);
    cr_assert_eq((const char *)view, kernel.writable);
    cr_assert_eq(cgdt_seal(pool), 0);
    cr_assert_eq(kernel.made, 1);
    cr_assert_eq(kernel.last_at, kernel.writable);
    cr_assert_eq(base_of(pool, slot), (uintptr_t)alias_place(0));
}

Test(native_aliased, the_alias_goes_with_its_page)
{
    struct cgdt_pool *pool = open_pool(&aliases_only, true);
    const cgdt_slot_t slot = take(pool);

    cr_assert_eq(cgdt_free(pool, slot), 0);
    cr_assert_eq(kernel.gone, 0);
    cr_assert_eq(cgdt_trim(pool), 1);
    cr_assert_eq(kernel.gone, 1);
    cr_assert_eq(kernel.last_put, alias_place(0));
    cr_assert_null(writable[0]);
}

Test(native_aliased, a_page_that_comes_again_is_clean)
{
    struct cgdt_pool *pool = open_pool(&aliases_only, true);

    for (int round = 0; round < 2; round++) {
        const cgdt_slot_t slot = take(pool);
        const cgdt_desc_t desc = DATA0 | CGDT_DESC_DPL(3);

        cr_assert_eq(base_of(pool, slot), (uintptr_t)alias_place(0));
        cr_assert_eq(cgdt_write(pool, slot, 9, &desc, 1), 0);
        cr_assert_eq(cgdt_check(pool, NULL), 0);
        cr_assert_eq(cgdt_free(pool, slot), 0);
        cr_assert_eq(cgdt_trim(pool), 1);
        ((cgdt_desc_t *)(void *)kernel.writable)[20] = 5; /* somebody else had it */
    }
    cr_assert_eq(kernel.made, 2);
    cr_assert_eq(kernel.gone, 2);
    cr_assert_eq(cgdt_pool_destroy(pool), 0);
}

Test(native_aliased, destroy_takes_every_alias_away)
{
    struct cgdt_pool *pool = open_pool(&aliases_only, true);

    cr_assert_eq(cgdt_reserve(pool, SLOTS), 0);
    cr_assert_eq(kernel.made, PAGES);
    cr_assert_eq(cgdt_pool_destroy(pool), 0);
    cr_assert_eq(kernel.gone, PAGES);
}

Test(native_aliased, a_clear_accessed_bit_is_refused)
{
    const cgdt_desc_t clear = DATA0 & ~(cgdt_desc_t)CGDT_DESC_ACCESSED;
    const cgdt_desc_t descs[] = {0, clear};
    struct cgdt_pool *pool = open_pool(&aliases_only, true);
    struct cgdt_pool *other;

    cr_assert_eq(cgdt_write(pool, take(pool), 9, &clear, 1), -CGDT_EROFS);
    prepare(&aliases_only);
    cr_assert_eq(try_open(&other, descs), -CGDT_EROFS);
}

/* ---- aliases that are not to be had ---- */

Test(native_aliased, a_page_without_an_alias_does_not_join_the_pool)
{
    struct cgdt_pool *pool = open_pool(&aliases_only, true);
    cgdt_slot_t slot = 99;

    kernel.refuse_from = 1;
    for (int i = 0; i < 16; i++)
        (void)take(pool);
    cr_assert_eq(cgdt_alloc(pool, &slot), -CGDT_ENOMEM);
    cr_assert_eq(slot, CGDT_NO_SLOT);
    cr_assert(writable[0] != NULL && writable[1] == NULL && writable[2] == NULL);
    cr_assert_eq(cgdt_check(pool, NULL), 0);
    kernel.refuse_from = 0;
    cr_assert_eq(base_of(pool, take(pool)), (uintptr_t)alias_place(1));
}

Test(native_aliased, a_seal_that_lacks_an_alias_leaves_all_pages_private)
{
    struct cgdt_pool *pool = open_pool(&aliases_only, false);
    const cgdt_desc_t *view = NULL;

    for (int i = 0; i < 33; i++)
        (void)take(pool);
    kernel.refuse_from = 2;
    cr_assert_eq(cgdt_seal(pool), -CGDT_ENOMEM);
    cr_assert_eq(kernel.gone, 2);
    cr_assert_eq(cgdt_slot_view(pool, 17, &view), 0);
    cr_assert_eq((const char *)view, kernel.writable + 4096);
    kernel.refuse_from = 0;
    cr_assert_eq(cgdt_seal(pool), 0);
    cr_assert_eq(base_of(pool, 17), (uintptr_t)alias_place(1));
}

Test(native_aliased, an_alias_that_is_not_aligned_goes_back_at_once)
{
    struct cgdt_pool *pool = open_pool(&aliases_only, true);
    cgdt_slot_t slot;

    kernel.crooked_bytes = 8;
    cr_assert_eq(cgdt_alloc(pool, &slot), -CGDT_EPROTO);
    cr_assert_eq(kernel.made, PAGES); /* each page is tried */
    cr_assert_eq(kernel.gone, PAGES);
    cr_assert_eq(kernel.last_put, alias_place(PAGES - 1) + 8);
}

Test(native_aliased, both_operations_must_be_there)
{
    const struct cgdt_native_ops get = {.alias_get = alias_get}, put = {.alias_put = alias_put};
    const struct cgdt_native_ops *const ops[] = {NULL, &get, &put};
    void *view = NULL;

    for (size_t i = 0; i < COUNT_OF(ops); i++) {
        prepare(ops[i]);
        cr_assert_eq(cgdt_native_aliased_port.map(&native, 0, &view), -CGDT_EINVAL, "%zu", i);
        cr_assert_null(writable[0]);
    }
}

/* ---- pages ---- */

static const struct cgdt_native_ops page_ops = {
    .page_get = page_get, .page_put = page_put, .alias_get = alias_get, .alias_put = alias_put};

Test(native_aliased, there_is_no_common_page)
{
    void *view = NULL;

    prepare(&aliases_only);
    cr_assert_eq(cgdt_native_aliased_port.map(&native, CGDT_COMMON_PAGE, &view), -CGDT_ENOTSUP);
}

Test(native_aliased, the_array_ends_with_enomem)
{
    struct cgdt_pool *pool = open_pool(&aliases_only, true);
    cgdt_slot_t slot;

    native.page_count = 1;
    for (int i = 0; i < 16; i++)
        (void)take(pool);
    cr_assert_eq(cgdt_alloc(pool, &slot), -CGDT_ENOMEM);
}

Test(native_aliased, a_kernels_page_goes_back_where_it_was_writable)
{
    struct cgdt_pool *pool = open_pool(&page_ops, true);

    kernel.gives = kernel.writable + 8192;
    const cgdt_slot_t slot = take(pool);
    cr_assert_eq(base_of(pool, slot), (uintptr_t)alias_place(0));
    cr_assert_eq(cgdt_native_aliased_writable(&native, cgdt_pool_layout(pool), slot),
                 (uintptr_t)kernel.writable + 8192);
    cr_assert_eq(cgdt_free(pool, slot), 0);
    cr_assert_eq(cgdt_trim(pool), 1);
    cr_assert_eq(kernel.given_back, kernel.writable + 8192);
}

Test(native_aliased, a_kernel_without_a_page_is_enomem)
{
    void *view = NULL;

    prepare(&page_ops);
    cr_assert_eq(cgdt_native_aliased_port.map(&native, 0, &view), -CGDT_ENOMEM);
}

Test(native_aliased, a_page_beyond_the_table_is_not_asked_for)
{
    void *view = NULL;

    prepare(&page_ops);
    kernel.gives = kernel.writable;
    cr_assert_eq(cgdt_native_aliased_port.map(&native, PAGES, &view), -CGDT_ENOMEM);
}

/* Nothing may be written to it: it is not the port's to write to. */
Test(native_aliased, a_page_that_is_not_aligned_goes_back_at_once)
{
    void *view = NULL;

    prepare(&page_ops);
    kernel.gives = kernel.writable + 8;
    ((cgdt_desc_t *)(void *)kernel.writable)[1] = DATA0;
    cr_assert_eq(cgdt_native_aliased_port.map(&native, 0, &view), -CGDT_EPROTO);
    cr_assert_eq(kernel.given_back, kernel.gives);
    cr_assert_eq(((cgdt_desc_t *)(void *)kernel.writable)[1], DATA0);
    cr_assert_null(writable[0]);
}

Test(native_aliased, one_page_given_twice_is_noticed)
{
    struct cgdt_pool *pool = open_pool(&page_ops, true);
    struct cgdt_violation violation;

    kernel.gives = kernel.writable;
    for (int i = 0; i < 17; i++)
        (void)take(pool);
    cr_assert_eq(cgdt_check(pool, &violation), 1);
    cr_assert_eq(violation.reason, CGDT_FRAME_TWICE);
}

Test(native_aliased, the_frame_is_the_same_while_private_and_while_sealed)
{
    for (uint32_t page = 0; page < PAGES; page++) {
        cgdt_frame_t private = 0, sealed = 0;
        void *view = NULL;

        if (page == 0)
            prepare(&aliases_only);
        cr_assert_eq(cgdt_native_aliased_port.map(&native, page, &view), 0);
        cr_assert_eq(cgdt_native_aliased_port.frame(&native, page, view, &private), 0);
        cr_assert_eq(cgdt_native_aliased_port.seal(&native, page, &view), 0);
        cr_assert_eq(cgdt_native_aliased_port.frame(&native, page, view, &sealed), 0);
        cr_assert_eq(private, (uintptr_t)kernel.writable / 4096 + page);
        cr_assert_eq(sealed, private);
    }
}

Test(native_aliased, an_operation_that_succeeds_says_0)
{
    prepare(&aliases_only);
    page_life_of_successes(&cgdt_native_aliased_port, &native, CGDT_PROFILE_NATIVE64);
}

/* ---- quiesce, locks, poison ---- */

static int answer(void *ctx, uint32_t cpu)
{
    MUST(ctx == &kernel, "the context");
    kernel.asked = cpu;
    return kernel.quiesce;
}

static void lock(void *ctx)
{
    MUST(ctx == &kernel, "the context");
    kernel.locks++;
    kernel.locked++;
}

static void unlock(void *ctx)
{
    MUST(ctx == &kernel, "the context");
    kernel.locked--;
}

/* The second of three slots. */
static void poisoned(void *ctx, uint32_t page, uint32_t slot_offset)
{
    const cgdt_desc_t *table = (const cgdt_desc_t *)(const void *)alias_place(page);

    MUST(ctx == &kernel, "the context");
    kernel.poisonings++;
    kernel.all_poison = page == 0 && slot_offset == ENTRIES;
    for (uint32_t entry = 0; entry < 3 * ENTRIES; entry++) {
        const cgdt_desc_t other = entry % ENTRIES == 1 ? DATA0 : 0;

        if (table[entry] != (entry / ENTRIES == 1 ? CGDT_NATIVE_POISON : other))
            kernel.all_poison = false;
    }
}

static const struct cgdt_native_ops all_ops = {.quiesce = answer,
                                               .lock = lock,
                                               .unlock = unlock,
                                               .poisoned = poisoned,
                                               .alias_get = alias_get,
                                               .alias_put = alias_put};

Test(native_aliased, a_cpu_that_will_not_let_go_keeps_its_slot)
{
    struct cgdt_pool *pool = open_pool(&all_ops, true);
    cgdt_slot_t slot = CGDT_NO_SLOT;

    kernel.quiesce = CODE;
    cr_assert_eq(cgdt_cpu_online(pool, 5, &slot), 0);
    cr_assert_eq(cgdt_cpu_offline(pool, 5), CODE);
    cr_assert_eq(kernel.asked, 5);
    kernel.quiesce = 0;
    cr_assert_eq(cgdt_cpu_offline(pool, 5), 0);
}

Test(native_aliased, the_kernels_own_lock_is_used_where_it_has_one)
{
    struct cgdt_pool *pool = open_pool(&all_ops, true);

    (void)take(pool);
    cr_assert_gt(kernel.locks, 0);
    cr_assert_eq(kernel.locked, 0);
    cr_assert_eq(native.locked, 0);
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
    struct cgdt_pool *pool = open_pool(&all_ops, true);
    const cgdt_desc_t zero = 0;

    native.poison = poison;
    (void)take(pool);
    const cgdt_slot_t middle = take(pool);
    (void)take(pool);
    MUST(cgdt_write(pool, middle, 3, &zero, 1) == 0, "write");
    MUST(kernel.poisonings == 0, "a write poisons nothing");
    MUST(cgdt_free(pool, middle) == 0, "free");
    MUST(cgdt_check(pool, NULL) == 0, "check");
}

Test(native_aliased, a_slot_that_is_freed_is_poison_for_a_moment_and_then_zero)
{
    free_the_middle(true);
    cr_assert_eq(kernel.poisonings, 1);
    cr_assert(kernel.all_poison);
}

Test(native_aliased, nothing_is_poisoned_unless_asked_for)
{
    free_the_middle(false);
    cr_assert_eq(kernel.poisonings, 0);
}
