/* SPDX-License-Identifier: MIT */
/*
 * The native port of kernels that map each page's alias by itself: where its pages come from, and
 * where they go.
 */
#include "aliased_setup.h"
#include "must.h"
#include "page_life.h"

static void *page_get(void *ctx, uint32_t page)
{
    MUST(ctx == &aliased_kernel && page < ALIASED_PAGES, "page %u", page);
    return aliased_kernel.gives;
}

static void page_put(void *ctx, uint32_t page, void *at)
{
    MUST(ctx == &aliased_kernel && page < ALIASED_PAGES, "page %u", page);
    aliased_kernel.given_back = at;
}

static const struct cgdt_native_ops page_ops = {
    .page_get = page_get, .page_put = page_put, .alias_get = aliased_get, .alias_put = aliased_put};

Test(native_aliased_pages, there_is_no_common_page)
{
    void *view = NULL;

    aliased_prepare(&aliased_ops);
    cr_assert_eq(cgdt_native_aliased_port.map(&aliased_native, CGDT_COMMON_PAGE, &view),
                 -CGDT_ENOTSUP);
}

Test(native_aliased_pages, the_array_ends_with_enomem)
{
    struct cgdt_pool *pool = aliased_open(&aliased_ops, true);
    cgdt_slot_t slot;

    aliased_native.page_count = 1;
    for (int i = 0; i < 16; i++)
        (void)aliased_alloc(pool);
    cr_assert_eq(cgdt_alloc(pool, &slot), -CGDT_ENOMEM);
}

Test(native_aliased_pages, a_kernels_page_goes_back_where_it_was_writable)
{
    struct cgdt_pool *pool = aliased_open(&page_ops, true);

    aliased_kernel.gives = aliased_kernel.writable + 8192;
    const cgdt_slot_t slot = aliased_alloc(pool);
    cr_assert_eq(aliased_base_of(pool, slot), (uintptr_t)aliased_place(0));
    cr_assert_eq(cgdt_native_aliased_writable(&aliased_native, cgdt_pool_layout(pool), slot),
                 (uintptr_t)aliased_kernel.writable + 8192);
    cr_assert_eq(cgdt_free(pool, slot), 0);
    cr_assert_eq(cgdt_trim(pool), 1);
    cr_assert_eq(aliased_kernel.given_back, aliased_kernel.writable + 8192);
}

Test(native_aliased_pages, a_kernel_without_a_page_is_enomem)
{
    void *view = NULL;

    aliased_prepare(&page_ops);
    cr_assert_eq(cgdt_native_aliased_port.map(&aliased_native, 0, &view), -CGDT_ENOMEM);
}

Test(native_aliased_pages, a_page_beyond_the_table_is_not_asked_for)
{
    void *view = NULL;

    aliased_prepare(&page_ops);
    aliased_kernel.gives = aliased_kernel.writable;
    cr_assert_eq(cgdt_native_aliased_port.map(&aliased_native, ALIASED_PAGES, &view), -CGDT_ENOMEM);
}

/* Nothing may be written to it: it is not the port's to write to. */
Test(native_aliased_pages, a_page_that_is_not_aligned_goes_back_at_once)
{
    void *view = NULL;

    aliased_prepare(&page_ops);
    aliased_kernel.gives = aliased_kernel.writable + 8;
    ((cgdt_desc_t *)(void *)aliased_kernel.writable)[1] = ALIASED_DATA0;
    cr_assert_eq(cgdt_native_aliased_port.map(&aliased_native, 0, &view), -CGDT_EPROTO);
    cr_assert_eq(aliased_kernel.given_back, aliased_kernel.gives);
    cr_assert_eq(((cgdt_desc_t *)(void *)aliased_kernel.writable)[1], ALIASED_DATA0);
    cr_assert_null(aliased_writable[0]);
}

Test(native_aliased_pages, one_page_given_twice_is_noticed)
{
    struct cgdt_pool *pool = aliased_open(&page_ops, true);
    struct cgdt_violation violation;

    aliased_kernel.gives = aliased_kernel.writable;
    for (int i = 0; i < 17; i++)
        (void)aliased_alloc(pool);
    cr_assert_eq(cgdt_check(pool, &violation), 1);
    cr_assert_eq(violation.reason, CGDT_FRAME_TWICE);
}

Test(native_aliased_pages, the_frame_is_the_same_while_private_and_while_sealed)
{
    for (uint32_t page = 0; page < ALIASED_PAGES; page++) {
        cgdt_frame_t private = 0, sealed = 0;
        void *view = NULL;

        if (page == 0)
            aliased_prepare(&aliased_ops);
        cr_assert_eq(cgdt_native_aliased_port.map(&aliased_native, page, &view), 0);
        cr_assert_eq(cgdt_native_aliased_port.frame(&aliased_native, page, view, &private), 0);
        cr_assert_eq(cgdt_native_aliased_port.seal(&aliased_native, page, &view), 0);
        cr_assert_eq(cgdt_native_aliased_port.frame(&aliased_native, page, view, &sealed), 0);
        cr_assert_eq(private, (uintptr_t)aliased_kernel.writable / 4096 + page);
        cr_assert_eq(sealed, private);
    }
}

Test(native_aliased_pages, an_operation_that_succeeds_says_0)
{
    aliased_prepare(&aliased_ops);
    page_life_of_successes(&cgdt_native_aliased_port, &aliased_native, CGDT_PROFILE_NATIVE64);
}
