/* SPDX-License-Identifier: MIT */
/*
 * Every documented error, and that a call which fails has changed nothing (the caller's mistakes).
 */
#include "fixture.h"

#define SLOTS 40

static void open_pool(struct fixture *fixture)
{
    fixture_prepare(fixture, 32, 2, SLOTS);
    fixture_open_live(fixture);
}

/* Init with the fixture's config as it stands, in memory of `bytes` bytes. */
static int try_init(struct fixture *fixture, size_t offset, size_t missing)
{
    static _Alignas(64) unsigned char memory[65536];
    static unsigned char before[65536];
    struct cgdt_pool *pool = NULL;
    struct fixture valid;

    fixture_prepare(&valid, 32, 2, SLOTS);
    const size_t bytes = cgdt_pool_bytes(&valid.config);
    memset(memory, 0x3c, sizeof(memory));
    memcpy(before, memory, sizeof(memory));
    const int result = cgdt_pool_init(&pool, memory + offset, bytes - missing, &fixture->config);
    MUST(result == 0 || pool == NULL, "a handle in spite of error %d", result);
    MUST(result == 0 || memcmp(before, memory, sizeof(memory)) == 0, "memory changed: %d", result);
    return result;
}

/* A config that must be refused by both functions that take one. */
static void refused(struct fixture *fixture, int error, const char *why)
{
    cr_expect(try_init(fixture, 0, 0) == error, "%s: %d", why, try_init(fixture, 0, 0));
    cr_expect(cgdt_pool_bytes(&fixture->config) == 0, "%s has a size", why);
}

Test(errors_init, each_bad_number_is_invalid)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 24, 2, SLOTS);
    refused(&fixture, -CGDT_EINVAL, "24 entries");
    fixture_prepare(&fixture, 32, 0, SLOTS);
    refused(&fixture, -CGDT_EINVAL, "window of no page");
    fixture_prepare(&fixture, 32, 15, SLOTS);
    refused(&fixture, -CGDT_EINVAL, "window over Xen's entries");
    fixture_prepare(&fixture, 32, 2, 0);
    refused(&fixture, -CGDT_EINVAL, "no CPU");
    fixture_prepare(&fixture, 32, 2, CGDT_MAX_SLOTS + 1);
    refused(&fixture, -CGDT_EINVAL, "too many CPUs");
    fixture_prepare(&fixture, 32, 2, 0xffffffff);
    refused(&fixture, -CGDT_EINVAL, "far too many CPUs");
    fixture_prepare(&fixture, 32, 2, SLOTS);
    fixture.config.profile = NULL;
    refused(&fixture, -CGDT_EINVAL, "no profile");
}

Test(errors_init, each_bad_template_is_refused)
{
    static const cgdt_desc_t null_used[] = {DATA3};
    static const cgdt_desc_t tss[] = {0, TSS64};
    static const cgdt_desc_t fine[40] = {0};
    struct fixture fixture;

    fixture_prepare(&fixture, 32, 2, SLOTS);
    fixture.config.template_descs = NULL;
    refused(&fixture, -CGDT_EINVAL, "NULL with entries");
    fixture.config.template_descs = fine;
    fixture.config.template_entries = 33;
    refused(&fixture, -CGDT_EINVAL, "longer than a slot");
    fixture.config.template_descs = tss;
    fixture.config.template_entries = 2;
    refused(&fixture, -CGDT_EILSEQ, "a TSS on Xen");
    fixture.config.template_descs = null_used;
    fixture.config.template_entries = 1;
    cr_assert_lt(try_init(&fixture, 0, 0), 0, "entry 0 must be zero without a common page");
}

Test(errors_init, each_missing_operation_is_invalid)
{
    for (int missing = 0; missing < 8; missing++) {
        struct cgdt_port port = strict_port;
        struct fixture fixture;

        fixture_prepare(&fixture, 32, 2, SLOTS);
        fixture.config.port = &port;
        missing == 0 ? (void)(port.map = NULL) : (void)0;
        missing == 1 ? (void)(port.seal = NULL) : (void)0;
        missing == 2 ? (void)(port.unseal = NULL) : (void)0;
        missing == 3 ? (void)(port.unmap = NULL) : (void)0;
        missing == 4 ? (void)(port.frame = NULL) : (void)0;
        missing == 5 ? (void)(port.live_write = NULL) : (void)0;
        missing == 6 ? (void)(port.lock = NULL) : (void)0;
        missing == 7 ? (void)(port.unlock = NULL) : (void)0;
        refused(&fixture, -CGDT_EINVAL, "an operation is missing");
    }
}

