/* SPDX-License-Identifier: MIT */
/*
 * What a pool costs: at most 6 bytes per CPU plus 1 KiB at 16 or more colors; and the largest pool
 * there is.
 */
#define _GNU_SOURCE
#include <cgdt/cgdt.h>
#include <cgdt/port/fixed.h>

#include <sys/mman.h>

#include "must.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define PAGES_16M ((1u << 24) / 64) /* 2^24 slots of 8 entries: 1 GiB of descriptors */

static struct cgdt_config config_of(uint16_t slot_entries, uint32_t max_cpus)
{
    const struct cgdt_config config = {
        .struct_bytes = sizeof(struct cgdt_config),
        .profile = CGDT_PROFILE_XEN_PV64,
        .port = &cgdt_fixed_port,
        .layout = {.slot_entries = slot_entries,
                   .reserved_entry = CGDT_XEN_RESERVED_ENTRY,
                   .window_pages = 14},
        .max_cpus = max_cpus,
    };
    return config;
}

static void within_budget(uint32_t max_cpus)
{
    const uint16_t sizes[] = {8, 16, 32};

    for (size_t s = 0; s < COUNT_OF(sizes); s++)
        for (int serialized = 0; serialized < 2; serialized++) {
            struct cgdt_config config = config_of(sizes[s], max_cpus);

            config.serialized = serialized != 0;
            const size_t bytes = cgdt_pool_bytes(&config);
            MUST(bytes > 0 && bytes <= 6ull * max_cpus + 1024, "%u CPUs, %u entries: %zu bytes",
                 max_cpus, sizes[s], bytes);
        }
}

Test(budget, six_bytes_per_cpu_and_one_kibibyte_up_to_16777216_cpus)
{
    uint64_t seed = 101;

    for (uint32_t n = 1; n <= 20000; n++)
        within_budget(n);
    for (uint32_t power = 1; power <= 24; power++)
        for (uint32_t around = 0; around < 3; around++)
            if ((1u << power) - 1 + around <= CGDT_MAX_SLOTS)
                within_budget((1u << power) - 1 + around);
    for (int i = 0; i < 20000; i++)
        within_budget(1 + random_below(&seed, CGDT_MAX_SLOTS));
}

Test(budget, larger_slots_cost_no_more_than_24_bytes_per_page_and_the_tree)
{
    const uint16_t sizes[] = {64, 128, 256, 512};

    for (size_t s = 0; s < COUNT_OF(sizes); s++)
        for (uint32_t power = 0; power <= 24; power++) {
            const struct cgdt_config config = config_of(sizes[s], 1u << power);
            const uint64_t colors = 512u / sizes[s];
            const uint64_t pages = ((1u << power) + colors - 1) / colors;

            /* The tree above: a 63rd of the 8 bytes per page, and a word for each of 4 levels. */
            MUST(cgdt_pool_bytes(&config) <= (4ull << power) + 24 * pages + pages / 7 + 32 + 512,
                 "%u CPUs, %u entries", 1u << power, sizes[s]);
        }
}

static void must_hold(const struct cgdt_config *config)
{
    const uint32_t cpus = config->max_cpus;
    const uint32_t entries = config->layout.slot_entries;
    const size_t needed = cgdt_pool_bytes(config);
    const size_t constant = CGDT_POOL_BYTES(cpus, entries);

    MUST(needed != 0, "%u CPUs, %u entries: no size", cpus, entries);
    MUST(constant >= needed, "%u CPUs, %u entries: %zu < %zu", cpus, entries, constant, needed);
    MUST(constant - needed <= 512, "%u CPUs, %u entries: %zu, %zu", cpus, entries, constant,
         needed);
}

/* In all layouts and modes. */
static void constant_holds(uint32_t max_cpus)
{
    const uint16_t sizes[] = {8, 16, 32, 64, 128, 256, 512};

    for (size_t s = 0; s < COUNT_OF(sizes); s++)
        for (int serialized = 0; serialized < 2; serialized++) {
            struct cgdt_config config = config_of(sizes[s], max_cpus);

            config.serialized = serialized != 0;
            must_hold(&config);
            config.layout.window_pages = 1;
            must_hold(&config);
            config.layout.common = true;
            must_hold(&config);
            config.layout.common = false;
            config.layout.mode = CGDT_MODE_NATIVE;
            config.layout.reserved_entry = 0;
            config.profile = CGDT_PROFILE_NATIVE64;
            must_hold(&config);
        }
}

