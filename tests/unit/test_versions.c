/* SPDX-License-Identifier: MIT */
/*
 * Programs and libraries of different versions: structs that begin with their size, and what is a
 * constant.
 */
#include <stddef.h>

#include "fixture.h"

#define WORD sizeof(uintptr_t)

/* As a later version might have them. */
struct later_config {
    struct cgdt_config now;
    uintptr_t later[3];
};

struct later_port {
    struct cgdt_port now;
    uintptr_t later[3];
};

struct later_stats {
    struct cgdt_pool_stats now;
    uintptr_t later[3];
};

/* A configuration and its port, both of a later version; nothing new in them is used. */
static struct later {
    struct fixture fixture;
    struct later_config config;
    struct later_port port;
} later;

static _Alignas(CGDT_POOL_ALIGN) unsigned char memory[CGDT_POOL_BYTES(64, 32)];

static void prepare_later(void)
{
    memset(&later, 0, sizeof(later));
    fixture_prepare(&later.fixture, 32, 2, 64);
    cr_assert(strict_open(&later.fixture.strict, 4, 2, false));
    faulty_open(&later.fixture.faulty, &strict_port, &later.fixture.strict);
    later.config.now = later.fixture.config;
    later.port.now = faulty_port;
    later.config.now.port = &later.port.now;
}

static int init_later(void)
{
    struct cgdt_pool *const none = (struct cgdt_pool *)(void *)&later;
    struct cgdt_pool *pool = none;
    const int result = cgdt_pool_init(&pool, memory, sizeof(memory), &later.config.now);

    MUST((result == 0) == (pool != none), "%d, and the handle", result);
    MUST((result == 0) == (cgdt_pool_bytes(&later.config.now) != 0), "%d, and its size", result);
    later.fixture.pool = pool;
    return result;
}

/* The pool is one that works: a slot with its template, and away again. */
static void use_and_close(void)
{
    cgdt_slot_t slot = 0;

    MUST(cgdt_seal(later.fixture.pool) == 0, "seal");
    MUST(cgdt_alloc(later.fixture.pool, &slot) == 0 && slot == 1, "alloc");
    MUST(strict_page(&later.fixture.strict, 0)[1] == CODE64, "template");
    MUST(cgdt_free(later.fixture.pool, slot) == 0, "free");
    MUST(cgdt_pool_destroy(later.fixture.pool) == 0, "destroy");
    MUST(later.fixture.strict.breaches == 0, "%s", later.fixture.strict.first_breach);
    strict_close(&later.fixture.strict);
}

/* Either struct's own size, and the code of an init with it. */
static int init_with_size(uint32_t *struct_bytes, size_t bytes)
{
    const uint32_t was = *struct_bytes;

    *struct_bytes = (uint32_t)bytes;
    const int result = init_later();
    *struct_bytes = was;
    return result;
}

Test(versions, a_config_smaller_than_the_first_that_had_a_size_is_invalid)
{
    prepare_later();
    later.config.now.template_entries = 0; /* nothing that is cut off is missed */
    for (size_t bytes = 0; bytes < sizeof(struct cgdt_config); bytes++)
        MUST(init_with_size(&later.config.now.struct_bytes, bytes) == -CGDT_EINVAL, "%zu", bytes);
    later.config.now.template_entries = later.fixture.config.template_entries;
    cr_assert_eq(init_later(), 0);
    use_and_close();
}

Test(versions, a_port_smaller_than_the_first_that_had_a_size_is_invalid)
{
    prepare_later();
    later.config.now.serialized =
        true; /* lock and unlock, which are cut off first, are not missed */
    for (size_t bytes = 0; bytes < sizeof(struct cgdt_port); bytes++)
        MUST(init_with_size(&later.port.now.struct_bytes, bytes) == -CGDT_EINVAL, "%zu", bytes);
    later.config.now.serialized = false;
    cr_assert_eq(init_later(), 0);
    use_and_close();
}

Test(versions, a_size_that_is_no_multiple_of_a_word_is_invalid)
{
    prepare_later();
    for (size_t more = 1; more < sizeof(later.config.later); more++) {
        const int wanted = more % WORD != 0 ? -CGDT_EINVAL : 0;

        MUST(init_with_size(&later.config.now.struct_bytes, sizeof(struct cgdt_config) + more) ==
                 wanted,
             "config, %zu more", more);
        MUST(init_with_size(&later.port.now.struct_bytes, sizeof(struct cgdt_port) + more) ==
                 wanted,
             "port, %zu more", more);
    }
    strict_close(&later.fixture.strict);
}

Test(versions, a_larger_config_whose_new_fields_are_zero_makes_a_pool)
{
    prepare_later();
    later.config.now.struct_bytes = sizeof(later.config);
    cr_assert_eq(init_later(), 0);
    use_and_close();
}

Test(versions, a_larger_port_whose_new_fields_are_zero_makes_a_pool)
{
    prepare_later();
    later.port.now.struct_bytes = sizeof(later.port);
    cr_assert_eq(init_later(), 0);
    use_and_close();
}

/* A field that is set is a wish that this library would not know of. */
Test(versions, a_larger_config_with_a_byte_that_is_not_zero_is_e2big)
{
    prepare_later();
    later.config.now.struct_bytes = sizeof(later.config);
    for (size_t i = 0; i < sizeof(later.config.later); i++) {
        ((unsigned char *)later.config.later)[i] = 1;
        MUST(init_later() == -CGDT_E2BIG, "byte %zu", i);
        ((unsigned char *)later.config.later)[i] = 0;
    }
    cr_assert_eq(init_later(), 0);
    use_and_close();
}

