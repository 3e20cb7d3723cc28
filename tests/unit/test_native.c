/* SPDX-License-Identifier: MIT */
/*
 * The port for bare metal: two maps of the same memory, one of them read-only; locks, quiesce and
 * poison. What the CPU says is in tests/guests/native.
 */
#define _GNU_SOURCE
#include <cgdt/port/lgdt.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>

#include "must.h"
#include "native_setup.h"
#include "page_life.h"

/* ---- the two maps ---- */

Test(native, gdtr_is_the_slots_place_in_the_read_only_map)
{
    struct cgdt_native native = native_two_maps();
    struct cgdt_pool *pool = native_open(&native, true);

    for (uint32_t i = 0; i < NATIVE_PAGES * 16; i++) {
        const struct cgdt_pseudo_descriptor gdtr = native_gdtr_of(pool, native_alloc(pool));

        cr_assert_eq(gdtr.base, native.alias + i * 256, "slot %u", i);
        cr_assert_eq(gdtr.limit, 255);
    }
}

/* The sanitizer looks at the arithmetic; which map mmap() puts lower is its own affair. */
Test(native, either_map_may_be_the_lower_one)
{
    for (int swap = 0; swap < 2; swap++) {
        struct cgdt_native native = native_two_maps();

        if (swap) {
            const uintptr_t alias = native.alias;

            native.alias = native.base;
            native.base = alias;
            native.pages = (void *)alias;
            MUST(mprotect((void *)native.base, NATIVE_BYTES, PROT_READ | PROT_WRITE) == 0 &&
                     mprotect((void *)native.alias, NATIVE_BYTES, PROT_READ) == 0,
                 "mprotect");
        }
        struct cgdt_pool *pool = native_open(&native, true);
        const cgdt_slot_t slot = native_alloc(pool);

        cr_assert_eq(native_gdtr_of(pool, slot).base, native.alias);
        cr_assert_eq(cgdt_free(pool, slot), 0);
        cr_assert_eq(cgdt_trim(pool), 1);
        cr_assert_eq(cgdt_pool_destroy(pool), 0);
    }
}

Test(native, a_write_shows_in_both_maps)
{
    struct cgdt_native native = native_two_maps();
    struct cgdt_pool *pool = native_open(&native, true);
    const cgdt_slot_t slot = native_alloc(pool);
    const cgdt_desc_t desc = NATIVE_DATA0 | CGDT_DESC_DPL(3);

    cr_assert_eq(cgdt_write(pool, slot, 9, &desc, 1), 0);
    cr_assert_eq(((const cgdt_desc_t *)native.alias)[9], desc);
    cr_assert_eq(((const cgdt_desc_t *)native.base)[9], desc);
    cr_assert_eq(((const cgdt_desc_t *)native.alias)[1], NATIVE_DATA0);
}

Test(native, the_core_writes_through_the_same_map_where_it_may)
{
    struct cgdt_native native = native_two_maps();
    struct cgdt_pool *pool = native_open_with(&cgdt_native_direct_port, &native, true);
    const cgdt_slot_t slot = native_alloc(pool);
    const cgdt_desc_t desc = NATIVE_DATA0 | CGDT_DESC_DPL(3);

    cr_assert_null(cgdt_native_direct_port.live_write);
    cr_assert_eq(cgdt_write(pool, slot, 9, &desc, 1), 0);
    cr_assert_eq(native_gdtr_of(pool, slot).base, native.alias);
    cr_assert_eq(((const cgdt_desc_t *)native.alias)[9], desc);
    cr_assert_eq(((const cgdt_desc_t *)native.base)[1], NATIVE_DATA0);
    cr_assert_eq(cgdt_free(pool, slot), 0);
    for (int entry = 0; entry < 512; entry++)
        MUST(((const cgdt_desc_t *)native.alias)[entry] == 0, "entry %d", entry);
}

Test(native, a_store_to_the_table_that_the_cpu_uses_faults, .signal = SIGSEGV)
{
    struct cgdt_native native = native_two_maps();
    struct cgdt_pool *pool = native_open(&native, true);

    *(volatile cgdt_desc_t *)native_gdtr_of(pool, native_alloc(pool)).base = 1;
}

Test(native, the_writable_address_of_a_table_is_in_the_other_map)
{
    struct cgdt_native native = native_two_maps();
    struct cgdt_pool *pool = native_open(&native, true);

    (void)native_alloc(pool);
    const struct cgdt_pseudo_descriptor gdtr = native_gdtr_of(pool, native_alloc(pool));
    cr_assert_eq(cgdt_native_writable(&native, gdtr.base), native.base + 256);
}