Test(errors_init, no_port_and_no_config_are_invalid)
{
    struct fixture fixture;
    struct cgdt_pool *pool = NULL;
    static _Alignas(64) unsigned char memory[64];

    fixture_prepare(&fixture, 32, 2, SLOTS);
    fixture.config.port = NULL;
    refused(&fixture, -CGDT_EINVAL, "no port");
    cr_assert_eq(cgdt_pool_init(&pool, memory, sizeof(memory), NULL), -CGDT_EINVAL);
    cr_assert_eq(cgdt_pool_bytes(NULL), 0);
}

Test(errors_init, a_serialized_pool_needs_no_lock)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 32, 2, SLOTS);
    fixture.config.port = &strict_port_lockless;
    refused(&fixture, -CGDT_EINVAL, "no lock");
    fixture.config.serialized = true;
    cr_assert_eq(try_init(&fixture, 0, 0), 0);
}

Test(errors_init, misaligned_or_short_memory_is_invalid)
{
    struct fixture fixture;

    fixture_prepare(&fixture, 32, 2, SLOTS);
    for (size_t offset = 1; offset < 64; offset++)
        cr_assert_eq(try_init(&fixture, offset, 0), -CGDT_EINVAL, "%zu", offset);
    for (size_t missing = 1; missing < 300; missing += 13)
        cr_assert_eq(try_init(&fixture, 0, missing), -CGDT_EINVAL, "%zu", missing);
    cr_assert_eq(try_init(&fixture, 0, 0), 0);
}

Test(errors_init, null_pointers_are_invalid)
{
    struct fixture fixture;
    struct cgdt_pool *pool = NULL;
    static _Alignas(64) unsigned char memory[65536];

    fixture_prepare(&fixture, 32, 2, SLOTS);
    cr_assert_eq(cgdt_pool_init(NULL, memory, sizeof(memory), &fixture.config), -CGDT_EINVAL);
    cr_assert_eq(cgdt_pool_init(&pool, NULL, sizeof(memory), &fixture.config), -CGDT_EINVAL);
}

/* Every call on one handle must give the same error, or one of two, and change nothing. */
static void bad_handle(struct fixture *fixture, cgdt_slot_t slot, int error, int or_error)
{
    const cgdt_desc_t in = DATA3;
    cgdt_desc_t out = 77;
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t n = 0, entries = 0;
    const int results[] = {
        cgdt_free(fixture->pool, slot),
        cgdt_write(fixture->pool, slot, 1, &in, 1),
        cgdt_read(fixture->pool, slot, 1, &out, 1),
        cgdt_frames(fixture->pool, slot, frames, &n, &entries),
    };

    for (size_t i = 0; i < COUNT_OF(results); i++)
        MUST(results[i] == error || results[i] == or_error, "handle %08x, call %zu: %d", slot, i,
             results[i]);
    MUST(out == 77, "a failed read wrote");
}