Test(versions, a_larger_port_with_a_byte_that_is_not_zero_is_e2big)
{
    prepare_later();
    later.port.now.struct_bytes = sizeof(later.port);
    for (size_t i = 0; i < sizeof(later.port.later); i++) {
        ((unsigned char *)later.port.later)[i] = 0x80;
        MUST(init_later() == -CGDT_E2BIG, "byte %zu", i);
        ((unsigned char *)later.port.later)[i] = 0;
    }
    cr_assert_eq(init_later(), 0);
    use_and_close();
}

Test(versions, what_lies_behind_a_struct_of_todays_size_is_not_looked_at)
{
    prepare_later();
    memset(later.config.later, 0xff, sizeof(later.config.later));
    memset(later.port.later, 0xff, sizeof(later.port.later));
    cr_assert_eq(init_later(), 0);
    use_and_close();
}

/* Counts that are not zero, so that what is missing shows. */
static void open_counted(struct fixture *fixture)
{
    fixture_prepare(fixture, 32, 2, 40);
    fixture_set_common(fixture);
    fixture_open_live(fixture);
    cr_assert_eq(cgdt_reserve(fixture->pool, 20), 0);
    (void)fixture_alloc(fixture);
}

Test(versions, an_older_programs_stats_get_what_they_have_room_for_and_no_byte_more)
{
    struct fixture fixture;

    open_counted(&fixture);
    const struct cgdt_pool_stats all = fixture_stats(&fixture);
    for (size_t bytes = 0; bytes <= sizeof(all); bytes += WORD) {
        unsigned char got[sizeof(all)];

        memset(got, 0xee, sizeof(got));
        cgdt_stats(fixture.pool, (struct cgdt_pool_stats *)(void *)got, bytes);
        MUST(memcmp(got, &all, bytes) == 0, "%zu bytes", bytes);
        for (size_t i = bytes; i < sizeof(got); i++)
            MUST(got[i] == 0xee, "%zu bytes: byte %zu was written", bytes, i);
    }
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(versions, a_later_programs_stats_are_zero_where_this_library_knows_nothing)
{
    struct fixture fixture;
    struct later_stats got;

    open_counted(&fixture);
    const struct cgdt_pool_stats all = fixture_stats(&fixture);
    memset(&got, 0xee, sizeof(got));
    cgdt_stats(fixture.pool, &got.now, offsetof(struct later_stats, later[2]));
    cr_assert_eq(memcmp(&got.now, &all, sizeof(all)), 0);
    cr_assert_eq(got.later[0], 0);
    cr_assert_eq(got.later[1], 0);
    for (size_t i = 0; i < WORD; i++)
        cr_assert_eq(((unsigned char *)&got.later[2])[i], 0xee);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(versions, the_version_number_rises_with_each_of_its_three_parts)
{
    cr_assert_eq(CGDT_VERSION_NUMBER % 1000, CGDT_VERSION_PATCH);
    cr_assert_eq(CGDT_VERSION_NUMBER / 1000 % 1000, CGDT_VERSION_MINOR);
    cr_assert_eq(CGDT_VERSION_NUMBER / 1000000, CGDT_VERSION_MAJOR);
}

#if !(CGDT_VERSION_NUMBER >= 2000 && CGDT_VERSION_NUMBER < 1000000000)
#error "CGDT_VERSION_NUMBER is of no use to #if, or older than 0.2.0"
#endif

/* A kernel's own descriptor, as packed as Linux's: aligned to 1. */
struct __attribute__((__packed__)) kernels_own {
    uint16_t limit0;
    uint16_t base0;
    uint16_t middle;
    uint8_t high;
    uint8_t base2;
};

_Static_assert(sizeof(struct kernels_own) == sizeof(cgdt_desc_t), "a descriptor");

#define OWN_DATA3                                                                                  \
    {                                                                                              \
        0xffff, 0, 0xf300, 0xcf, 0                                                                 \
    }

Test(kernels_own, a_packed_struct_is_a_template_without_a_cast)
{
    static _Alignas(8) const struct kernels_own own[2] = {{0, 0, 0, 0, 0}, OWN_DATA3};
    struct fixture fixture;

    fixture_prepare(&fixture, 32, 2, 40);
    fixture.config.template_descs = own;
    fixture.config.template_entries = 2;
    fixture_open_live(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    cr_assert_eq(fixture_slot(&fixture, slot)[1], DATA3);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(kernels_own, a_packed_struct_is_read_into_without_a_cast)
{
    _Alignas(8) struct kernels_own own = {0, 0, 0, 0, 0};
    struct fixture fixture;

    fixture_prepare(&fixture, 32, 2, 40);
    fixture_open_live(&fixture);
    cr_assert_eq(cgdt_read(fixture.pool, fixture_alloc(&fixture), 2, &own, 1), 0);
    cr_assert(own.limit0 == 0xffff && own.middle == 0xf300 && own.high == 0xcf);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(kernels_own, a_packed_struct_is_written_without_a_cast)
{
    _Alignas(8) const struct kernels_own own = OWN_DATA3;
    struct fixture fixture;

    fixture_prepare(&fixture, 32, 2, 40);
    fixture_set_common(&fixture);
    fixture_open_live(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 7, &own, 1), 0);
    cr_assert_eq(cgdt_write_common(fixture.pool, 9, &own, 1), 0);
    cr_assert_eq(fixture_slot(&fixture, slot)[7], DATA3);
    cr_assert_eq(strict_page(&fixture.strict, CGDT_COMMON_PAGE)[9], DATA3);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}