Test(native, pages_are_written_directly_until_they_are_sealed)
{
    struct cgdt_native native = native_two_maps();
    struct cgdt_pool *pool = native_open(&native, false);
    const cgdt_slot_t slot = native_alloc(pool);
    struct cgdt_pseudo_descriptor gdtr;

    cr_assert_eq(cgdt_gdtr(pool, slot, &gdtr), -CGDT_EPERM);
    cr_assert_eq(((const cgdt_desc_t *)native.base)[1], NATIVE_DATA0);
    cr_assert_eq(cgdt_seal(pool), 0);
    cr_assert_eq(native_gdtr_of(pool, slot).base, native.alias);
}

Test(native, without_a_second_map_the_table_is_where_it_is_written)
{
    struct cgdt_native native = native_two_maps();

    native.alias = native.base;
    struct cgdt_pool *pool = native_open(&native, true);
    const struct cgdt_pseudo_descriptor gdtr = native_gdtr_of(pool, native_alloc(pool));
    cr_assert_eq(gdtr.base, native.base);
    cr_assert_eq(cgdt_native_writable(&native, gdtr.base), native.base);
}

Test(native, maps_that_overlap_are_refused)
{
    struct cgdt_native native = native_two_maps();
    void *view = NULL;

    native.alias = native.base + NATIVE_BYTES - 4096;
    cr_assert_eq(cgdt_native_port.map(&native, 0, &view), -CGDT_EINVAL);
    native.alias = native.base - NATIVE_BYTES + 4096;
    cr_assert_eq(cgdt_native_port.map(&native, 0, &view), -CGDT_EINVAL);
    native.alias = native.base + NATIVE_BYTES;
    cr_assert_eq(cgdt_native_port.map(&native, 0, &view), 0);
}

Test(native, the_frame_is_the_physical_one_by_either_address)
{
    struct cgdt_native native = native_two_maps();

    for (uint32_t page = 0; page < NATIVE_PAGES; page++) {
        cgdt_frame_t frame = 99;
        void *view = NULL;

        cr_assert_eq(cgdt_native_port.map(&native, page, &view), 0);
        cr_assert_eq(cgdt_native_port.frame(&native, page, view, &frame), 0);
        cr_assert_eq(frame, page);
        frame = 99;
        cr_assert_eq(cgdt_native_port.seal(&native, page, &view), 0);
        cr_assert_eq(cgdt_native_port.frame(&native, page, view, &frame), 0);
        cr_assert_eq(frame, page);
    }
}

/* ---- quiesce, locks ---- */

/* A kernel behind the port's operations; ctx. */
struct kernel {
    int locked; /* lock() calls less unlock() calls */
    int locks;
    int quiesce;    /* what it answers */
    uint32_t asked; /* about which CPU */
    int poisonings;
    bool all_poison; /* the slot, when it was told, and nothing else */
};

static int answer(void *ctx, uint32_t cpu)
{
    struct kernel *kernel = ctx;

    kernel->asked = cpu;
    return kernel->quiesce;
}

static void take(void *ctx)
{
    struct kernel *kernel = ctx;

    kernel->locked++;
    kernel->locks++;
}

static void leave(void *ctx)
{
    ((struct kernel *)ctx)->locked--;
}

Test(native, an_operation_that_succeeds_says_0)
{
    struct cgdt_native native = native_two_maps();

    page_life_of_successes(&cgdt_native_port, &native, CGDT_PROFILE_NATIVE64);
    page_life_of_successes(&cgdt_native_direct_port, &native, CGDT_PROFILE_NATIVE64);
}

Test(native, a_cpu_that_will_not_let_go_keeps_its_slot)
{
    static const struct cgdt_native_ops ops = {.quiesce = answer};
    struct cgdt_native native = native_two_maps();
    struct kernel kernel = {.quiesce = -77};
    cgdt_slot_t slot = CGDT_NO_SLOT;
    cgdt_slot_t now = CGDT_NO_SLOT;

    native.ops = &ops;
    native.ctx = &kernel;
    struct cgdt_pool *pool = native_open(&native, true);
    cr_assert_eq(cgdt_cpu_online(pool, 5, &slot), 0);
    cr_assert_eq(cgdt_cpu_offline(pool, 5), -77);
    cr_assert_eq(kernel.asked, 5);
    cr_assert_eq(cgdt_cpu_slot(pool, 5, &now), 0);
    cr_assert_eq(now, slot);
    cr_assert_eq(((const cgdt_desc_t *)native.alias)[1], NATIVE_DATA0);
    kernel.quiesce = 0;
    cr_assert_eq(cgdt_cpu_offline(pool, 5), 0);
}