Test(budget, the_constant_is_enough_and_at_most_half_a_kibibyte_more)
{
    uint64_t seed = 102;

    for (uint32_t n = 1; n <= 5000; n++)
        constant_holds(n);
    for (uint32_t power = 1; power <= 24; power++)
        for (uint32_t around = 0; around < 3; around++)
            if ((1u << power) - 1 + around <= CGDT_MAX_SLOTS)
                constant_holds((1u << power) - 1 + around);
    for (int i = 0; i < 5000; i++)
        constant_holds(1 + random_below(&seed, CGDT_MAX_SLOTS));
}

Test(budget, the_constant_is_a_static_arrays_size)
{
    static _Alignas(CGDT_POOL_ALIGN) unsigned char memory[CGDT_POOL_BYTES(240, 32)];
    const struct cgdt_config config = config_of(32, 240);
    struct cgdt_pool *pool = NULL;

    cr_assert_eq(cgdt_pool_init(&pool, memory, sizeof(memory), &config), 0);
}

/* The largest there is, and with plain ints as arguments. */
_Static_assert(CGDT_POOL_BYTES(CGDT_MAX_SLOTS, 512) > 9u * CGDT_MAX_SLOTS,
               "a word of at least 4 bytes for each page, 4 for the directory, 1 for the owner");
_Static_assert(CGDT_POOL_BYTES(16777216, 512) == CGDT_POOL_BYTES(CGDT_MAX_SLOTS, 512u),
               "plain ints do, too");

Test(budget, more_cpus_never_cost_less)
{
    size_t last = 0;

    for (uint32_t n = 1; n <= 20000; n++) {
        const struct cgdt_config config = config_of(32, n);
        const size_t bytes = cgdt_pool_bytes(&config);

        MUST(bytes >= last, "%u CPUs", n);
        last = bytes;
    }
}

/* Pages of an array that is only reserved; its memory comes as pages are touched. */
static void *reserve_memory(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    cr_assert_neq(memory, MAP_FAILED);
    return memory;
}

static bool all_handles_are_next(const cgdt_slot_t *slots, uint32_t first, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (slots[i] != first + i + 1)
            return false;
    return true;
}

/* Every slot that a handle can name, taken page by page and freed one by one. */
Test(budget, all_16777216_slots_of_the_largest_pool, .disabled = SANITIZED)
{
    struct cgdt_fixed fixed = {.pages = reserve_memory((size_t)PAGES_16M * 4096),
                               .count = PAGES_16M};
    struct cgdt_config config = config_of(8, CGDT_MAX_SLOTS);
    struct cgdt_pool *pool = NULL;
    enum {
        CHUNK = 1 << 16
    };
    static cgdt_slot_t slots[CHUNK];
    cgdt_slot_t none = 99;

    config.port_ctx = &fixed;
    const size_t bytes = cgdt_pool_bytes(&config);
    void *memory = reserve_memory(bytes);
    cr_assert_eq(cgdt_pool_init(&pool, memory, bytes, &config), 0);
    cr_assert_eq(cgdt_seal(pool), 0);
    for (uint32_t first = 0; first < CGDT_MAX_SLOTS; first += CHUNK) {
        MUST(cgdt_alloc_bulk(pool, CHUNK, slots) == 0, "bulk from %u on", first);
        MUST(all_handles_are_next(slots, first, CHUNK), "handles from %u on", first);
    }
    cr_assert_eq(cgdt_alloc(pool, &none), -CGDT_ENOSPC);
    cr_assert_eq(none, CGDT_NO_SLOT);
    cr_assert_eq(cgdt_free(pool, CGDT_MAX_SLOTS), 0);
    cr_assert_eq(cgdt_alloc(pool, &none), 0);
    cr_assert_eq(none, CGDT_MAX_SLOTS + (1u << CGDT_SLOT_GENERATION_SHIFT));
    cr_assert_eq(cgdt_free(pool, none), 0);
    for (cgdt_slot_t slot = 1; slot < CGDT_MAX_SLOTS; slot++)
        MUST(cgdt_free(pool, slot) == 0, "free of %u", slot);
    cr_assert_eq(cgdt_pool_destroy(pool), 0);
}