Test(errors_slot, no_slot_and_numbers_beyond_the_pool_do_not_exist)
{
    struct fixture fixture;
    struct snapshot before;
    const cgdt_slot_t none[] = {CGDT_NO_SLOT, 0x04000000, SLOTS + 1,  SLOTS + 2,
                                0x7fffffff,   0xffffffff, 0x40000000, 0x02000000};

    open_pool(&fixture);
    for (int i = 0; i < SLOTS; i++)
        (void)fixture_alloc(&fixture);
    snapshot_take(&before, &fixture);
    for (size_t i = 0; i < COUNT_OF(none); i++)
        bad_handle(&fixture, none[i], -CGDT_ENOENT, -CGDT_ENOENT);
    cr_assert(snapshot_same(&before, &fixture));
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(errors_slot, a_slot_that_nobody_owns_does_not_exist)
{
    struct fixture fixture;
    struct snapshot before;

    open_pool(&fixture);
    bad_handle(&fixture, 1, -CGDT_ENOENT, -CGDT_ENOENT); /* no page yet */
    (void)fixture_alloc(&fixture);
    snapshot_take(&before, &fixture);
    bad_handle(&fixture, 2, -CGDT_ENOENT, -CGDT_ENOENT);  /* same page, free */
    bad_handle(&fixture, 17, -CGDT_ENOENT, -CGDT_ENOENT); /* another page */
    cr_assert(snapshot_same(&before, &fixture));
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(errors_slot, a_double_free_is_stale)
{
    struct fixture fixture;
    struct snapshot before;

    open_pool(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    cr_assert_eq(cgdt_free(fixture.pool, slot), 0);
    snapshot_take(&before, &fixture);
    bad_handle(&fixture, slot, -CGDT_ESTALE, -CGDT_ESTALE);
    cr_assert(snapshot_same(&before, &fixture));
    fixture_close(&fixture);
}

Test(errors_slot, a_double_free_is_stale_after_the_page_has_left_too)
{
    struct fixture fixture;

    open_pool(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    cr_assert_eq(cgdt_free(fixture.pool, slot), 0);
    cr_assert_gt(cgdt_trim(fixture.pool), 0);
    cr_assert_eq(fixture_stats(&fixture).mapped_pages, 0);
    bad_handle(&fixture, slot, -CGDT_ESTALE, -CGDT_ESTALE);
    fixture_close(&fixture);
}

Test(errors_slot, a_handle_from_before_the_last_free_is_stale)
{
    struct fixture fixture;
    struct snapshot before;

    open_pool(&fixture);
    const cgdt_slot_t old = fixture_alloc(&fixture);
    cr_assert_eq(cgdt_free(fixture.pool, old), 0);
    const cgdt_slot_t new_ = fixture_alloc(&fixture);
    cr_assert_eq(new_, next_owner(old));
    snapshot_take(&before, &fixture);
    bad_handle(&fixture, old, -CGDT_ESTALE, -CGDT_ESTALE);
    cr_assert(snapshot_same(&before, &fixture));
    cr_assert_eq(cgdt_free(fixture.pool, new_), 0);
    fixture_close(&fixture);
}

Test(errors_slot, random_handles_never_hit_what_they_do_not_own)
{
    struct fixture fixture;
    struct snapshot before;
    uint64_t seed = 71;

    open_pool(&fixture);
    for (int i = 0; i < SLOTS; i++)
        (void)fixture_alloc(&fixture);
    for (cgdt_slot_t slot = 1; slot <= SLOTS; slot += 2)
        cr_assert_eq(cgdt_free(fixture.pool, slot), 0);
    snapshot_take(&before, &fixture);
    for (int i = 0; i < 200000; i++) {
        cgdt_slot_t slot = (cgdt_slot_t)next_random(&seed);

        if (i % 2)
            slot &= 0xfe00003fu;
        if ((slot & 1) == 0 && slot >= 2 && slot <= SLOTS)
            continue; /* one that is owned */
        bad_handle(&fixture, slot, -CGDT_ENOENT, -CGDT_ESTALE);
    }
    cr_assert(snapshot_same(&before, &fixture));
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

/*
 * On i386 that is 4 bytes: a local variable of a kernel whose stack is aligned to no more is good.
 */
Test(errors_slot, descriptors_that_are_aligned_as_their_type_are_taken)
{
    struct fixture fixture;
    _Alignas(16) unsigned char bytes[32] = {0};
    cgdt_desc_t *desc = (cgdt_desc_t *)(uintptr_t)((uintptr_t)bytes + _Alignof(cgdt_desc_t));

    open_pool(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    *desc = DATA3;
    cr_assert_eq(cgdt_write(fixture.pool, slot, 1, desc, 1), 0);
    *desc = 0;
    cr_assert_eq(cgdt_read(fixture.pool, slot, 1, desc, 1), 0);
    cr_assert_eq(*desc, DATA3);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(errors_slot, null_and_misaligned_descriptors_are_invalid)
{
    struct fixture fixture;
    struct snapshot before;
    _Alignas(8) unsigned char bytes[32] = {0};

    open_pool(&fixture);
    const cgdt_slot_t slot = fixture_alloc(&fixture);
    snapshot_take(&before, &fixture);
    cr_assert_eq(cgdt_write(fixture.pool, slot, 1, NULL, 1), -CGDT_EINVAL);
    cr_assert_eq(cgdt_read(fixture.pool, slot, 1, NULL, 1), -CGDT_EINVAL);
    for (size_t offset = 1; offset < _Alignof(cgdt_desc_t); offset++) {
        cgdt_desc_t *crooked = (cgdt_desc_t *)(uintptr_t)((uintptr_t)bytes + offset);

        cr_assert_eq(cgdt_write(fixture.pool, slot, 1, crooked, 1), -CGDT_EINVAL);
        cr_assert_eq(cgdt_read(fixture.pool, slot, 1, crooked, 1), -CGDT_EINVAL);
    }
    cr_assert(snapshot_same(&before, &fixture));
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(errors_pool, bulk_beyond_the_ceiling_takes_nothing_and_says_so)
{
    struct fixture fixture;
    struct snapshot before;
    cgdt_slot_t slots[SLOTS + 1];

    open_pool(&fixture);
    (void)fixture_alloc(&fixture);
    snapshot_take(&before, &fixture);
    memset(slots, 0xee, sizeof(slots));
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, SLOTS, slots), -CGDT_ENOSPC);
    for (int i = 0; i < SLOTS; i++)
        cr_assert_eq(slots[i], CGDT_NO_SLOT, "%d", i);
    memset(slots, 0xee, sizeof(slots));
    cr_assert_eq(cgdt_alloc_bulk(fixture.pool, SLOTS + 1, slots), -CGDT_ENOSPC);
    for (int i = 0; i <= SLOTS; i++)
        cr_assert_eq(slots[i], CGDT_NO_SLOT, "%d", i);
    cr_assert(snapshot_same_pages(&before, &fixture));
    cr_assert_eq(fixture_stats(&fixture).taken_slots, 1);
    fixture_free_all(&fixture);
    fixture_close(&fixture);
}

Test(errors_pool, frames_and_gdtr_belong_to_their_modes_and_to_the_live_phase)
{
    struct fixture fixture;
    struct cgdt_pseudo_descriptor gdtr = {0, 0};
    cgdt_frame_t frames[CGDT_MAX_FRAMES];
    uint32_t n = 99, entries = 99;

    fixture_prepare(&fixture, 32, 2, SLOTS);
    fixture_open(&fixture);
    cgdt_slot_t slot = fixture_alloc(&fixture);
    cr_assert_eq(cgdt_frames(fixture.pool, slot, frames, &n, &entries), -CGDT_EPERM);
    cr_assert_eq(n, 99);
    cr_assert_eq(cgdt_gdtr(fixture.pool, slot, &gdtr), -CGDT_ENOTSUP);
    fixture_free_all(&fixture);
    fixture_close(&fixture);

    fixture_prepare(&fixture, 32, 2, SLOTS);
    fixture_set_native(&fixture, CGDT_PROFILE_NATIVE32);
    fixture_open(&fixture);
    slot = fixture_alloc(&fixture);
    cr_assert_eq(cgdt_gdtr(fixture.pool, slot, &gdtr), -CGDT_EPERM);
    cr_assert_eq(cgdt_frames(fixture.pool, slot, frames, &n, &entries), -CGDT_ENOTSUP);
    cr_assert_eq(cgdt_seal(fixture.pool), 0);
    cr_assert_eq(cgdt_gdtr(fixture.pool, slot, &gdtr), 0);
    cr_assert_eq(cgdt_gdtr(fixture.pool, slot + 1, &gdtr), -CGDT_ENOENT);
    cr_assert_eq(cgdt_free(fixture.pool, slot), 0);
    cr_assert_eq(cgdt_gdtr(fixture.pool, slot, &gdtr), -CGDT_ESTALE);
    fixture_close(&fixture);
}

Test(errors_pool, looking_at_pages_and_windows_that_do_not_exist_is_invalid)
{
    struct fixture fixture;
    char text[16] = "untouched";
    uint64_t owned = 99;

    open_pool(&fixture);
    cr_assert_eq(cgdt_page_taken(fixture.pool, 3, &owned), -CGDT_EINVAL);
    cr_assert_eq(cgdt_page_taken(fixture.pool, 0xffffffff, &owned), -CGDT_EINVAL);
    cr_assert_eq(cgdt_describe(fixture.pool, 3, text, sizeof(text)), -CGDT_EINVAL);
    cr_assert_eq(cgdt_describe(fixture.pool, 0, text, sizeof(text)), -CGDT_EINVAL, "not mapped");
    cr_assert_eq(cgdt_check_window(fixture.pool, 2, NULL), -CGDT_EINVAL);
    cr_assert_eq(cgdt_check_window(fixture.pool, 0xffffffff, NULL), -CGDT_EINVAL);
    cr_assert_eq(cgdt_check_window(fixture.pool, 1, NULL), 0);
    fixture_close(&fixture);
}

Test(errors_text, every_code_has_a_sentence_negated_or_not)
{
    const int codes[] = {CGDT_OK,     CGDT_EPERM,  CGDT_ENOTSUP, CGDT_EINVAL,
                         CGDT_ERANGE, CGDT_EILSEQ, CGDT_ENOENT,  CGDT_ESTALE,
                         CGDT_EEXIST, CGDT_E2BIG,  CGDT_EAGAIN,  CGDT_EBUSY,
                         CGDT_ENOSPC, CGDT_ENOMEM, CGDT_EPROTO,  CGDT_EROFS};

    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        const char *text = cgdt_error_text(codes[i]);

        cr_assert(strcmp(text, "unknown error") != 0, "%d", codes[i]);
        cr_assert_str_eq(text, cgdt_error_text(-codes[i]));
        for (size_t j = 0; j < i; j++)
            cr_assert(strcmp(text, cgdt_error_text(codes[j])) != 0, "%d, %d", codes[i], codes[j]);
    }
}

Test(errors_text, any_other_code_is_unknown)
{
    const int others[] = {3, -3, 1000, 2147483647, -2147483647, -2147483647 - 1};

    for (size_t i = 0; i < COUNT_OF(others); i++)
        cr_assert_str_eq(cgdt_error_text(others[i]), "unknown error", "%d", others[i]);
}