Test(native, the_kernels_own_lock_is_used_where_it_has_one)
{
    static const struct cgdt_native_ops ops = {.lock = take, .unlock = leave};
    struct cgdt_native native = native_two_maps();
    struct kernel kernel = {.locked = 0};

    native.ops = &ops;
    native.ctx = &kernel;
    struct cgdt_pool *pool = native_open(&native, true);
    (void)native_alloc(pool);
    cr_assert_gt(kernel.locks, 0);
    cr_assert_eq(kernel.locked, 0);
    cr_assert_eq(native.locked, 0);
}

static void *lock_and_unlock(void *native)
{
    cgdt_native_port.lock(native);
    cgdt_native_port.unlock(native);
    return NULL;
}

/*
 * Who finds the lock taken leaves a 1 there and tries again: a 2 that has become a 1 is one who
 * waits.
 */
Test(native, whoever_finds_the_lock_taken_waits)
{
    struct cgdt_native native = {.locked = 2};
    pthread_t waiting;

    cr_assert_eq(pthread_create(&waiting, NULL, lock_and_unlock, &native), 0);
    while (__atomic_load_n(&native.locked, __ATOMIC_ACQUIRE) == 2)
        (void)sched_yield();
    cr_assert_eq(__atomic_load_n(&native.locked, __ATOMIC_ACQUIRE), 1, "it did not wait");
    cgdt_native_port.unlock(&native);
    cr_assert_eq(pthread_join(waiting, NULL), 0);
    cr_assert_eq(native.locked, 0);
}

/* ---- poison ---- */

static const cgdt_desc_t *table; /* the page, read-only */

static void poisoned(void *ctx, uint32_t page, uint32_t slot_offset)
{
    struct kernel *kernel = ctx;

    kernel->poisonings++;
    kernel->all_poison = page == 0 && slot_offset == NATIVE_ENTRIES;
    for (uint32_t entry = 0; entry < 3 * NATIVE_ENTRIES; entry++) {
        const bool inside = entry / NATIVE_ENTRIES == 1;
        const cgdt_desc_t other = entry % NATIVE_ENTRIES == 1 ? NATIVE_DATA0 : 0;

        if (table[entry] != (inside ? CGDT_NATIVE_POISON : other))
            kernel->all_poison = false;
    }
}

static const struct cgdt_native_ops poison_ops = {.poisoned = poisoned};

/* The second of three slots is freed. */
static struct kernel free_the_middle(bool poison)
{
    struct cgdt_native native = native_two_maps();
    struct kernel kernel = {.poisonings = 0};

    native.ops = &poison_ops;
    native.ctx = &kernel;
    native.poison = poison;
    table = (const cgdt_desc_t *)native.alias;
    struct cgdt_pool *pool = native_open(&native, true);
    (void)native_alloc(pool);
    const cgdt_slot_t middle = native_alloc(pool);
    (void)native_alloc(pool);
    MUST(cgdt_free(pool, middle) == 0, "free");
    for (uint32_t entry = 0; entry < NATIVE_ENTRIES; entry++)
        MUST(table[NATIVE_ENTRIES + entry] == 0, "entry %u is left", entry);
    MUST(cgdt_check(pool, NULL) == 0, "check");
    return kernel;
}

Test(native, a_slot_that_is_freed_is_poison_for_a_moment_and_then_zero)
{
    const struct kernel kernel = free_the_middle(true);

    cr_assert_eq(kernel.poisonings, 1);
    cr_assert(kernel.all_poison);
}

Test(native, nothing_is_poisoned_unless_asked_for)
{
    cr_assert_eq(free_the_middle(false).poisonings, 0);
}

Test(native, writing_is_no_reason_to_poison)
{
    struct cgdt_native native = native_two_maps();
    struct kernel kernel = {.poisonings = 0};
    const cgdt_desc_t zeros[2] = {0, 0};

    native.ops = &poison_ops;
    native.ctx = &kernel;
    native.poison = true;
    struct cgdt_pool *pool = native_open(&native, true);
    cr_assert_eq(cgdt_write(pool, native_alloc(pool), 1, zeros, 2), 0);
    cr_assert_eq(kernel.poisonings, 0);
}

/* Not present, whatever else: no load of it can work. Decoded by hand. */
Test(native, poison_is_code_that_is_not_present)
{
    cr_assert_eq(CGDT_NATIVE_POISON >> 47 & 1, 0);
    cr_assert_eq(CGDT_NATIVE_POISON >> 43 & 3, 3);
}

/* What LGDT reads: 2 bytes of limit, then the base, without a gap. */
Test(native, the_gdtr_image_is_packed)
{
    const struct cgdt_gdtr_image image = {0x1122, (uintptr_t)0x66554433};
    const unsigned char wanted[] = {0x22, 0x11, 0x33, 0x44, 0x55, 0x66};

    cr_assert_eq(sizeof(image), 2 + sizeof(uintptr_t));
    cr_assert_eq(memcmp(&image, wanted, sizeof(wanted)), 0);
}
